"""Facts appended one JSON line at a time, so that a torn line costs that line and nothing else."""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from gansmith.runs import disk

_NUMBERS = {"NaN": float("nan"), "Infinity": float("inf"), "-Infinity": float("-inf")}


@dataclass(frozen=True)
class Journal:
    """An append-only file of JSON objects; several processes may append to one."""

    path: Path

    def append(self, facts: Mapping[str, Any]) -> bool:
        """Add one line and hand it to the system at once; False if the disk refuses, for training outlives a full disk.

        NaN and infinities are written as the strings "NaN", "Infinity" and "-Infinity". Raises TypeError for what
        JSON cannot hold.
        """
        line = disk.encode(disk.tame(facts)) + b"\n"
        try:
            with self.path.open("ab+", buffering=0) as file:
                end = file.seek(0, os.SEEK_END)
                file.seek(max(end - 1, 0))
                torn = file.read(1) not in (b"", b"\n")  # a writer was killed, or the disk was full, within a line
                line = b"\n" + line if torn else line
                return file.write(line) == len(line)
        except OSError:
            return False

    def read(self) -> list[dict[str, Any]]:
        """Every whole line in order; see the function of this name."""
        return read(self.path)

    def truncate_after(self, seen: int) -> None:
        """Drop what a resumed run will write again: the lines whose "seen" is beyond `seen`. Raises OSError."""
        rows = self.read()
        kept = [row for row in rows if not _beyond(row.get("seen"), seen)]
        if len(kept) < len(rows):
            disk.replace(self.path, b"".join(disk.encode(disk.tame(row)) + b"\n" for row in kept))


def read(path: Path) -> list[dict[str, Any]]:
    """The objects in a file of JSON lines, in order; a torn or garbled line is skipped, a missing file is empty.

    The strings "NaN", "Infinity" and "-Infinity" are numbers again.
    """
    try:
        lines = path.read_bytes().split(b"\n")
    except OSError:
        return []
    return [row for line in lines if (row := _parse(line)) is not None]


def on_the_way(lines: Iterable[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    """The lines of a journal without the stretches that a roll-back undid.

    A line's place on the way is its "seen" less its "lost": what was seen in vain before.
    """
    kept: list[tuple[float, float, Mapping[str, Any]]] = []
    for line in lines:
        seen, lost = line.get("seen"), line.get("lost", 0)
        if not isinstance(seen, int | float) or not isinstance(lost, int | float):
            continue
        while kept and kept[-1][1] < lost and kept[-1][0] > seen - lost:
            kept.pop()
        kept.append((seen - lost, lost, line))
    return [line for _, _, line in kept]


def _parse(line: bytes) -> dict[str, Any] | None:
    try:
        row = _untamed(json.loads(line))
    except (ValueError, RecursionError):
        return None
    return row if isinstance(row, dict) else None


def _untamed(value: Any) -> Any:
    if isinstance(value, str):
        return _NUMBERS.get(value, value)
    if isinstance(value, dict):
        return {key: _untamed(inner) for key, inner in value.items()}
    return [_untamed(inner) for inner in value] if isinstance(value, list) else value


def _beyond(value: Any, seen: int) -> bool:
    return isinstance(value, int | float) and value > seen
