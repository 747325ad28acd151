"""Numbers in the words people read them in: counts, durations and measured values, always short."""

from __future__ import annotations

import math
from typing import Any


def count(value: float) -> str:
    """`950`, `12.3k`, `1.23M`, `2.00G`: three significant digits from a thousand on."""
    if not math.isfinite(value):
        return "?"
    for unit in ("", "k", "M"):
        if abs(value) < 999.5:
            return f"{value:.0f}" if not unit else _three(value) + unit
        value /= 1000
    return _three(value) + "G"


def duration(seconds: float) -> str:
    """`42 s`, `9 min 58 s`, `3 h 07 min`, `2 d 04 h`; `?` when unknown."""
    if not math.isfinite(seconds):
        return "?"
    whole = max(0, round(seconds))
    if whole < 60:
        return f"{whole} s"
    if whole < 3600:
        return f"{whole // 60} min {whole % 60:02d} s"
    if whole < 86400:
        return f"{whole // 3600} h {whole % 3600 // 60:02d} min"
    return f"{whole // 86400} d {whole % 86400 // 3600:02d} h"


def measure(value: float) -> str:
    """A measured value to three significant digits, scientific only where plain digits would be unreadable."""
    if not math.isfinite(value):
        return "nan" if math.isnan(value) else "inf" if value > 0 else "-inf"
    if value == 0:
        return "0"
    if 1e-4 <= abs(value) < 1e5:
        decimals = max(0, 2 - math.floor(math.log10(abs(value))))
        return f"{value:.{decimals}f}"
    return f"{value:.2e}"


def memory(megabytes: float) -> str:
    """`812 MB` or `1.46 GB`."""
    return f"{megabytes:.0f} MB" if megabytes < 999.5 else f"{_three(megabytes / 1000)} GB"


def finite(value: Any) -> float | None:
    """The value if it is a finite number, else None: what was read from a file may be anything."""
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    return float(value) if is_number and math.isfinite(value) else None


def _three(value: float) -> str:
    return f"{value:.2f}" if abs(value) < 9.995 else f"{value:.1f}" if abs(value) < 99.95 else f"{value:.0f}"
