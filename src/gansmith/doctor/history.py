"""What the doctor looks at: the facts of one training, in order, as columns of numbers."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from gansmith.errors import GansmithError

Array = NDArray[np.float64]

BEYOND = 1e30  # no quantity of a training is as large: whatever is counts as broken, and sums stay finite


@dataclass(frozen=True)
class Series:
    """A quantity where it was measured: seen (m,), rising; values (m,), never NaN."""

    seen: Array
    values: Array

    def __len__(self) -> int:
        return len(self.seen)

    def where(self, rows: NDArray[np.bool_]) -> Series:
        """Only the rows marked true, (m,)."""
        return Series(self.seen[rows], self.values[rows])

    def pairs(self, most: int = 24) -> tuple[tuple[float, float], ...]:
        """At most `most` of its (seen, value), from the first to the last."""
        if not len(self):
            return ()
        rows = np.unique(np.linspace(0, len(self) - 1, min(most, len(self))).round().astype(int))
        return tuple((float(self.seen[row]), float(self.values[row])) for row in rows)


NOTHING = Series(np.empty(0), np.empty(0))


@dataclass(frozen=True, eq=False)
class History:
    """The facts of one training.

    seen: (n,) images seen (or steps, of a foreign log), strictly rising.
    columns: name -> (n,): NaN where it was not measured, infinite where what was measured was not a number.
    total: where the training was to end, in the unit of `seen`; None where nobody knows.
    kind: "images", "points" or "" where nobody knows. settings: the run's. data: what is known of the data set, by the
    names of its specification and report (shape, count, duplicates ...). foreign: a log of another tool.
    kept: it was ended with its best checkpoint, and this is the way to it.
    """

    seen: Array
    columns: Mapping[str, Array]
    total: float | None = None
    family: str = ""
    kind: str = ""
    settings: Mapping[str, Any] = field(default_factory=dict)
    data: Mapping[str, Any] = field(default_factory=dict)
    foreign: bool = False
    kept: bool = False

    def __post_init__(self) -> None:
        uneven = [name for name, values in self.columns.items() if values.shape != self.seen.shape]
        if self.seen.ndim != 1 or uneven:
            raise GansmithError("A history needs columns of one length.", why=", ".join(uneven) or "seen has rows")
        if not np.isfinite(self.seen).all() or (np.diff(self.seen) <= 0).any():
            raise GansmithError("A history must go forward.", why="the images seen do not rise from row to row")

    @classmethod
    def of(cls, lines: Iterable[Mapping[str, Any]], **about: Any) -> Self:
        """The history in lines of a journal: {"seen": ..., "facts": {...}}; `about` are the other fields.

        Where a training was rolled back and went over a stretch again, the later lines count. What is not a number is
        left out. Facts beside "facts", such as "images_per_second", are not the doctor's.
        """
        kept: list[tuple[float, Mapping[str, Any]]] = []
        for line in lines:
            seen, facts = _number(line.get("seen")), line.get("facts")
            if seen is None or not math.isfinite(seen) or not isinstance(facts, Mapping):
                continue
            while kept and kept[-1][0] > seen:
                kept.pop()
            if kept and kept[-1][0] == seen:
                facts = {**kept.pop()[1], **facts}
            kept.append((seen, facts))
        return cls(np.array([seen for seen, _ in kept]), columns_of([facts for _, facts in kept]), **about)

    def __len__(self) -> int:
        return len(self.seen)

    def __contains__(self, name: str) -> bool:
        return name in self.columns and not bool(np.isnan(self.columns[name]).all())

    def series(self, name: str) -> Series:
        """The quantity where it was measured; empty where it never was."""
        if name not in self.columns:
            return NOTHING
        values = self.columns[name]
        return Series(self.seen, values).where(~np.isnan(values))

    def held(self, name: str) -> Array:
        """(n,) at each row the last value measured up to then; NaN before the first."""
        values = self.columns.get(name)
        if values is None:
            return np.full(len(self), np.nan)
        last = np.maximum.accumulate(np.where(np.isnan(values), -1, np.arange(len(values))))
        return np.where(last >= 0, values[last], np.nan) if len(values) else values

    def until(self, seen: float) -> History:
        """The history as it was at that time."""
        count = int(np.searchsorted(self.seen, seen, side="right"))
        return self.rows(slice(0, count))

    def rows(self, which: slice) -> History:
        return self._with(self.seen[which], {name: values[which] for name, values in self.columns.items()})

    def windows(self, count: int = 100) -> History:
        """The same in at most `count` equal stretches of its length (`total`, else what there is): their medians.

        A value that is not finite makes its stretch infinite: a median would hide it. A stretch stands at its last row,
        so that no row of the result knows anything of a later one.
        """
        if not len(self):
            return self
        length = self.total if self.total and self.total >= self.seen[-1] else float(self.seen[-1])
        if length <= 0 or len(self) <= 2:
            return self
        window = np.clip(self.seen / length * count, 0, count - 1).astype(np.intp)
        starts = np.flatnonzero(np.r_[True, np.diff(window) > 0])
        if len(starts) == len(self):
            return self
        last = np.r_[starts[1:], len(self)] - 1
        return self._with(
            self.seen[last], {name: _medians(values, window, starts) for name, values in self.columns.items()}
        )

    @property
    def length(self) -> float:
        """Where the training ends, as far as is known: the share of it that has passed is seen / length."""
        last = float(self.seen[-1]) if len(self) else 0.0
        return max(self.total or 0.0, last)

    @property
    def ended(self) -> bool:
        """Whether there is nothing more to come; a log of unknown length counts as whole."""
        return bool(len(self)) and float(self.seen[-1]) >= 0.99 * self.length

    def _with(self, seen: Array, columns: Mapping[str, Array]) -> History:
        return replace(self, seen=seen, columns=columns)


def columns_of(rows: Sequence[Mapping[str, Any]]) -> dict[str, Array]:
    """Columns (n,) of n rows of facts: NaN where a row lacks a name, infinite where the value was not a number."""
    columns: dict[str, Array] = {}
    for index, row in enumerate(rows):
        for name, value in row.items():
            number = _number(value)
            if number is None:
                continue
            if name not in columns:
                columns[name] = np.full(len(rows), np.nan)
            columns[name][index] = number if abs(number) < BEYOND else math.inf
    return columns


def _number(value: Any) -> float | None:
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    try:
        return float(value)
    except OverflowError:
        return math.inf


def _medians(values: Array, window: NDArray[np.intp], starts: NDArray[np.intp]) -> Array:
    """The median of what was measured in each window, NaN where nothing was, infinite where anything was."""
    order = np.lexsort((values, window))  # within each window: finite, infinite, NaN
    ranked, counts = values[order], np.add.reduceat(~np.isnan(values), starts, dtype=np.intp)
    middle = 0.5 * (
        ranked[starts + np.maximum(counts - 1, 0) // 2]
        + ranked[starts + np.minimum(counts // 2, np.maximum(counts - 1, 0))]
    )
    largest = ranked[starts + np.maximum(counts - 1, 0)]
    return np.where(counts == 0, np.nan, np.where(np.isinf(largest), np.inf, middle))
