"""discriminator_overpowers: it sees through everything, and the generator has nothing left to learn from."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gansmith.doctor.ailment import Ailment, Told, rows
from gansmith.doctor.history import Array, History, Series
from gansmith.doctor.losses import D, G, against_coin, discriminator_wins, losses
from gansmith.doctor.quality import covered, failing, poor
from gansmith.doctor.trends import above, below, trailing

ERROR = 0.04  # share told wrong, of reals or of fakes
AHEAD, COIN_AHEAD, FASTER = 0.9, 0.68, 4.0  # share told right, of a coin's loss, times the generator's learning rate
MUCH_FASTER, NOTHING_COVERED = 20.0, 0.02  # times the generator's rate, and coverage that such a training may have
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
    unclear = np.where(_ahead(history), failing(history), 0.0)
    if faster_discriminator(history.settings) >= MUCH_FASTER:  # then it needs no long proof
        nothing = below(np.maximum(covered(history), 0.01), NOTHING_COVERED)
        unclear = np.maximum(unclear, np.where(history.seen >= 0.1 * history.length, nothing, 0.0))
    return rows(history, np.maximum(clear, unclear), "check/accuracy fake", "accuracy/fake")


def _ahead(history: History) -> NDArray[np.bool_]:
    """(n,) whether the discriminator is ahead by any sign: enough, where a training goes nowhere, to name it."""
    coin = against_coin(history)
    faster = faster_discriminator(history.settings) >= FASTER
    ahead: NDArray[np.bool_] = (_right(history) >= AHEAD) | (coin <= COIN_AHEAD) | (faster & ~(coin > 0.97))
    return ahead


def faster_discriminator(settings: Mapping[str, Any]) -> float:
    """The discriminator's learning rate over the generator's; 1 where nobody knows."""
    g_rate, d_rate = settings.get("lr"), settings.get("d_lr")
    known = isinstance(g_rate, int | float) and isinstance(d_rate, int | float) and g_rate > 0
    return float(d_rate) / float(g_rate) if known and d_rate is not None and g_rate is not None else 1.0


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
        f"The discriminator overpowers the generator: {_lead(history, right)}, and what it passes back no longer tells "
        "the generator how to become better. The samples stay poor."
    )
    return Told(evidence, words, confidence=0.85, severity=0.9)


def _lead(history: History, right: Array) -> str:
    """What shows that it is ahead, in words."""
    if len(right) and right[-1] >= AHEAD:
        return f"it is right about {right[-1]:.0%} of all samples"
    if (faster := faster_discriminator(history.settings)) >= FASTER:
        return f"it learns {faster:.0f} times as fast"
    return "its loss stays far below that of a coin toss"


DISCRIMINATOR_OVERPOWERS = Ailment("discriminator_overpowers", score, tell)
