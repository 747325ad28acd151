"""data_fault: the training cannot be better than its data, and no setting mends that."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from gansmith.doctor.ailment import Ailment, Told
from gansmith.doctor.history import History, Series
from gansmith.doctor.trends import trailing

REPEATED = 0.3  # share of the data that repeats other data
UNLIKE = 0.5  # coverage of held-out by training data below which the two are not alike
TINY = 100  # images


def faults(data: Mapping[str, Any]) -> list[tuple[float, str]]:
    """(score, words) of what is known to be wrong with a data set before anyone trains on it.

    Read are: count, duplicates and near_duplicates (samples), classes (name -> samples), low, high, deviation (of the
    values a network sees, meant to fill -1..1), unreadable.
    """
    found = []
    count = _number(data.get("usable")) or _number(data.get("count")) or 0.0
    repeated = (_number(data.get("duplicates")) or 0.0) + (_number(data.get("near_duplicates")) or 0.0)
    if count and repeated / count >= REPEATED:
        share = repeated / count
        found.append((share / REPEATED, f"{share:.0%} of the data repeats other data"))
    low, high = _number(data.get("low")), _number(data.get("high"))
    if low is not None and high is not None:
        if high - low < 1e-6:
            found.append((3.0, "every value is the same"))
        elif low >= -0.01 or high <= 0.01 or max(-low, high) > 1.5:
            found.append((2.0, f"values run from {low:.3g} to {high:.3g}, where a generator makes -1 to 1"))
    deviation = _number(data.get("deviation"))
    if deviation is not None and 0 <= deviation < 0.01 and not found:
        found.append((2.0, "the data hardly varies"))
    return found


def score(history: History) -> Series:
    known = max((value for value, _ in faults(history.data)), default=0.0)
    values = np.full(len(history), known)
    floor = trailing(history.held("eval/coverage floor"), 3)
    if len(floor):
        with np.errstate(invalid="ignore"):
            values = np.maximum(values, np.where(floor < UNLIKE, UNLIKE / np.maximum(floor, 0.05), 0.0))
    return Series(history.seen, values)


def tell(history: History, onset: float) -> Told:
    found = [words for _, words in faults(history.data)]
    evidence = {
        name: float(history.data[name])
        for name in ("count", "duplicates", "near_duplicates", "low", "high")
        if _number(history.data.get(name)) is not None
    }
    if not found:
        found = ["held-out data is not like the training data: repeated rows, or sorted data cut in two"]
    words = f"Something is wrong with the data: {'; '.join(found)}. Mend the data; no setting will."
    return Told(evidence, words, confidence=0.85, severity=0.7)


def _number(value: Any) -> float | None:
    return float(value) if isinstance(value, int | float) and not isinstance(value, bool) else None


DATA_FAULT = Ailment("data_fault", score, tell, early=True)
