"""From which score on an alarm is raised: measured on healthy trainings, per family and per stage of the budget."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from importlib.resources import files
from typing import Any

import numpy as np

from gansmith.doctor.history import Array, History

STAGES = (0.0, 0.1, 0.3, 0.6)  # where each begins, as a share of the budget
LEAST = 1.0  # no alarm is ever given below it: what a score of 1 means is written beside each ailment


@dataclass(frozen=True)
class Thresholds:
    """table: ailment -> kin ("" for all others) -> a threshold per stage. runs, bound: how sure they are.

    bounds: by kin the share of healthy trainings that are alarmed at all, at most, if they are like those measured;
    bound: the largest of them.
    """

    table: Mapping[str, Mapping[str, tuple[float, ...]]] = field(default_factory=dict)
    runs: int = 0
    bounds: Mapping[str, float] = field(default_factory=dict)

    @property
    def bound(self) -> float | None:
        return max(self.bounds.values(), default=None)

    def of(self, ailment: str, history: History, seen: Array) -> Array:
        """(m,) the threshold of an ailment at those images seen. Logs of other tools have the least everywhere."""
        by_kin = self.table.get(ailment, {})
        stages = () if history.foreign else by_kin.get(kin(history), by_kin.get("", ()))
        if not stages or not history.length:
            return np.full(len(seen), LEAST)
        stage = np.searchsorted(STAGES, seen / history.length, side="right") - 1
        return np.maximum(LEAST, np.asarray(stages, dtype=np.float64)[np.clip(stage, 0, len(stages) - 1)])

    def to_json(self) -> dict[str, Any]:
        table = {name: {key: list(row) for key, row in rows.items()} for name, rows in self.table.items()}
        return {"stages": list(STAGES), "runs": self.runs, "bounds": dict(self.bounds), "thresholds": table}


def kin(history: History) -> str:
    """What trainings must share to be compared: "robust images", "robust points"."""
    return f"{history.family} {history.kind}".strip()


def read(found: Mapping[str, Any]) -> Thresholds:
    """Thresholds from their JSON mapping."""
    table = {
        str(name): {str(key): tuple(float(value) for value in row) for key, row in rows.items()}
        for name, rows in found["thresholds"].items()
    }
    return Thresholds(table, int(found.get("runs", 0)), found.get("bounds") or {})


@cache
def shipped() -> Thresholds:
    """The thresholds measured for this version."""
    return _file("thresholds.json")


def seeds() -> Thresholds:
    """Those set by hand, from which the measured ones begin."""
    return _file("seeds.json")


def _file(name: str) -> Thresholds:
    return read(json.loads((files("gansmith.doctor") / name).read_text(encoding="utf-8")))
