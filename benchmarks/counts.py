"""Rates and what stands behind them: Wilson intervals, quartiles, who was noticed, how it was called, who was saved."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from benchmarks.bank import Record
from benchmarks.replays import Replay
from benchmarks.schedule import since

QUANTILE = 1.959964  # of the normal distribution, for 95 %
LATE = 0.25  # of the budget: an alarm after that is a mistake worth a look


@dataclass(frozen=True)
class Rate:
    """k of n."""

    k: int
    n: int

    @property
    def share(self) -> float:
        return self.k / self.n if self.n else math.nan

    @property
    def interval(self) -> tuple[float, float]:
        """The 95 % interval of Wilson 1927; from nothing to everything where nothing was tried."""
        if not self.n:
            return 0.0, 1.0
        p, z2 = self.share, QUANTILE**2
        middle = (p + z2 / (2 * self.n)) / (1 + z2 / self.n)
        half = QUANTILE * math.sqrt(p * (1 - p) / self.n + z2 / (4 * self.n**2)) / (1 + z2 / self.n)
        return max(0.0, middle - half), min(1.0, middle + half)

    def __str__(self) -> str:
        low, high = self.interval
        return f"{self.share:.0%} ({self.k} of {self.n}; {low:.0%} to {high:.0%})" if self.n else "not run yet"


def rate(marks: Iterable[bool]) -> Rate:
    known = list(marks)
    return Rate(sum(known), len(known))


@dataclass(frozen=True)
class Seen:
    """A recorded training with its replay. at: the share of the budget it took to notice that it is spoiled."""

    record: Record
    replay: Replay

    @property
    def fault(self) -> str:
        return self.record.trial.fault.name if self.record.trial.fault else "none"

    @property
    def at(self) -> float | None:
        start = since(self.record.trial)
        alarm = self.replay.first(start)
        return alarm.at - start if alarm else None

    @property
    def name(self) -> str:
        """The weightiest finding of the first alarm; "" without one."""
        alarm = self.replay.first(since(self.record.trial))
        return alarm.names[0] if alarm else ""

    @property
    def dominant(self) -> str:
        return self.replay.dominant(since(self.record.trial))

    @property
    def meant(self) -> str:
        """The name that fits its fault best; "" of a control."""
        fault = self.record.trial.fault
        return fault.means[0] if fault else ""

    def named(self, name: str) -> bool:
        """Whether that is a right name for it; of a control that went wrong by itself any is."""
        fault = self.record.trial.fault
        return bool(name) and (fault is None or name in fault.means)


def quartiles(values: Iterable[float], form: str = "{:.0%}") -> str:
    """ "median (lower to upper quartile)"; a dash for nothing."""
    known = [value for value in values if math.isfinite(value)]
    if not known:
        return "-"
    low, middle, high = (form.format(value) for value in np.quantile(known, (0.25, 0.5, 0.75)))
    return f"{middle} ({low} to {high})"


def confusion(seen: Iterable[Seen], said: Callable[[Seen], str]) -> dict[str, Counter[str]]:
    """Fault -> name -> how often it was called so; "" where nothing was noticed."""
    found: dict[str, Counter[str]] = {}
    for one in seen:
        found.setdefault(one.fault, Counter())[said(one)] += 1
    return found


def grouped(seen: Iterable[Seen], by: Callable[[Seen], str]) -> dict[str, list[Seen]]:
    found: dict[str, list[Seen]] = {}
    for one in seen:
        found.setdefault(by(one), []).append(one)
    return found


def ends(answers: Sequence[Record | None], watched: Sequence[Seen], which: str) -> Rate:
    """How many end healthy; where a treatment had nothing to do, as the training that was only watched."""
    return rate(
        (answer.ends(which) if answer else one.record.outcome) == "healthy" for one, answer in zip(watched, answers)
    )


def ratios(pairs: Iterable[tuple[Mapping[str, float], Mapping[str, float]]]) -> list[float]:
    """Distances of the first over those of the second."""
    return [a["distance"] / b["distance"] for a, b in pairs if b["distance"] > 0]


def mistakes(seen: Iterable[Seen]) -> list[str]:
    """A line for each training that was missed, misnamed or alarmed for nothing, for whoever mends the detectors.

    Hidden faults are left out: who mends what was measured on them has nothing left to measure with.
    """
    lines = []
    for one in seen:
        if one.record.trial.fault and one.record.trial.fault.hidden:
            continue
        record, said = one.record, sorted({name for alarm in one.replay.alarms for name in alarm.names[:1]})
        times = record.answer["last"]["distance"] / record.reference.distance
        about = f"{record.trial.name}: {times:.2g} times the healthy distance"
        if record.outcome == "doomed" and one.at is None:
            lines.append(f"missed    {about}")
        elif record.outcome == "doomed" and not one.named(one.name):
            lines.append(f"misnamed  {about}, {one.name} at {one.at:.0%}, mostly {one.dominant}")
        elif record.outcome == "doomed" and one.at is not None and one.at > LATE:
            lines.append(f"late      {about}, {one.name} at {one.at:.0%}")
        elif record.outcome == "healthy" and said:
            first = one.replay.alarms[0]
            lines.append(f"false     {about}, {first.names[0]} at {first.at:.0%}; in all {', '.join(said)}")
    return sorted(lines)
