"""An axis: which round numbers to mark, how to write them, and where a value falls."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from gansmith.runs.quantities import measure


@dataclass(frozen=True)
class Axis:
    """A range of data values laid along a stretch of pixels, linear or logarithmic.

    low, high: the range (low < high; both positive when `log`). start, end: pixels where it begins and ends.
    """

    low: float
    high: float
    start: float
    end: float
    log: bool = False

    def place(self, values: np.ndarray | float) -> np.ndarray:
        """Pixel positions of values; values outside the range are held at its ends."""
        low, high, at = self.low, self.high, np.asarray(values, dtype=np.float64)
        if self.log:
            low, high, at = math.log(low), math.log(high), np.log(np.maximum(at, 1e-300))
        share = np.clip((at - low) / (high - low), 0.0, 1.0)
        return self.start + share * (self.end - self.start)

    def ticks(self, about: int = 5) -> list[float]:
        """Round values inside the range, about that many."""
        return _log_ticks(self.low, self.high) if self.log else _ticks(self.low, self.high, about)

    def labels(self, write: Callable[[float], str] | None = None, about: int = 5) -> list[tuple[float, str]]:
        """(pixel, text) of every tick; the decimals follow from the distance between ticks."""
        marks = self.ticks(about)
        if write is None:
            write = "{:g}".format if self.log else _plain(marks)
        return [(float(self.place(mark)), write(mark)) for mark in marks]


def span(values: np.ndarray, *, margin: float = 0.05, log: bool = False) -> tuple[float, float]:
    """A range that holds the finite values, but for 1 % at either end: one spike must not flatten the rest."""
    finite = values[np.isfinite(values) & ((values > 0) | (not log))]
    if not len(finite):
        return (0.1, 1.0) if log else (0.0, 1.0)
    low, high = (float(edge) for edge in np.quantile(finite, (0.01, 0.99)))
    if log:
        return low / 1.3, high * 1.3
    room = margin * (high - low) or 0.5 * abs(high) or 0.5
    return low - room, high + room


def _ticks(low: float, high: float, about: int) -> list[float]:
    rough = (high - low) / max(1, about)
    power = 10.0 ** math.floor(math.log10(rough))
    step = min((factor * power for factor in (1, 2, 2.5, 5, 10)), key=lambda size: abs(math.log(size / rough)))
    first, last = math.ceil(low / step - 1e-9), math.floor(high / step + 1e-9)
    return [index * step for index in range(first, last + 1)]


def _log_ticks(low: float, high: float) -> list[float]:
    first, last = math.floor(math.log10(low)), math.ceil(math.log10(high))
    stride = max(1, (last - first) // 4)
    decades = [10.0**power for power in range(first, last + 1, stride)]
    inside = [mark for mark in decades if low <= mark <= high]
    if len(inside) >= 2:
        return inside
    finer = [factor * 10.0**power for power in range(first, last + 1) for factor in (1, 2, 5)]
    return [mark for mark in finer if low <= mark <= high]


def _plain(marks: list[float]) -> Callable[[float], str]:
    biggest = max((abs(mark) for mark in marks), default=0.0)
    for unit, size in (("G", 1e9), ("M", 1e6), ("k", 1e3)):
        if biggest >= max(size, 1e4):
            return lambda mark: f"{mark / size:g}{unit}" if mark else "0"
    step = marks[1] - marks[0] if len(marks) > 1 else biggest
    decimals = next((places for places in range(7) if abs(round(step, places) - step) < step * 1e-6), None)
    return measure if decimals is None else lambda mark: f"{mark:.{decimals}f}"
