"""What was recorded, and what became of it: the outcome of a training is judged from outside, never by its fault."""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING, Any

from benchmarks.faults import Trial

if TYPE_CHECKING:
    from gansmith.doctor.history import History

WORSE, SAME, FEWER = 2.0, 1.5, 0.7  # times the healthy median: doomed beyond, healthy within; modes
Score = Mapping[str, float]


@dataclass(frozen=True)
class Reference:
    """The median of a cell's sound controls: outside distance, share of modes or classes shown. n: how many."""

    distance: float
    modes: float
    n: int


@dataclass(frozen=True)
class Record:
    """A trial with its answer, and the reference of its cell."""

    trial: Trial
    answer: Mapping[str, Any]
    reference: Reference

    @property
    def outcome(self) -> str:
        """Of its end; a training that broke down before its end is doomed."""
        return outcome(self.answer["last"], self.reference, finished=self.answer["state"] == "finished")

    def ends(self, which: str = "last") -> str:
        """Of a checkpoint, whoever stopped the training."""
        return outcome(self.answer[which], self.reference)


def reference(scores: Iterable[Score]) -> Reference:
    """The median of the controls that did not collapse by themselves: such a one is no measure of health.

    Collapsed is who shows less than FEWER of the most modes that any shows. Raises StatisticsError for no controls.
    """
    known = list(scores)
    most = max((one.get("modes", 0.0) for one in known), default=0.0)
    sound = [one for one in known if one.get("modes", 0.0) >= FEWER * most - 1e-6]
    modes = median(one.get("modes", 0.0) for one in sound)
    return Reference(median(one["distance"] for one in sound), modes, len(sound))


def outcome(score: Score, healthy: Reference, *, finished: bool = True) -> str:
    """ "doomed", "healthy", or "between" where it counts as neither."""
    distance = score["distance"]
    if not finished or not math.isfinite(distance) or distance > WORSE * healthy.distance:
        return "doomed"
    if score.get("modes", 0.0) < FEWER * healthy.modes - 1e-6:
        return "doomed"
    return "healthy" if distance <= SAME * healthy.distance else "between"


def answer_of(work: Path, trial: Trial) -> dict[str, Any] | None:
    path = work / "answers" / f"{trial.name}.json"
    return json.loads(path.read_text("utf-8")) if path.exists() else None


def records(work: Path, trials: Iterable[Trial], references: Mapping[str, Reference]) -> list[Record]:
    """Those trials that have an answer and whose cell has a reference."""
    return [
        Record(trial, answer, references[trial.cell.name])
        for trial in trials
        if trial.cell.name in references and (answer := answer_of(work, trial))
    ]


def references(work: Path, controls: Iterable[Trial]) -> dict[str, Reference]:
    """Cell -> the median of its controls; cells without any are left out."""
    scores: dict[str, list[Score]] = {}
    for trial in controls:
        if answer := answer_of(work, trial):
            scores.setdefault(trial.cell.name, []).append(answer["last"])
    return {name: reference(found) for name, found in scores.items()}


def history_of_trial(work: Path, name: str) -> History:
    """What a doctor beside the training saw of it: its check-ups."""
    from gansmith.runs import journal
    from gansmith.runs.logs import history_of
    from gansmith.verbs.care import is_checkup

    folder = work / "histories" / name
    lines = [line for line in journal.read(folder / "journal.jsonl") if is_checkup(line)]
    return history_of(lines, json.loads((folder / "run.json").read_text("utf-8")), {})


def events_of(work: Path, name: str) -> list[dict[str, Any]]:
    from gansmith.runs import journal

    return journal.read(work / "histories" / name / "events.jsonl")
