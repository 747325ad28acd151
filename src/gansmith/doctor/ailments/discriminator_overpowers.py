"""discriminator_overpowers: it sees through everything, and the generator has nothing left to learn from."""

from __future__ import annotations

import numpy as np

from gansmith.doctor.ailment import Ailment, Told, rows
from gansmith.doctor.history import Array, History, Series
from gansmith.doctor.losses import D, G, against_coin, discriminator_wins, losses
from gansmith.doctor.quality import failing, poor
from gansmith.doctor.trends import above, below, trailing

ERROR = 0.04  # share told wrong, of reals or of fakes
AHEAD = 0.9  # share told right from which it is at least ahead, where the training goes nowhere
COIN_LEFT = 0.15  # of a coin's loss: where logits share an offset, their signs say nothing
GAP = 10.0  # between the mean logits: odds of 20 000 to 1
STARVED = 0.1  # of the slope that reached the fakes at first (Arjovsky & Bottou 2017: it vanishes)
UNPROVEN = 0.9  # what losses are worth that no metric confirms
LOST = 3.0  # times the generator's loss at first


def score(history: History) -> Series:
    if history.foreign:
        found = losses(history)
        won = discriminator_wins(found) if found else np.zeros(len(history))
        right = _right(history)
        if not np.isnan(right).all():  # a log that has accuracies: they must agree
            won = np.where(right > 0.95, won, 0.3 * won)
        state = poor(history)
        return Series(history.seen, won * np.where(state < 1, 0.3, np.where(state > 1, 1.5, UNPROVEN)))
    by_signs = below(np.maximum(1 - _right(history), 0.004), ERROR)
    sure = np.maximum(by_signs, below(np.maximum(against_coin(history), 0.01), COIN_LEFT))
    clear = np.minimum(np.minimum(sure, np.maximum(_gap(history), _stuck(history))), poor(history))
    ahead = np.maximum(above(_right(history), AHEAD), below(np.maximum(against_coin(history), 0.01), 1 - AHEAD / 2))
    unclear = np.minimum(failing(history), np.where(ahead >= 1, np.maximum(ahead, sure), 0.0))
    return rows(history, np.maximum(clear, unclear), "check/accuracy fake", "accuracy/fake")


def _right(history: History) -> Array:
    """(n,) share told right of the worse told side."""
    sides = []
    for side, checked in (("real", "train"), ("fake", "fake")):
        fact = history.held(f"accuracy/{side}")
        check = history.held(f"check/accuracy {checked}")
        sides.append(trailing(np.where(np.isnan(fact), check, fact), 3))
    return np.minimum(*sides)


def _gap(history: History) -> Array:
    if history.settings.get("objective") == "wasserstein":
        return np.zeros(len(history))  # its logits have no scale
    return above(history.held("logits/real") - history.held("logits/fake"), GAP)


def _stuck(history: History) -> Array:
    """The slope that reaches the fakes has all but vanished, or the generator's loss is far above its start."""
    slope, loss = trailing(history.held("check/slope"), 3), trailing(history.held(G), 3)
    return np.maximum(below(slope, STARVED * _first(slope)), above(loss, LOST * _first(loss, at_least=0.7)))


def _first(values: Array, at_least: float = 0.0) -> float:
    """The middle of the first five known."""
    known = values[np.isfinite(values)][:5]
    return max(at_least, float(np.median(known))) if len(known) else np.nan


def tell(history: History, onset: float) -> Told:
    names = (D, G, "accuracy/real", "accuracy/fake", "check/slope", "logits/real", "logits/fake", "metric")
    evidence = {name: history.series(name).pairs() for name in names if name in history}
    right = _right(history)
    if history.foreign and (not len(right) or np.isnan(right[-1])):
        words = (
            "The discriminator overpowers the generator: its loss is next to nothing while the generator's is large "
            "and does not come down. It sees through everything, so the generator hardly learns any more. "
        )
        sure = "metric" in history
        words += "The metric agrees." if sure else "Losses alone cannot prove it: look at the samples."
        return Told(evidence, words, confidence=0.8 if sure else 0.6, severity=0.85)
    words = (
        f"The discriminator overpowers the generator: it is right about {right[-1]:.0%} of all samples, and what it "
        "passes back no longer tells the generator how to become better. The samples stay poor."
    )
    return Told(evidence, words, confidence=0.85, severity=0.9)


DISCRIMINATOR_OVERPOWERS = Ailment("discriminator_overpowers", score, tell)
