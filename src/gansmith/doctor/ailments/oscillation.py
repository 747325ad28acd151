"""oscillation: the two networks chase each other in circles instead of settling (Mescheder et al. 2018)."""

from __future__ import annotations

import numpy as np

from gansmith.doctor.ailment import Ailment, Told
from gansmith.doctor.history import Array, History, Series
from gansmith.doctor.losses import D, G
from gansmith.doctor.quality import poor, quality
from gansmith.doctor.trends import above, swing, trailing

SPAN, FEWEST, EVERY = 64, 24, 3  # rows looked at, rows needed, rows between two looks
STRENGTH, GROWTH, SIZE = 0.45, 1.5, 0.6
WILD = 1.2  # size from which an oscillation need not grow to be one
DRIFT = 0.6  # of the reals' distance from each other by which samples of one latent move between two check-ups
CURVES = (D, G, "check/diversity features", "eval/kid", "gap")


def score(history: History) -> Series:
    curves = {**history.columns, "gap": history.held("logits/real") - history.held("logits/fake")}
    known = [_filled(curves[name]) for name in CURVES if name in curves]
    known = [curve for curve in known if np.isfinite(curve).sum() >= FEWEST]
    rows = np.arange(FEWEST - 1, len(history), EVERY)
    values = np.zeros(len(rows))
    for index, row in enumerate(rows):
        values[index] = max((_swings(curve[max(0, row + 1 - SPAN) : row + 1]) for curve in known), default=0.0)
    state = poor(history)[rows] if len(rows) else values
    if history.foreign:
        values = np.where(state < 1, 0.3 * values, values)
    else:
        values = np.minimum(np.maximum(values, _restless(history)[rows]), np.maximum(state, _unsettled(history)[rows]))
    return Series(history.seen[rows], values)


def _filled(values: Array) -> Array:
    """Gaps carried forward; what is not finite is nothing."""
    values = np.where(np.isfinite(values), values, np.nan)
    last = np.maximum.accumulate(np.where(np.isnan(values), -1, np.arange(len(values)))) if len(values) else values
    return np.where(last >= 0, values[last], np.nan) if len(values) else values


def _swings(curve: Array) -> float:
    curve = curve[np.isfinite(curve)]
    strength, period, growth = swing(curve)
    if not period or len(curve) < 3 * period:
        return 0.0
    at = np.linspace(-1, 1, len(curve))
    rest = curve - np.polyval(np.polyfit(at, curve, 2), at)
    size = float(rest.std() * 2**0.5 / max(1e-12, float(np.median(np.abs(curve)))))
    growing = min(strength / STRENGTH, growth / GROWTH, size / SIZE)
    wild = min(strength / STRENGTH, growth / 0.8, size / WILD)
    return float(np.clip(max(growing, wild), 0, 10))


def _restless(history: History) -> Array:
    """The same latent gives something else at every check-up, long after the start."""
    drift = trailing(history.held("check/drift"), 3)
    late = history.seen > 0.3 * history.length
    return np.where(late, above(drift, DRIFT), 0.0)


def _unsettled(history: History) -> Array:
    """(n,) score of a metric that is well above its best: 1 at 1.5 times."""
    found = quality(history)
    if found is None:
        return np.zeros(len(history))
    at = np.searchsorted(found.cost.seen, history.seen, side="right") - 1
    return np.where(at >= 0, above(found.ratio(), 1.5)[np.maximum(at, 0)], 0.0)


def tell(history: History, onset: float) -> Told:
    names = (*CURVES, "check/drift", "metric")
    evidence = {name: history.series(name).pairs(48) for name in names if name in history}
    words = (
        "The training goes round in circles: the losses swing back and forth and the swings do not die down. Each "
        "network undoes what the other has just learned, so the samples change without becoming better."
    )
    return Told(evidence, words, confidence=0.7 if not history.foreign or "metric" in history else 0.55, severity=0.7)


OSCILLATION = Ailment("oscillation", score, tell, need=2, of=3)
