"""data: the report on a data set before anyone trains on it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from gansmith.data.open import open_data
from gansmith.data.options import DataOptions
from gansmith.data.report import DataReport


def inspect(
    data: str | Path, options: DataOptions | None = None, *, progress: Callable[[str, int, int], None] | None = None
) -> DataReport:
    """Look at a data set: kind, count, sizes, channels, classes, duplicates, unreadable files, what would be done."""
    return open_data(data, options or DataOptions(), progress=progress).report
