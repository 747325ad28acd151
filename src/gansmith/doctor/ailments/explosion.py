"""explosion: losses or gradients that are not numbers any more, or run away by orders of magnitude."""

from __future__ import annotations

import numpy as np

from gansmith.doctor.ailment import Ailment, Told
from gansmith.doctor.history import Array, History, Series
from gansmith.doctor.losses import COIN, D, G
from gansmith.doctor.trends import above, so_far, trailing

WATCHED = ("discriminator/", "generator/", "gradient/", "logits/")
GRADIENTS = ("gradient/generator", "gradient/discriminator")
WAY_BEYOND = 50.0  # times the running median (Karras et al. 2020 skip such steps; here they must last)
RUNAWAY_LOSS = 1000.0  # times the discriminator's loss at the start
HUGE_LOSS, HUGE_GRADIENT = 60.0, 2000.0
SETTLED = 0.03  # of the budget: first steps may be wild
LONG = 2000  # lines from which medians of a hundredth of them are looked at for what grows
STEPS_SKIPPED = 3  # in a row of lines: the trainer rolls back after as many


def score(history: History) -> Series:
    """10 where something is not finite; gradients by 50 times their running median; losses by 1000 times the start."""
    broken = np.zeros(len(history), bool)
    for name, values in history.columns.items():
        if name.startswith(WATCHED):
            broken |= np.isinf(values)
    if history.foreign and broken[-1:].any():
        broken[-2:] = True  # a log that ends so: nobody waited for a second line
    worst = np.maximum(np.where(broken, 10.0, 0.0), np.maximum(_skipped(history), _monstrous(history)))
    rows = history if len(history) <= LONG else history.windows()
    at = np.searchsorted(rows.seen, history.seen, side="right") - 1
    return Series(history.seen, np.maximum(worst, np.where(at >= 0, _runs_away(rows)[np.maximum(at, 0)], 0.0)))


def _monstrous(history: History) -> Array:
    """Losses and gradients of a size that no objective with a coin's loss has: told by their units, not by a trend."""
    worst = np.zeros(len(history))
    if history.foreign or history.settings.get("objective") not in COIN:
        return worst
    late = history.seen > SETTLED * history.length
    for names, limit in (((D, G), HUGE_LOSS), (GRADIENTS, HUGE_GRADIENT)):
        for name in names:
            worst = np.maximum(worst, above(trailing(_size(history.held(name)), 5), limit))
    return np.where(late, worst, 0.0)


def _runs_away(history: History) -> Array:
    worst = np.zeros(len(history))
    for name in GRADIENTS:
        if name in history.columns:
            worst = np.maximum(worst, _beyond(history.columns[name], at_least=20.0))
    if D in history.columns:
        size = _size(history.columns[D])
        start = so_far(np.where(history.seen <= 0.2 * history.length, size, np.nan), 0.9)
        worst = np.maximum(worst, above(trailing(size, 3), RUNAWAY_LOSS * np.fmax(1.0, start)))
        worst = np.maximum(worst, _beyond(size, at_least=100.0))
    return worst


def _size(values: Array) -> Array:
    return np.abs(np.where(np.isfinite(values), values, np.nan))


def _beyond(values: Array, at_least: float) -> Array:
    """(n,) score of values beyond WAY_BEYOND times what was usual up to then."""
    size = _size(values)
    usual = so_far(size, 0.5)
    usual[: min(8, len(usual))] = np.nan  # too few to call anything usual
    return np.where(size >= at_least, above(size, WAY_BEYOND * np.maximum(usual, 1e-12)), 0.0)


def _skipped(history: History) -> Array:
    """Steps that were not taken because gradients were not finite, within the last ten lines."""
    total = np.nan_to_num(history.held("skipped"), posinf=0.0)
    if not len(total):
        return total
    lately = total - np.r_[np.zeros(min(10, len(total))), total[: max(0, len(total) - 10)]]
    return above(lately, float(STEPS_SKIPPED))


def tell(history: History, onset: float) -> Told:
    broken = {
        name: float(history.seen[np.flatnonzero(np.isinf(values))[0]])
        for name, values in history.columns.items()
        if name.startswith(WATCHED) and np.isinf(values).any()
    }
    evidence = {f"{name} not finite from": seen for name, seen in broken.items()}
    for name in (*GRADIENTS, D):
        if len(points := history.series(name)):
            evidence[name] = points.where(np.isfinite(points.values)).pairs()  # type: ignore[assignment]
    if broken:
        words = (
            f"The training broke down: {', '.join(sorted(broken)[:3])} became something that is not a number. "
            "Nothing computed from it afterwards means anything; the steps were too large, or a value overflowed."
        )
    else:
        words = (
            "The training runs away: losses or gradients grew to many times their usual size and stayed there. "
            "The steps are too large for the networks to find their way back."
        )
    return Told(evidence, words, confidence=0.97 if broken else 0.8, severity=1.0 if broken else 0.8)


EXPLOSION = Ailment("explosion", score, tell, need=2, of=3, early=True, raw=True)
