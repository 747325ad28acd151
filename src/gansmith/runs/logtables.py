"""Tables as tools write them, CSV, TSV, aligned columns, JSON and JSON lines, made into rows of names and numbers."""

from __future__ import annotations

import csv
import json
import math
import re
from collections.abc import Callable, Sequence
from itertools import islice
from typing import Any

Rows = list[dict[str, float]]

LINES = 1_000_000
FIELDS = 2_000  # columns of a table


def json_rows(text: str) -> Rows:
    """JSON lines, or one document: a list of objects, or an object of lists."""
    rows = []
    for line in islice(text.split("\n"), LINES):
        if line.strip()[:1] == "{":
            try:
                rows.append(_flat(json.loads(line)))
            except (ValueError, RecursionError):
                continue
    if any(rows):
        return [row for row in rows if row]
    try:
        document = json.loads(text)
    except (ValueError, RecursionError):
        return []
    if isinstance(document, dict):
        document = next((value for value in document.values() if _is_rows(value)), document)
    if _is_rows(document):
        return [row for item in document[:LINES] if (row := _flat(item))]
    lists = (
        {name: value for name, value in document.items() if isinstance(value, list)}
        if isinstance(document, dict)
        else {}
    )
    length = max(map(len, lists.values()), default=0)
    return [
        {name: float(v[index]) for name, v in lists.items() if index < len(v) and _is_number(v[index])}
        for index in range(min(length, LINES))
    ]


def _is_rows(value: Any) -> bool:
    return isinstance(value, list) and bool(value) and all(isinstance(item, dict) for item in value[:10])


def _is_number(value: Any) -> bool:
    return (isinstance(value, int | float) and not isinstance(value, bool) and abs(value) < 1e300) or value != value


def _flat(value: Any, prefix: str = "", depth: int = 0) -> dict[str, float]:
    """Nested objects as dotted names. {"mean": m, ...}, as StyleGAN writes statistics, is m."""
    row: dict[str, float] = {}
    if not isinstance(value, dict) or depth > 6:
        return row
    if depth and isinstance(value.get("mean"), int | float):
        return {prefix: float(value["mean"])}
    for name, inner in islice(value.items(), FIELDS):
        whole = f"{prefix}/{name}" if prefix else str(name)
        if isinstance(inner, dict):
            row.update(_flat(inner, whole, depth + 1))
        elif (isinstance(inner, int | float) and not isinstance(inner, bool) and abs(inner) < 1e300) or inner != inner:
            row[whole] = float(inner)
        elif isinstance(inner, str) and inner.strip().lower() in _NUMBERS:
            row[whole] = _NUMBERS[inner.strip().lower()]
        elif name == "snapshot_pkl" and (digits := re.search(r"(\d{3,12})", str(inner))):
            row["kimg"] = float(digits[1])
    return row


_NUMBERS = {
    **{"nan": math.nan, "inf": math.inf, "+inf": math.inf, "-inf": -math.inf, "infinity": math.inf},
    "-infinity": -math.inf,
}


def table_rows(text: str, stem: str) -> Rows:
    """CSV, TSV, semicolons or aligned columns under a line of names; nothing where there is no such line.

    A table of (step, tag, value) is turned into one column per tag.
    """
    lines = [line for line in islice(re.split(r"\r\n|\n|\r", text), LINES) if line.strip() and not line.startswith("#")]
    for start in range(min(5, len(lines))):
        cut = _cutter(lines[start], lines[start + 1 : start + 4])
        if cut is None:
            continue
        names = [name.strip().strip('"') for name in cut(lines[start])][:FIELDS]
        rows = []
        for line in lines[start + 1 :]:
            cells = cut(line)
            if len(cells) <= len(names) + 1 and (row := _cells(names, cells)):
                rows.append(row)
        return _named(rows, names, stem, [cut(line) for line in lines[start + 1 :]])
    return []


def _cells(names: Sequence[str], cells: Sequence[str]) -> dict[str, float]:
    row = {}
    for name, cell in zip(names, cells):
        try:
            row[name] = float(cell)
        except ValueError:
            continue
    return row


def _cutter(head: str, below: Sequence[str]) -> Callable[[str], list[str]] | None:
    """How to cut the lines of a table into cells, if `head` is a line of names with numbers below it."""
    for sign in (",", "\t", ";", "|", None):

        def cut(line: str, sign: str | None = sign) -> list[str]:
            if sign is None:
                return line.split()
            if '"' not in line:
                return line.split(sign)
            return next(csv.reader([line], delimiter=sign), [])

        names = cut(head)
        if len(names) < 2 or any(_float(name) for name in names) or not any(name.strip() for name in names):
            continue
        numbers = [sum(_float(cell) for cell in cut(line)) for line in below]
        alike = all(abs(len(cut(line)) - len(names)) <= 1 for line in below)
        if below and alike and max(numbers) >= 2:
            return cut
    return None


def _float(cell: str) -> bool:
    try:
        float(cell)
    except ValueError:
        return False
    return True


def _named(rows: Rows, names: Sequence[str], stem: str, cells: Sequence[Sequence[str]]) -> Rows:
    """Where the numbers stand in one column called value, their names are in another, or in the file's name."""
    lower = [name.lower() for name in names]
    if "value" not in lower:
        return rows
    value = lower.index("value")
    step = next((lower.index(name) for name in ("step", "global_step", "iteration", "epoch") if name in lower), None)
    tag = next((lower.index(name) for name in ("tag", "name", "metric", "key", "variable") if name in lower), None)
    found: dict[float, dict[str, float]] = {}
    for number, row in enumerate(cells):
        if len(row) < len(names) or not _float(row[value]):
            continue
        at = float(row[step]) if step is not None and _float(row[step]) else float(number)
        found.setdefault(at, {"step": at})[row[tag].strip() if tag is not None else stem] = float(row[value])
    return list(found.values())
