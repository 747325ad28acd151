"""diagnose: a history in, a diagnosis out. Pure: no file, no clock, no network."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np

from gansmith.doctor.ailment import Ailment
from gansmith.doctor.ailments import AILMENTS
from gansmith.doctor.causes import evident, suspected
from gansmith.doctor.finding import Diagnosis, Finding
from gansmith.doctor.history import History
from gansmith.doctor.precedence import sorted_out
from gansmith.doctor.quality import quality
from gansmith.doctor.recipe import Remedy
from gansmith.doctor.remedy import remedies
from gansmith.doctor.thresholds import Thresholds, shipped
from gansmith.doctor.verdict import best_of, verdict

STAYS = 0.8  # of its threshold to which a score must fall before its alarm ends


def diagnose(history: History, thresholds: Thresholds | None = None) -> Diagnosis:
    """Everything that is wrong with a training at the end of its history, and what to do about it.

    What was wrong and has passed is not reported. Without `thresholds` the shipped ones hold.
    """
    limits = thresholds or shipped()
    windows = history.windows()
    found = [finding for ailment in AILMENTS if (finding := examine(ailment, history, windows, limits))]
    found = explained(found, windows)
    findings = sorted_out(found, history.settings, history.length)
    healthy = not any(finding.sick for finding in findings)
    metric = quality(windows)
    return Diagnosis(healthy, verdict(windows, findings, metric), best_of(history), findings)


def examine(ailment: Ailment, history: History, windows: History, thresholds: Thresholds) -> Finding | None:
    """The finding of one ailment, if its alarm is on at the end of the history."""
    looked_at = history if ailment.raw else windows
    scores = ailment.scores(looked_at)
    if not len(scores):
        return None
    limits = thresholds.of(ailment.name, history, scores.seen)
    start = alarm(scores.values, limits)
    if start is None:
        return None
    onset = float(scores.seen[_first_sign(ailment, looked_at, scores.seen, limits, start)])
    told = ailment.tell(looked_at, onset)
    beyond = float(scores.values[start:].max() / limits[-1])
    lasted = (len(scores) - start) / len(scores)
    return Finding(
        ailment.name,
        severity=min(1.0, told.severity * (0.75 + 0.25 * min(1.0, math.log2(max(1.0, beyond))))),
        confidence=min(1.0, told.confidence * (0.85 + 0.15 * min(1.0, 4 * lasted))),
        onset=onset,
        evidence={**told.evidence, "score": round(beyond, 3)},
        words=told.words,
        remedies=_remedies(ailment.name, history),
        sick=told.sick,
    )


def explained(findings: list[Finding], history: History) -> list[Finding]:
    """The findings with the causes that are evident in the settings: told with what they explain, or by themselves."""
    found = {finding.ailment: finding for finding in findings}
    for cause, suspicion in suspected(history, evident(history.settings, _shape(history))):
        name = cause.ailment
        if name in found:
            found[name] = replace(found[name], words=f"{found[name].words} {cause.words}")
        else:
            found[name] = replace(suspicion, remedies=_remedies(name, history))
    return list(found.values())


def _remedies(ailment: str, history: History) -> tuple[Remedy, ...]:
    return remedies(ailment, history.settings, kind=history.kind, shape=_shape(history))


def _shape(history: History) -> tuple[int, ...]:
    return tuple(history.data.get("shape") or ())


def alarm(scores: np.ndarray, limits: np.ndarray) -> int | None:
    """The row at which the alarm that is on at the end went on; None when it is off.

    It goes on above the limit, and off below STAYS of it, so that it does not flicker.
    """
    start: int | None = None
    for row, (score, limit) in enumerate(zip(scores, limits)):
        if start is None and score > limit:
            start = row
        elif start is not None and score < STAYS * limit:
            start = None
    return start


def _first_sign(ailment: Ailment, history: History, seen: np.ndarray, limits: np.ndarray, start: int) -> int:
    """The row among the last few before the alarm at which the score itself first passed the limit."""
    if ailment.at_end:
        return start
    values = ailment.score(history).values
    first = max(0, start - ailment.of + 1)
    over = np.flatnonzero(values[first : start + 1] > limits[first : start + 1])
    return first + int(over[0]) if len(over) else start
