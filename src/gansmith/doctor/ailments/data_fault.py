"""data_fault: the training cannot be better than its data, and no setting mends that."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from gansmith.doctor.ailment import Ailment, Told
from gansmith.doctor.history import History, Series
from gansmith.doctor.trends import trailing

REPEATED = 0.3  # share of the data that repeats other data
FEWEST = 100  # images
BLANK = 0.3  # share of images without a picture in them
UNLIKE = 0.5  # coverage of held-out by training data below which the two are not alike
NARROW, WIDE = 0.5, 1.5  # a spread of values too small, a value too large, for outputs from -1 to 1


def faults(data: Mapping[str, Any], kind: str = "images") -> list[tuple[float, str]]:
    """(score, words) of what is known to be wrong with a data set before anyone trains on it.

    Read are, each optional: usable or count, duplicates and near_duplicates (samples), constant (share of images that
    are one colour), low and high (of an image's values as a network sees them).
    """
    known = {name: float(value) for name, value in data.items() if _is_number(value)}
    count = known.get("usable") or known.get("count") or 0.0
    found = []
    repeated = known.get("duplicates", 0.0) + known.get("near_duplicates", 0.0)
    if count and repeated / count >= REPEATED:
        found.append((repeated / count / REPEATED, f"{repeated / count:.0%} of it repeats the rest"))
    if kind == "points":
        return found
    if 0 < count < FEWEST:
        found.append((1.5, f"there are only {count:.0f} images: expect copies of them"))
    if (blank := known.get("constant", 0.0)) >= BLANK:
        found.append((blank / BLANK, f"{blank:.0%} of the images are of one colour"))
    if "low" in known and "high" in known:
        low, high = known["low"], known["high"]
        if high - low < NARROW or max(-low, high) > WIDE:
            found.append((2.0, f"its values run from {low:.3g} to {high:.3g}, where a generator makes -1 to 1"))
    return found


def score(history: History) -> Series:
    known = max((value for value, _ in faults(history.data, history.kind)), default=0.0)
    values = np.full(len(history), known)
    floor = trailing(history.held("eval/coverage floor"), 3)
    if len(floor):
        with np.errstate(invalid="ignore"):
            values = np.maximum(values, np.where(floor < UNLIKE, UNLIKE / np.maximum(floor, 0.05), 0.0))
    return Series(history.seen, values)


def tell(history: History, onset: float) -> Told:
    found = [words for _, words in faults(history.data, history.kind)]
    evidence = {
        name: float(history.data[name])
        for name in ("usable", "count", "duplicates", "near_duplicates", "constant", "low", "high")
        if _is_number(history.data.get(name))
    }
    if not found:
        found = ["held-out data is not like the training data: repeated rows, or sorted data cut in two"]
    words = f"Something is wrong with the data: {'; '.join(found)}. Mend the data; no setting will."
    return Told(evidence, words, confidence=0.85, severity=0.7)


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


DATA_FAULT = Ailment("data_fault", score, tell, early=True)
