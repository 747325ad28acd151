"""What the losses alone can say, for logs of other tools: scales are read from the log, never taken for granted.

Logistic, least-squares and hinge losses of a discriminator cannot fall below 0, and 0 means that it is always right;
a Wasserstein critic's can, and nothing follows from its sign. Whoever is far from 0 at the start sets the scale.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from gansmith.doctor.history import History
from gansmith.doctor.trends import Array, above, before, below, trailing

D, G = "discriminator/loss", "generator/loss"
CHANCE = math.log(2)  # logistic loss of a coin


COIN = {  # a discriminator's loss when it tosses a coin, by objective
    "minimax": 2 * CHANCE,
    "non-saturating": 2 * CHANCE,
    "least-squares": 0.5,
    "hinge": 2.0,
    "relativistic": CHANCE,
    "relativistic-average": 2 * CHANCE,
}


def against_coin(history: History) -> Array:
    """(n,) the discriminator's loss over that of a tossed coin, median of three; NaN for objectives without one."""
    coin = COIN.get(str(history.settings.get("objective")), np.nan)
    return trailing(_known(history.held(D)), 3) / coin


@dataclass(frozen=True)
class Losses:
    """d, g: (n,) medians of three. d_first, g_first: their sizes at the start. bounded: neither is ever negative."""

    d: Array
    g: Array
    d_first: float
    g_first: float
    bounded: bool


def losses(history: History) -> Losses | None:
    """Both losses of a history; None where one is missing or there are fewer than 8 rows."""
    d, g = (_known(history.held(name)) for name in (D, G))
    if len(history) < 8 or np.isnan(d).all() or np.isnan(g).all():
        return None
    early = max(3, int(np.searchsorted(history.seen, 0.1 * history.length)))
    return Losses(
        trailing(d, 3),
        trailing(g, 3),
        _at_first(np.abs(d[:early])),
        float(np.nanmedian(np.abs(g[:early]))) if not np.isnan(g[:early]).all() else 1.0,
        bool(np.nanmin(d) >= -1e-6 and np.nanmin(g) >= -1e-6),
    )


def _at_first(sizes: Array) -> float:
    """The largest of the first, since it may fall within a few steps; but no leap beyond what losses begin with."""
    known = sizes[~np.isnan(sizes)]
    return min(float(known.max()), max(2.0, float(np.median(known)))) if len(known) else 0.0


def discriminator_wins(found: Losses) -> Array:
    """(n,) score: the discriminator's loss is next to nothing and the generator's large or climbing; 1 is doubtful.

    A loss of 0.02 alone is no ailment: healthy trainings have spent all their time there.
    """
    if not found.bounded:
        return np.zeros(len(found.d))
    sure = below(np.maximum(found.d, 1e-9), 0.02 * found.d_first)
    level = trailing(found.g, max(3, len(found.g) // 6))
    settled = np.where(np.arange(len(level)) >= len(level) // 10, level, np.nan)
    climbing = np.minimum(above(level, 4.0), above(level, 1.4 * before(settled, max(3, len(level) // 3))))
    lost = np.maximum(above(level, 8.0), climbing)
    scale = max(0.25, found.g_first)
    squares = (
        (np.abs(found.g - 1.0) < 0.15) & (scale < 0.85) & (found.d_first < 1.2)
    )  # least squares: 1 is "all seen through"
    return np.minimum(sure, np.where(squares, 1.5, lost))


def generator_wins(found: Losses) -> Array:
    """(n,) score: the generator's loss is next to nothing and the discriminator's above where it began."""
    if not found.bounded:
        return np.zeros(len(found.d))
    fooled = below(np.maximum(found.g, 1e-9), 0.05 * found.g_first)
    return np.minimum(fooled, above(found.d, 1.2 * min(found.d_first, 2 * CHANCE + 0.1)))


def at_chance(found: Losses) -> Array:
    """(n,) score: both losses have stood at those of a tossed coin ever since the start, without a tremor."""
    if not found.bounded:
        return np.zeros(len(found.d))
    off = (
        np.minimum(np.abs(found.d - CHANCE), np.abs(found.d - 2 * CHANCE)) / CHANCE + np.abs(found.g - CHANCE) / CHANCE
    )
    worst = np.maximum.accumulate(np.where(np.arange(len(off)) < max(3, len(off) // 10), 0.0, np.nan_to_num(off)))
    return below(np.maximum(worst, 0.002), 0.02)


def _known(values: Array) -> Array:
    """Without infinities, which are the business of explosion alone."""
    return np.where(np.isfinite(values), values, np.nan)
