"""oscillation: the two networks chase each other in circles instead of settling (Mescheder et al. 2018)."""

from __future__ import annotations

from functools import lru_cache

import numpy as np

from gansmith.doctor.ailment import Ailment, Told
from gansmith.doctor.history import NOTHING, Array, History, Series
from gansmith.doctor.losses import D, G
from gansmith.doctor.quality import HOPEFUL, at_rows, failing, improving, poor, quality
from gansmith.doctor.trends import MOST, above, swing, trailing

SPAN, FEWEST, EVERY = 80, 24, 3  # rows looked at, rows needed, rows between two looks
FINER = 4  # times as many rows, for swings that medians over a hundredth of the training would level
STRENGTH, GROWTH, SIZE = 0.6, 1.5, 0.45
WILD = 0.8  # size from which an oscillation need not grow to be one
DRIFT = 1.2  # of the reals' distance from each other by which samples of one latent move between two check-ups
CURVES = (D, G, "check/diversity features", "eval/kid", "gap")


def score(history: History) -> Series:
    windows = history.windows()
    rows = np.arange(FEWEST - 1, len(windows), EVERY)
    if not len(rows):
        return NOTHING
    values = _curves(windows, windows.seen[rows], SPAN)
    if history.foreign and len(history) >= FINER * len(windows):
        values = np.maximum(values, _curves(history.windows(FINER * 100), windows.seen[rows], FINER * SPAN))
    state = poor(windows)[rows]
    if history.foreign:
        return Series(windows.seen[rows], np.where(state < 1, 0.3 * values, values))
    restless = _restless(windows)[rows]
    clear = np.minimum(np.maximum(values, restless), np.maximum(state, _unsettled(windows)[rows]))
    return Series(windows.seen[rows], np.maximum(clear, np.minimum(failing(windows)[rows], 2 * restless)))


def _curves(history: History, moments: Array, span: int) -> Array:
    """(m,) the strongest swing of any curve within the `span` rows before each moment, in images seen."""
    columns = {**history.columns, "gap": history.held("logits/real") - history.held("logits/fake")}
    known = [_filled(columns[name]) for name in CURVES if name in columns]
    known = [curve for curve in known if np.isfinite(curve).sum() >= FEWEST]
    ends = np.searchsorted(history.seen, moments, side="right")
    return np.array([max((_swings(curve[max(0, end - span) : end]) for curve in known), default=0.0) for end in ends])


def _filled(values: Array) -> Array:
    """Gaps carried forward; what is not finite is nothing."""
    values = np.where(np.isfinite(values), values, np.nan)
    last = np.maximum.accumulate(np.where(np.isnan(values), -1, np.arange(len(values)))) if len(values) else values
    return np.where(last >= 0, values[last], np.nan) if len(values) else values


def _swings(curve: Array) -> float:
    """Score of three periods and more that grow, or are wild and do not fade."""
    return _remembered(curve[np.isfinite(curve)].tobytes(), len(curve))


@lru_cache(maxsize=1024)  # while training, all but the last stretch were looked at before
def _remembered(known: bytes, rows: int) -> float:
    found = swing(np.frombuffer(known))
    if not found.period or rows < 3 * found.period:
        return 0.0
    growing = min(found.strength / STRENGTH, found.growth / GROWTH, found.size / SIZE)
    wild = min(found.strength / STRENGTH, found.growth / 0.8, found.size / WILD)
    return float(np.clip(max(growing, wild), 0, MOST))


def _restless(history: History) -> Array:
    """The same latent gives something else at every check-up, long after the start."""
    drift = trailing(history.held("check/drift"), 3)
    late = history.seen > 0.1 * history.length
    return np.where(late, above(drift, DRIFT), 0.0)


def _unsettled(history: History) -> Array:
    """(n,) score of a metric that is well above its best: 1 at 1.5 times."""
    found = quality(history)
    if found is None:
        return np.zeros(len(history))
    worse = at_rows(history, found.cost, above(found.ratio(), 1.5), 0.0)
    return np.where(improving(history), np.minimum(worse, HOPEFUL), worse)


def tell(history: History, onset: float) -> Told:
    names = (*CURVES, "check/drift", "metric")
    evidence = {name: history.series(name).pairs(48) for name in names if name in history}
    words = (
        "The training goes round in circles: the losses swing back and forth and the swings do not die down. Each "
        "network undoes what the other has just learned, so the samples change without becoming better."
    )
    return Told(evidence, words, confidence=0.7 if not history.foreign or "metric" in history else 0.55, severity=0.7)


OSCILLATION = Ailment("oscillation", score, tell, need=2, of=3, raw=True)
