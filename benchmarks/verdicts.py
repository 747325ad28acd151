"""What the benchmark's trainings came to, watched and treated, and how a figure is written beside its goal."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from benchmarks.bank import Record, answer_of
from benchmarks.counts import Rate, Seen, ends
from benchmarks.replays import replayed
from benchmarks.schedule import in_time
from benchmarks.trials import OF_THE_PIPELINE

MODES = ("auto", "restart", "random", "ada")
NOT_YET = "not run yet"


@dataclass(frozen=True)
class Bench:
    """All there is: watched trainings with their replays, and the treated ones of each of them by mode."""

    work: Path
    seen: Sequence[Seen]

    @classmethod
    def of(cls, work: Path, found: Iterable[Record]) -> Bench:
        return cls(work, [Seen(record, replayed(work, record.trial.name)) for record in found])

    def ended(self, outcome: str) -> list[Seen]:
        return [one for one in self.seen if one.record.outcome == outcome]

    @property
    def healthy(self) -> list[Seen]:
        return [one for one in self.ended("healthy") if not one.record.trial.fault]

    def treated(self, one: Seen, mode: str) -> Record | None:
        """Its training in that mode, where there is one."""
        trial = replace(one.record.trial, mode=mode)
        answer = answer_of(self.work, trial)
        return Record(trial, answer, one.record.reference) if answer else None

    def pairs(self, watched: Iterable[Seen], mode: str) -> tuple[list[Seen], list[Record | None]]:
        """Those that are settled in a mode: treated, or without an alarm in time, so that there was nothing to do."""
        kept = [(one, self.treated(one, mode)) for one in watched]
        idle = mode != "ada" and not self.all_waiting(kept)
        settled = [pair for pair in kept if pair[1] or (idle and not in_time(pair[0].replay))]
        return [one for one, _ in settled], [answer for _, answer in settled]

    @staticmethod
    def all_waiting(kept: Sequence[tuple[Seen, Record | None]]) -> bool:
        """Whether some were alarmed and none treated: those without an alarm would be counted alone."""
        return any(in_time(one.replay) for one, _ in kept) and not any(answer for _, answer in kept)

    def waiting(self) -> int:
        """The doomed that were alarmed and not treated by the doctor yet: they count in no rate of rescue."""
        return sum(bool(in_time(one.replay)) and not self.treated(one, "auto") for one in self.ended("doomed"))

    def rescued(self, watched: Iterable[Seen], mode: str, which: str = "last") -> Rate:
        ones, answers = self.pairs(watched, mode)
        return ends(answers, ones, which)


def row(*cells: Any) -> str:
    return "| " + " | ".join(str(cell) for cell in cells) + " |"


def table(head: Sequence[str], rows: Iterable[Sequence[Any]]) -> list[str]:
    return [row(*head), row(*["---"] * len(head)), *(row(*cells) for cells in rows), ""]


def beside(what: str, found: Rate, goal: float, most: bool = False) -> list[str]:
    """A row of the first table: figure, goal, and how far it is from it, in points."""
    if not found.n:
        return [what, NOT_YET, f"at {'most' if most else 'least'} {goal:.0%}", ""]
    gap = (found.share - goal) if most else (goal - found.share)
    return [what, str(found), f"at {'most' if most else 'least'} {goal:.0%}", away(gap)]


def away(gap: float) -> str:
    return "met" if gap <= 0 else f"{100 * gap:.0f} points away"


def short(found: Rate) -> str:
    return f"{found.k} of {found.n}" if found.n else "-"


def tuning(one: Seen) -> bool:
    return one.record.trial.cell.tuning


def hidden(one: Seen) -> bool:
    return bool(one.record.trial.fault and one.record.trial.fault.hidden)


def curable(one: Seen) -> bool:
    """Whether a setting could mend it: faults of the data, and bugs, are beyond any."""
    fault = one.record.trial.fault
    return not (fault and (fault.data or fault.inject in OF_THE_PIPELINE))


GROUPS: tuple[tuple[str, Callable[[Seen], bool]], ...] = (
    ("all", lambda one: True),
    ("digits and ring, known faults", lambda one: tuning(one) and not hidden(one)),
    ("other data, known faults", lambda one: not tuning(one) and not hidden(one)),
    ("faults never looked at", hidden),
)
