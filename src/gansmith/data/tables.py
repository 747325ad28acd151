"""Reads points from CSV files: the numeric columns, with rows that have a hole in them left out and counted."""

from __future__ import annotations

import csv
import gzip
import io
import math
import re
import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from gansmith.data.names import shown
from gansmith.errors import GansmithError, UsageError

MOST_BYTES = 2 * 2**30
NUMERIC_SHARE = 0.9  # of the filled cells, for a column to be one of numbers
MOST_DECIMALS = 15
LARGEST = 1e150  # squares must stay finite


@dataclass(frozen=True)
class Table:
    """points: (N, D) float64, all finite; columns, decimals: of each column; count: rows found, incomplete ones too."""

    points: np.ndarray
    columns: tuple[str, ...]
    decimals: tuple[int, ...]
    count: int
    warnings: tuple[str, ...] = ()


def read_table(path: Path) -> Table:
    """Read `.csv`, `.tsv` or `.txt`, packed with gzip or not. UsageError without a numeric column."""
    lines = [line for line in _lines(path) if any(cell.strip() for cell in line)]
    if not lines:
        raise UsageError(f"{shown(str(path))} is empty.", "A table needs rows of numbers.")
    header, body = _header(lines)
    width = len(header)
    ragged = sum(len(line) != width for line in body)
    body = [line for line in body if len(line) == width]
    cells = list(zip(*body, strict=True)) if body else [()] * width
    numbers = [[_number(cell) for cell in column] for column in cells]
    numeric = [place for place in range(width) if _is_numeric(cells[place], numbers[place])]
    if not numeric:
        raise UsageError(
            f"{shown(str(path))} has no column of numbers.",
            f"Its columns are: {', '.join(header[:20])}.",
            "Points are rows of numbers, with `.` as the decimal sign.",
        )
    points = np.array([numbers[place] for place in numeric], np.float64).T.reshape(-1, len(numeric))
    whole = np.asarray((np.abs(points) < LARGEST).all(axis=1))  # false for NaN, too
    if not whole.any():
        raise UsageError(
            f"{shown(str(path))} has no complete row of numbers.", "Every row has a hole in some numeric column."
        )
    text = [header[place] for place in range(width) if place not in numeric]
    warnings = [f"Left out, as text: {', '.join(text)}."] if text else []
    if holes := int((~whole).sum()) + ragged:
        warnings.append(f"{holes:,} of {len(whole) + ragged:,} rows are left out: a number is missing in them.")
    return Table(
        points[whole],
        tuple(header[place] for place in numeric),
        tuple(max(map(_decimals, cells[place])) for place in numeric),
        len(whole) + ragged,
        tuple(warnings),
    )


def _lines(path: Path) -> list[list[str]]:
    try:
        with gzip.open(path) if path.suffix == ".gz" else path.open("rb") as stream:
            data = stream.read(MOST_BYTES + 1)
        if len(data) > MOST_BYTES:
            raise GansmithError(
                f"Cannot read {shown(str(path))}.", f"It is larger than {MOST_BYTES // 2**30} GiB.", "Split it."
            )
        text = data.decode("utf-16" if data[:2] in (b"\xff\xfe", b"\xfe\xff") else "utf-8-sig")
        if "\0" in text:
            raise ValueError("it is not text")
        return list(csv.reader(io.StringIO(text, newline=None), delimiter=_delimiter(text)))
    except (OSError, EOFError, ValueError, zlib.error, csv.Error) as error:
        raise GansmithError(
            f"Cannot read {shown(str(path))} as a table.", str(error), "Save it as CSV, in UTF-8."
        ) from None


def _delimiter(text: str) -> str:
    start = text[:4096].splitlines()[:1] or [""]
    return max(",;\t|", key=start[0].count) if any(sign in start[0] for sign in ",;\t|") else ","


def _header(lines: list[list[str]]) -> tuple[list[str], list[list[str]]]:
    """(column names, the rows below). A first row of nothing but numbers is data."""
    first = lines[0]
    if all(math.isfinite(_number(cell)) for cell in first):
        return [f"column {place}" for place in range(1, len(first) + 1)], lines
    return [shown(cell.strip()) or f"column {place}" for place, cell in enumerate(first, 1)], lines[1:]


def _number(cell: str) -> float:
    try:
        return math.nan if "_" in cell else float(cell)
    except ValueError:
        return math.nan


def _is_numeric(cells: Sequence[str], numbers: Sequence[float]) -> bool:
    filled = sum(cell.strip().lower() not in ("", "na", "n/a", "nan", "null", "none", "?", "-") for cell in cells)
    return filled > 0 and sum(map(math.isfinite, numbers)) >= max(1.0, NUMERIC_SHARE * filled)


def _decimals(cell: str) -> int:
    """How many decimals a number was written with: `1.50` 2, `1.5e-3` 4, text 0."""
    match = re.fullmatch(r"\s*[-+]?\d*\.?(\d*)(?:[eE]([-+]?\d{1,3}))?\s*", cell, re.ASCII)
    if not match:
        return 0
    behind = len(match[1]) if "." in cell else 0
    return min(MOST_DECIMALS, max(0, behind - int(match[2] or 0)))
