"""How good the samples are, as far as the history says: the metric to trust, its best, whether it still improves."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from gansmith.doctor.history import History, Series
from gansmith.doctor.trends import Array, before, below, trailing

FEW = 5  # measurements a trend needs


@dataclass(frozen=True)
class Quality:
    """A metric as a cost. name: as people call it. values: as measured. cost: positive, lower is better, to be divided.

    For KID, which is about 0 for perfect samples, cost adds what its noise is worth; a metric of which more is better
    is turned over.
    """

    name: str
    values: Series
    cost: Series
    higher: bool = False

    @property
    def level(self) -> Array:
        """(m,) the cost, freed of single odd measurements: the median of three, looking back."""
        return trailing(self.cost.values, 3) if len(self.cost) >= 2 * FEW else self.cost.values

    @property
    def best(self) -> int:
        """The row of the best measurement."""
        return int(np.argmin(self.cost.values))

    def ratio(self) -> Array:
        """(m,) level over the best level so far: 1 at the best."""
        level = self.level
        return level / np.minimum.accumulate(level)

    def gained(self) -> float:
        """Share of the cost gone between the first measurement and the best level: 0 nothing, near 1 all."""
        return float(1 - self.level.min() / max(self.cost.values[0], 1e-300)) if len(self.cost) else 0.0


def quality(history: History) -> Quality | None:
    """The best metric there is: KID on averaged weights, the metric of a foreign log, the distance to held-out data."""
    for name, title in (
        ("eval/kid", "KID"),
        ("metric", str(history.data.get("metric", "metric"))),
        ("distance", "distance"),
    ):
        values = _finite(history.series(name))
        if len(values) < 2:
            continue
        higher = name == "metric" and history.data.get("better") == "high"
        if name == "eval/kid":
            floor = np.abs(_finite(history.series("eval/kid floor")).values)
            noise = max(
                float(np.median(floor[:3])) if len(floor) else 0.0, 0.02 * float(np.abs(values.values[:3]).max()), 1e-9
            )
            cost = np.maximum(values.values, 0.0) + noise
        elif higher:
            cost = 1 / np.maximum(values.values, 1e-3 * max(1e-9, float(values.values.max())))
        else:
            low = float(values.values.min())
            spread = float(np.ptp(values.values))
            cost = values.values + (0.0 if low > 0 else 0.1 * spread - low)
            cost = np.maximum(cost, 1e-12)
        return Quality(title, values, Series(values.seen, cost), higher)
    return None


def covered(history: History) -> Array:
    """(n,) coverage of the held-out data by samples over coverage by training data, the last measured; NaN if never."""
    coverage, floor = history.held("eval/coverage"), history.held("eval/coverage floor")
    floor = np.where(np.isnan(floor), 0.95, np.maximum(floor, 0.2))
    return np.clip(coverage / floor, 0.0, 1.5)


def poor(history: History) -> Array:
    """(n,) score of how poor the samples are: 1 where they cover six tenths of what they could, more below.

    Of foreign logs the metric: 1.5 where it is near its worst or half above its best, 0.3 where it is near its best and
    better than at first, 1 where nobody knows.
    """
    coverage = covered(history)
    if not np.isnan(coverage).all():
        return np.where(np.isnan(coverage), 1.0, below(np.maximum(coverage, 0.06), 0.6))
    found = quality(history)
    if found is None or not history.foreign:
        return np.ones(len(history))
    level = found.level
    ratio, first = found.ratio(), np.median(found.cost.values[: max(1, min(3, len(level) // 4))])
    state = np.where((ratio >= 1.5) | (level > 0.9 * first), 1.5, np.where(ratio < 1.3, 0.3, 1.0))
    state[: min(2, len(state))] = 1.0  # the first has nothing to compare with
    where = np.searchsorted(found.cost.seen, history.seen, side="right") - 1
    return np.where(where >= 0, state[np.maximum(where, 0)], 1.0)


def improving(history: History) -> NDArray[np.bool_]:
    """(n,) whether coverage rose by a tenth of itself within the last three evaluations."""
    points = history.series("eval/coverage")
    if not len(points):
        return np.zeros(len(history), bool)
    level = points.values
    rises = level > 1.1 * np.nan_to_num(before(level, 3), nan=np.inf)
    where = np.searchsorted(points.seen, history.seen, side="right") - 1
    return (where >= 0) & rises[np.maximum(where, 0)]


def _finite(series: Series) -> Series:
    return series.where(np.isfinite(series.values))
