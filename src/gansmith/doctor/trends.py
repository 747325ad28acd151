"""Small arithmetic on curves that looks only back: what a row gets depends on no later row."""

from __future__ import annotations

from bisect import insort
from collections.abc import Callable

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


def trailing(values: Array, width: int, how: Callable[..., Array] = np.nanmedian) -> Array:
    """how (a NaN-proof mean, median, maximum ...) of the last `width` rows at each row; NaN where all are unknown."""
    if not len(values):
        return values
    padded = np.r_[np.full(width - 1, np.nan), values]
    frames = np.lib.stride_tricks.sliding_window_view(padded, width)
    known = ~np.isnan(frames).all(axis=1)
    found = np.full(len(values), np.nan)
    if known.any():
        found[known] = how(frames[known], axis=1)
    return found


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


def swing(values: Array) -> tuple[float, float, float]:
    """(strength 0..1 of the dominant oscillation, its period in rows, growth of its amplitude) of an even curve.

    Strength: the autocorrelation of the detrended curve at its first peak past a trough, halved where it does not
    return one period later. Growth: amplitude of the later half over that of the earlier. (0, 0, 1) without any.
    """
    count = len(values)
    if count < 16 or not np.isfinite(values).all():
        return 0.0, 0.0, 1.0
    at = np.linspace(-1, 1, count)
    rest = values - np.polyval(np.polyfit(at, values, 2), at)
    power = float(rest @ rest)
    if power <= 1e-18 * max(1.0, float(values @ values)):
        return 0.0, 0.0, 1.0
    lags = count // 3
    echo = np.array([rest[: count - lag] @ rest[lag:] / power * count / (count - lag) for lag in range(lags + 1)])
    negative = np.flatnonzero(echo < 0)
    if not len(negative) or negative[0] + 1 >= lags:
        return 0.0, 0.0, 1.0
    lag = int(negative[0] + np.argmax(echo[negative[0] :]))
    strength = float(np.clip(echo[lag], 0.0, 1.0))
    if lag < 3 or strength < 0.1:
        return 0.0, 0.0, 1.0
    half = count // 2
    growth = float(rest[half:].std() / max(1e-12, float(rest[:half].std())))
    return strength, float(lag), growth
