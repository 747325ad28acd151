"""Small arithmetic on curves that looks only back: what a row gets depends on no later row."""

from __future__ import annotations

from bisect import insort
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]

MOST = 10.0  # scores are cut here: ten times the limit is as bad as a thousand times


def above(values: Array, limit: float | Array) -> Array:
    """values / limit as a score: 1 at the limit, more beyond it; 0 where unknown or negative."""
    with np.errstate(all="ignore"):
        return np.clip(np.nan_to_num(values / limit, nan=0.0, posinf=MOST, neginf=0.0), 0.0, MOST)


def below(values: Array, limit: float | Array) -> Array:
    """limit / values as a score: 1 at the limit, more below it, the most where not positive; 0 where unknown."""
    with np.errstate(all="ignore"):
        score = np.where(values > 0, limit / np.where(values > 0, values, 1.0), MOST)
    return np.where(np.isnan(values) | np.isinf(values), 0.0, np.clip(score, 0.0, MOST))


def medians(frames: Array) -> Array:
    """(m,) the median of what is known in each row of (m, width); NaN where nothing is."""
    ranked, known = np.sort(frames, axis=1), (~np.isnan(frames)).sum(axis=1)  # NaN sorts last
    rows = np.arange(len(frames))
    last = np.maximum(known - 1, 0)
    return 0.5 * (ranked[rows, last // 2] + ranked[rows, np.minimum(known // 2, last)])


def trailing(values: Array, width: int, how: Callable[[Array], Array] = medians) -> Array:
    """how((m, width)) of the last `width` rows at each row, the unknown before the first row being NaN."""
    if not len(values):
        return values
    padded = np.r_[np.full(width - 1, np.nan), values]
    return how(np.lib.stride_tricks.sliding_window_view(padded, width))


def means(frames: Array) -> Array:
    """(m,) the mean of what is known in each row of (m, width); NaN where nothing is."""
    known = ~np.isnan(frames)
    return np.where(known, frames, 0.0).sum(axis=1) / np.where(known.any(axis=1), known.sum(axis=1), np.nan)


def highest(frames: Array) -> Array:
    """(m,) the largest known of each row of (m, width); NaN where nothing is."""
    return np.fmax.reduce(frames, axis=1)


def lowest(frames: Array) -> Array:
    """(m,) the smallest known of each row of (m, width); NaN where nothing is."""
    return np.fmin.reduce(frames, axis=1)


def so_far(values: Array, share: float) -> Array:
    """The quantile (share 0..1) of everything known up to each row; NaN before the first."""
    ranked: list[float] = []
    found = np.full(len(values), np.nan)
    for row, value in enumerate(values):
        if value == value:
            insort(ranked, float(value))
        if ranked:
            found[row] = ranked[round(share * (len(ranked) - 1))]
    return found


def before(values: Array, rows: int) -> Array:
    """The values that many rows earlier; NaN at the start."""
    return np.r_[np.full(min(rows, len(values)), np.nan), values[: max(0, len(values) - rows)]]


def sustained(scores: Array, need: int, of: int) -> Array:
    """What `need` of the last `of` scores reach at each row: alarms that one odd measurement cannot raise."""
    if not len(scores):
        return scores
    padded = np.r_[np.zeros(of - 1), scores]
    frames = np.lib.stride_tricks.sliding_window_view(padded, of)
    return np.sort(frames, axis=1)[:, of - need]


@dataclass(frozen=True)
class Swing:
    """A dominant oscillation. strength: 0..1, how much of the curve it explains. period: in rows.

    growth: amplitude of the later half over that of the earlier. size: amplitude of the later half over the curve's
    middle.
    """

    strength: float = 0.0
    period: float = 0.0
    growth: float = 1.0
    size: float = 0.0


@cache
def _parabolas(count: int) -> Array:
    """(count, 3) an orthonormal basis of all parabolas over so many rows."""
    return np.linalg.qr(np.vander(np.linspace(-1, 1, count), 3))[0]


def swing(values: Array) -> Swing:
    """The oscillation of an even curve, freed of its trend: from the first peak of its autocorrelation past a trough.

    The strength is the lesser of peak and trough: noise and wandering have one without the other.
    """
    count = len(values)
    if count < 16 or not np.isfinite(values).all():
        return Swing()
    trend = _parabolas(count)
    rest = values - trend @ (trend.T @ values)
    power = float(rest @ rest)
    if power <= 1e-18 * max(1.0, float(values @ values)):
        return Swing()
    lags = count // 3
    overlap = np.correlate(rest, rest, "full")[count - 1 : count + lags]
    echo = overlap / power * count / (count - np.arange(lags + 1))
    negative = np.flatnonzero(echo < 0)
    if not len(negative) or negative[0] + 1 >= lags:
        return Swing()
    lag = int(negative[0] + np.argmax(echo[negative[0] :]))
    strength = float(np.clip(min(echo[lag], -1.2 * echo[:lag].min()), 0.0, 1.0))
    if lag < 3 or strength < 0.1:
        return Swing()
    early, late = float(rest[: count // 2].std()), float(rest[count // 2 :].std())
    middle = max(1e-12, float(np.median(np.abs(values))))
    return Swing(strength, float(lag), late / max(1e-12, early), 2**0.5 * late / middle)
