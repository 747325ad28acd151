"""How good the samples are, as far as the history says: the metric to trust, its best, whether it still improves."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from gansmith.doctor.history import History, Series
from gansmith.doctor.trends import Array, above, below, highest, so_far, trailing

FEW = 5  # measurements a trend needs
HOPEFUL = 0.7  # a score too low for any alarm, and to keep one on
LATELY, CLEARLY = 3, 0.06  # evaluations, and the share by which one must beat all before
FALLING = 0.3  # orders of magnitude between two evaluations
PROOF = 4  # evaluations before a training is said to go nowhere; one less where they are rare
LITTLE = 0.15  # of the coverage there could be
FAR = 0.85  # of the distance at first


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
    """The best metric there is: KID on averaged weights, the metric of a foreign log, the distance to held-out data.

    Where most KIDs are no larger than chance makes them, as for points, coverage tells more, and is taken.
    """
    kid, floor = (_finite(history.series(name)) for name in ("eval/kid", "eval/kid floor"))
    if len(kid) >= 2:
        chance = max(1e-9, 2 * float(np.median(np.abs(floor.values[:3]))) if len(floor) else 0.0)
        if float(np.median(kid.values)) > chance or "eval/coverage" not in history:
            return Quality("KID", kid, Series(kid.seen, np.maximum(kid.values, 0.0) + chance))
    for name in ("eval/coverage", "metric", "distance"):
        values = _finite(history.series(name))
        if len(values) < 2:
            continue
        if name == "eval/coverage":
            return Quality("coverage", values, Series(values.seen, 1.05 - np.clip(values.values, 0.0, 1.0)), True)
        if name == "metric" and history.data.get("better") == "high":
            top = max(1e-9, float(values.values.max()))
            cost, higher = 1 / np.maximum(values.values, 1e-3 * top), True
        else:
            low, spread = float(values.values.min()), float(np.ptp(values.values))
            cost, higher = np.maximum(values.values + (0.0 if low > 0 else 0.1 * spread - low), 1e-12), False
        title = str(history.data.get("metric", "metric")) if name == "metric" else name
        return Quality(title, values, Series(values.seen, cost), higher)
    return None


def at_rows(history: History, points: Series, values: Array, unknown: float = np.nan) -> Array:
    """(n,) at each row of a history what was the case at the last of some `points` (m,); `unknown` before the first."""
    if not len(points):
        return np.full(len(history), unknown)
    at = np.searchsorted(points.seen, history.seen, side="right") - 1
    return np.where(at >= 0, values[np.maximum(at, 0)], unknown)


def covered(history: History) -> Array:
    """(n,) coverage by samples over that by held-out data: the better of the last two evaluations; NaN before any."""
    points, floor = history.series("eval/coverage"), history.held("eval/coverage floor")
    floor = np.where(np.isnan(floor), 0.95, np.maximum(floor, 0.2))
    return np.clip(at_rows(history, points, trailing(points.values, 2, highest)) / floor, 0.0, 1.5)


def poor(history: History) -> Array:
    """(n,) score of how poor the samples are: 1 where they cover six tenths of what they could, more below.

    At most HOPEFUL while they are getting better: nothing is wrong with a beginning. But where the distance to held-out
    samples is near what it was at first, or has doubled, they are poor whatever the rest says.

    Of foreign logs the metric: 1.5 where it is near its worst or half above its best, 0.3 where it is near its best and
    better than at first, 1 where nobody knows.
    """
    if history.foreign:
        return _by_metric(history)
    coverage = covered(history)
    if np.isnan(coverage).all() and "distance" not in history:
        return np.ones(len(history))
    score = np.where(np.isnan(coverage), HOPEFUL, below(np.maximum(coverage, 0.06), 0.6))
    return np.maximum(np.where(improving(history), np.minimum(score, HOPEFUL), score), astray(history))


def failing(history: History) -> Array:
    """(n,) score of a training that goes nowhere: 1 where it covers LITTLE of what it could, and is not improving.

    Whatever is the cause then need not be as clear as where samples are half good. 0 before a tenth of the budget.
    """
    if history.foreign:
        return np.zeros(len(history))
    covers = below(np.maximum(covered(history), 0.03), LITTLE)  # 0 before the first evaluation
    evaluated = history.series("eval/coverage").seen
    enough = PROOF - 1 if (evaluated[PROOF - 2 : PROOF - 1] >= 0.3 * history.length).any() else PROOF
    known = history.seen >= (evaluated[enough - 1] if len(evaluated) >= enough else np.inf)
    lost = np.where(improving(history) | ~known, np.minimum(covers, HOPEFUL), covers)
    far = np.where(np.isnan(covered(history)) | (covers >= 1), astray(history), 0.0)
    return np.where(history.seen >= 0.1 * history.length, np.maximum(lost, far), 0.0)


def astray(history: History) -> Array:
    """(n,) score of the distance to held-out samples: 1 at 0.85 of the first, or at twice the best, and not falling."""
    distance = trailing(history.held("distance"), 5)
    known = np.flatnonzero(np.isfinite(distance))
    if not len(known):
        return np.zeros(len(distance))
    first = float(distance[known[0]])
    best = so_far(distance, 0.0)
    score = np.maximum(above(distance, FAR * first), np.where(best < 0.7 * first, above(distance, 2 * best), 0.0))
    tenth = at_rows(history, Series(history.seen + 0.1 * history.length, best), best)  # the best a tenth ago
    falling = distance < 0.93 * tenth
    return np.where(falling | np.isnan(tenth), np.minimum(score, HOPEFUL), score)


def _by_metric(history: History) -> Array:
    found = quality(history)
    if found is None:
        return np.ones(len(history))
    level = found.level
    ratio, first = found.ratio(), np.median(found.cost.values[: max(1, min(3, len(level) // 4))])
    state = np.where((ratio >= 1.5) | (level > 0.9 * first), 1.5, np.where(ratio < 1.3, 0.3, 1.0))
    state[: min(2, len(state))] = 1.0  # the first has nothing to compare with
    return at_rows(history, found.cost, state, 1.0)


def improving(history: History) -> NDArray[np.bool_]:
    """(n,) whether KID or coverage had a new best, clearly better than before, within the last LATELY evaluations.

    KID counts by its orders of magnitude above chance: of samples that are nowhere near the data it is in the thousands
    and falls by itself. True before the second evaluation: there is nothing to compare with.
    """
    kid, coverage = history.series("eval/kid"), history.series("eval/coverage")
    floor = history.series("eval/kid floor")
    chance = max(1e-9, float(np.abs(floor.values[0])) if len(floor) else 0.0)
    orders = np.log10(1 + np.maximum(np.where(np.isfinite(kid.values), kid.values, 1e12), 0.0) / chance)
    lately = np.r_[0.0, np.diff(orders)] < -FALLING if len(orders) else orders
    better = at_rows(history, kid, np.maximum(_new_best(orders, CLEARLY * orders + 0.02), lately), 1.0)
    fuller = at_rows(history, coverage, _new_best(-coverage.values, np.full(len(coverage), 0.02)), 1.0)
    found: NDArray[np.bool_] = ((better > 0) & (len(kid) > 0)) | ((fuller > 0) & (len(coverage) > 0))
    return found


def _new_best(cost: Array, clearly: Array) -> Array:
    """(m,) 1 where a cost was brought down clearly within the last LATELY measurements, or there is only one."""
    found = np.ones(len(cost))
    for row in range(1, len(cost)):
        first = max(1, row + 1 - LATELY)
        best = int(np.argmin(cost[:first]))
        found[row] = cost[first : row + 1].min() < cost[best] - clearly[best]
    return found


def _finite(series: Series) -> Series:
    return series.where(np.isfinite(series.values))
