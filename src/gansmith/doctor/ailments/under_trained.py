"""under_trained: it ended while the samples were still getting better. Advice, not an illness."""

from __future__ import annotations

from typing import Any

import numpy as np

from gansmith.doctor.ailment import Ailment, Told
from gansmith.doctor.history import NOTHING, History, Series
from gansmith.doctor.quality import FEW, quality

GAIN = 0.2  # of the cost that went within the last quarter
SURE = 2.5  # standard errors by which the slope of the last third must differ from level


def score(history: History) -> Series:
    """At the end of a training: what the last quarter still gained, over GAIN; nothing before the end."""
    found = quality(history)
    if found is None or len(found.cost) < 2 * FEW or not history.ended or history.kept or found.name == "distance":
        return NOTHING
    level, seen = found.level, found.cost.seen
    late = int(np.searchsorted(seen, 0.75 * history.length))
    tail = slice(int(np.searchsorted(seen, 0.6 * history.length)), None)
    if late in (0, len(level)) or len(level[tail]) < 3 or int(np.argmin(level)) < 0.85 * len(level):
        return Series(seen[-1:], np.zeros(1))
    gain = 1 - float(level[-1]) / float(level[late - 1])
    trend = min(1.0, _slope(seen[tail], found.cost.values[tail]) / SURE)
    return Series(seen[-1:], np.array([max(0.0, gain / GAIN * trend)]))


def _slope(seen: np.ndarray, cost: np.ndarray) -> float:
    """Standard errors by which a straight line through the points falls; 0 if it rises."""
    at = (seen - seen.mean()) / max(1e-12, float(seen.std()))
    fall = -float((at * cost).mean())
    rest = cost - cost.mean() + fall * at
    error = float(rest.std()) / max(1.0, len(at) - 2) ** 0.5
    return max(0.0, fall / max(error, 1e-12))


def tell(history: History, onset: float) -> Told:
    found = quality(history)
    if found is None:
        return Told({}, "")
    level, seen = found.level, found.cost.seen
    late = max(1, int(np.searchsorted(seen, 0.75 * history.length)))
    gain = 1 - float(level[-1]) / float(level[late - 1])
    words = (
        f"It ended too early: the last quarter still made {found.name} {gain:.0%} better, and its best value is the "
        "last. Training on will pay."
    )
    evidence: dict[str, Any] = {found.name: found.values.pairs(48), "gain of the last quarter": gain}
    return Told(evidence, words, confidence=0.8, severity=0.3, sick=False)


UNDER_TRAINED = Ailment("under_trained", score, tell, at_end=True)
