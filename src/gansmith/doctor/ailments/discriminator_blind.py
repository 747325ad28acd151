"""discriminator_blind: it cannot tell real from fake although anybody else could, so it teaches nothing."""

from __future__ import annotations

import numpy as np

from gansmith.doctor.ailment import Ailment, Told, rows
from gansmith.doctor.history import Array, History, Series
from gansmith.doctor.losses import D, G, against_coin, at_chance, losses
from gansmith.doctor.quality import covered, failing, poor
from gansmith.doctor.trends import above, below, trailing

COIN_OFF, BEHIND = 0.08, 0.9  # of a coin's loss: next to it, and near it where the training goes nowhere
GUESSING = 0.06  # from one half: within it the discriminator tosses a coin


def balance(history: History) -> Array:
    """(n,) mean share told right of reals and fakes; 0.5 is guessing, or an equilibrium where samples are good."""
    real, fake = history.held("accuracy/real"), history.held("accuracy/fake")
    return trailing((real + fake) / 2, 3)


def score(history: History) -> Series:
    state = poor(history)
    if history.foreign:
        found = losses(history)
        chance = at_chance(found) if found else np.zeros(len(history))
        return Series(history.seen, np.where(state < 1, 0.3 * chance, chance))
    if np.isnan(covered(history)).all():
        return Series(
            history.seen, np.zeros(len(history))
        )  # an equilibrium looks the same: nobody measured the samples
    by_signs = below(np.maximum(np.abs(balance(history) - 0.5), 0.01), GUESSING)
    coin = against_coin(history)
    by_loss = below(np.maximum(1 - coin, 0.01), COIN_OFF)  # worse than a coin is as blind
    guessing = np.where(np.isnan(coin), by_signs, np.minimum(np.fmax(by_signs, by_loss), 2 * by_loss))
    behind = np.where(np.isnan(coin), 0.0, above(coin, BEHIND))
    unclear = np.minimum(failing(history), np.where(behind >= 1, np.maximum(behind, guessing), 0.0))
    return rows(history, np.maximum(np.minimum(guessing, state), unclear), "accuracy/fake")


def tell(history: History, onset: float) -> Told:
    names = ("accuracy/real", "accuracy/fake", "eval/coverage", D, G, "metric")
    evidence = {name: history.series(name).pairs() for name in names if name in history}
    if history.foreign:
        words = (
            "Both losses have stood at those of a tossed coin from the start and do not move: the discriminator has "
            "not learned to tell real from generated, so the generator learns nothing either."
        )
        return Told(evidence, words, confidence=0.65, severity=0.8)
    share = covered(history)
    words = (
        f"The discriminator is blind: it is right only {balance(history)[-1]:.0%} of the time, as if it tossed a coin, "
        f"although the samples cover only {share[-1]:.0%} of what they should. At an equilibrium they would be good."
    )
    return Told(evidence, words, confidence=0.8, severity=0.85)


DISCRIMINATOR_BLIND = Ailment("discriminator_blind", score, tell)
