"""mode_collapse: the generator makes the same few things again and again, wholly or in part.

Whole collapse shows in the diversity of a batch (Karras et al. 2018 watch MS-SSIM), partial collapse in samples that
look right but cover little of the data (coverage and precision, Naeem et al. 2020).
"""

from __future__ import annotations

import numpy as np

from gansmith.doctor.ailment import Ailment, Told, rows
from gansmith.doctor.history import Array, History, Series
from gansmith.doctor.losses import G, generator_wins, losses
from gansmith.doctor.quality import HOPEFUL, at_rows, covered, failing, improving, poor, quality
from gansmith.doctor.trends import before, below, so_far, trailing

DIVERSITIES = ("check/diversity pixels", "check/diversity features")
SEEN = (*DIVERSITIES, "eval/coverage")
DIVERSE, COVERED, PRECISE = 0.5, 0.55, 0.3
BEGINNING = 0.33  # of the budget
JUMP = 2.0  # times its best to which a metric jumps when a generator falls into one mode


def score(history: History) -> Series:
    if history.foreign:
        return Series(history.seen, _from_losses(history))
    whole = _whole(history)
    unclear = np.minimum(failing(history), 1.4 * whole)
    clear = np.maximum(whole, np.maximum(_partial(history), _lost(history)))
    return rows(history, np.maximum(clear, unclear), *SEEN)


def _whole(history: History) -> Array:
    """The more diverse of pixels and features, against half of the reals' diversity; half of it while it recovers.

    Every training begins with little diversity: so half of it, too, before a third is over and it was ever diverse.
    """
    measured = np.stack([history.held(name) for name in DIVERSITIES])
    diversity = np.fmax.reduce(measured, axis=0)
    recovering = diversity > 1.3 * np.nan_to_num(before(diversity, 5), nan=np.inf)
    beginning = (history.seen < BEGINNING * history.length) & (so_far(diversity, 1.0) < 1.2 * DIVERSE)
    return below(np.maximum(diversity, 0.05), DIVERSE) * np.where(recovering | beginning, 0.5, 1.0)


def _partial(history: History) -> Array:
    """Little covered by samples that are themselves right, and not getting better."""
    points = history.series("eval/precision")
    right = np.nan_to_num(at_rows(history, points, trailing(points.values, 3))) / PRECISE
    few = np.minimum(below(np.maximum(covered(history), 0.055), COVERED), right)
    return np.where(improving(history), np.minimum(few, HOPEFUL), few)


def _lost(history: History) -> Array:
    """Coverage that has fallen to less than half of what it was."""
    coverage = covered(history)
    best = so_far(coverage, 1.0)
    return np.where(best >= 0.3, below(np.maximum(coverage, 0.05 * best), 0.5 * best), 0.0)


def _from_losses(history: History) -> Array:
    """A generator that always wins, or a metric that jumps up and stays there."""
    found = losses(history)
    won = generator_wins(found) if found else np.zeros(len(history))
    won = np.where(poor(history) < 1, 0.3 * won, won)
    metric = quality(history)
    if metric is None or len(metric.cost) < 6:
        return won
    level = metric.level
    jumped = np.where(np.minimum.accumulate(level) * JUMP <= level, level / np.minimum.accumulate(level) / JUMP, 0.0)
    lately = before(level, max(2, len(level) // 10))
    sudden = _held_since(level > 1.6 * lately, jumped >= 1)
    return np.maximum(won, at_rows(history, metric.cost, jumped * sudden, 0.0))


def _held_since(begun: np.ndarray, lasting: np.ndarray) -> np.ndarray:
    """True from where `begun` is, for as long as `lasting` holds."""
    on, states = False, np.zeros(len(begun), bool)
    for row in range(len(begun)):
        on = bool(lasting[row] and (on or begun[row]))
        states[row] = on
    return states


def tell(history: History, onset: float) -> Told:
    if history.foreign:
        return _tell_losses(history)
    evidence = {name: history.series(name).pairs() for name in (*SEEN, "eval/precision") if name in history}
    diversity = [float(points.values[-1]) for name in DIVERSITIES if len(points := history.series(name))]
    if diversity and max(diversity) < DIVERSE:
        words = (
            "Mode collapse: whatever the latent, the generator makes nearly the same thing. Its samples differ from "
            f"each other {max(diversity):.0%} as much as real ones do. It found something the discriminator lets pass "
            "and gave up the rest."
        )
        return Told(evidence, words, confidence=0.92, severity=0.95)
    share = covered(history)
    words = (
        "Partial mode collapse: single samples look right, but whole kinds of real data are never made. "
        f"The samples cover {float(share[-1]) if len(share) else 0:.0%} of what they should."
    )
    return Told(evidence, words, confidence=0.75, severity=0.75)


def _tell_losses(history: History) -> Told:
    found, metric = losses(history), quality(history)
    evidence = {name: history.series(name).pairs() for name in (G, "discriminator/loss", "metric") if name in history}
    if found and float(np.max(sustained_tail(generator_wins(found)))) >= 1:
        words = (
            "The generator's loss has fallen to next to nothing while the discriminator's stays high: whatever the "
            "generator makes is taken for real. That is how a collapse onto one kind of sample looks in the losses; "
            "look at the samples, and measure their variety."
        )
        return Told(evidence, words, confidence=0.55 if metric is None else 0.75, severity=0.7)
    words = (
        "The metric jumped up and stayed there, as it does when a generator suddenly loses most of its variety. "
        "Look at the samples from before and after."
    )
    return Told(evidence, words, confidence=0.65, severity=0.9)


def sustained_tail(scores: Array) -> Array:
    return scores[-max(1, len(scores) // 20) :]


MODE_COLLAPSE = Ailment("mode_collapse", score, tell)
