"""over_trained: the best lies long behind, and training on has made the samples worse."""

from __future__ import annotations

import numpy as np

from gansmith.doctor.ailment import Ailment, Told
from gansmith.doctor.history import NOTHING, History, Series
from gansmith.doctor.quality import FEW, quality

WORSE = 1.5  # times the best
PATIENCE, LONG = 0.08, 0.3  # of the length since the best: at the end, and before it
EARLIEST = 0.6  # of the length: before, it may come back
LEARNED = 0.3  # of the first cost that must have gone at the best
END = 0.94  # of the length from which a measurement is one of the end


def score(history: History) -> Series:
    """The metric over its best, where the best is long past; 0 while the training may still come back."""
    found = quality(history)
    if found is None or len(found.cost) < FEW or (found.name == "distance" and not history.foreign):
        return NOTHING
    if not history.foreign and (found.gained() < LEARNED or not _was_good(history)):
        return NOTHING  # it was never good: something else is wrong
    level = found.level
    if len(level) < 2 * FEW:
        level = np.r_[level[:-1], min(level[-1], max(level[-2:]))]
    at = np.array([int(np.argmin(level[: row + 1])) for row in range(len(level))])
    since = (found.cost.seen - found.cost.seen[at]) / history.length
    late = found.cost.seen >= END * history.length
    late[-1] |= history.ended  # a metric measured seldom, or not to the last
    need = np.where(late, PATIENCE, LONG)
    judged = (since >= need) & (found.cost.seen >= EARLIEST * history.length)
    return Series(found.cost.seen, np.where(judged, level / level[at] / WORSE, 0.0))


def _was_good(history: History) -> bool:
    """Whether samples ever covered anything, or were within sight of the data."""
    coverage, kid = history.series("eval/coverage").values, history.series("eval/kid").values
    return bool(coverage.max(initial=0.0) > 0.2 or kid.min(initial=np.inf) < 1.0)


def tell(history: History, onset: float) -> Told:
    found = quality(history)
    if found is None:
        return Told({}, "")
    best, values = found.best, found.values
    ratio = float(found.ratio()[-1])
    words = (
        f"Trained too long: {found.name} was best ({values.values[best]:.4g}) at {values.seen[best]:,.0f}, "
        f"{values.seen[best] / history.length:.0%} of the way, and is {values.values[-1]:.4g} now, {ratio:.1f} times "
        "as bad. Use the checkpoint from then."
    )
    return Told({found.name: values.pairs(48), "times the best": ratio}, words, confidence=0.9, severity=0.6)


OVER_TRAINED = Ailment("over_trained", score, tell, at_end=True)
