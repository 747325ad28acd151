"""What the doctor says: findings with their evidence, and the verdict on the whole."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from gansmith.doctor.recipe import Remedy

Evidence = Mapping[str, float | tuple[tuple[float, float], ...]]

ADVICE = ("under_trained",)  # worth knowing, but nothing is ill
AMBER = 0.3  # severity * confidence from which the light is not green


@dataclass(frozen=True)
class Finding:
    """One ailment that a history shows.

    severity: 0..1, how much of the training it spoils. confidence: 0..1, how sure the name is.
    onset: images seen when it began. evidence: name -> a number, or (seen, value) pairs of a measured curve.
    words: for somebody who never trained a GAN. sick: False where it is advice only.
    """

    ailment: str
    severity: float
    confidence: float
    onset: float
    evidence: Evidence = field(default_factory=dict)
    words: str = ""
    remedies: tuple[Remedy, ...] = ()
    sick: bool = True

    @property
    def weight(self) -> float:
        return self.severity * self.confidence

    def to_json(self) -> dict[str, Any]:
        """As `gansmith diagnose --json` prints it."""
        return {
            "ailment": self.ailment,
            "severity": round(self.severity, 3),
            "confidence": round(self.confidence, 3),
            "onset": _whole(self.onset),
            "evidence": {name: _plain(value) for name, value in self.evidence.items()},
            "words": self.words,
            "remedies": [remedy.to_json() for remedy in self.remedies],
        }


@dataclass(frozen=True)
class Diagnosis:
    """The verdict on a history. healthy: no finding that makes a training sick.

    verdict: one or two sentences. best: {"seen": ..., and what was best there}, or None where nothing was measured.
    findings: the weightiest first.
    """

    healthy: bool
    verdict: str
    best: Mapping[str, Any] | None = None
    findings: tuple[Finding, ...] = ()

    def to_json(self) -> dict[str, Any]:
        """The mapping `gansmith diagnose --json` prints."""
        return {
            "healthy": self.healthy,
            "verdict": self.verdict,
            "best": {name: _plain(value) for name, value in self.best.items()} if self.best else None,
            "findings": [finding.to_json() for finding in self.findings],
        }


def light(diagnosis: Diagnosis) -> tuple[str, str]:
    """("green" | "amber" | "red", one sentence) for a display that has one line."""
    sick = [finding for finding in diagnosis.findings if finding.sick]
    if not sick:
        return "green", diagnosis.verdict
    colour = "red" if sick[0].weight >= AMBER else "amber"
    return colour, f"{sick[0].ailment.replace('_', ' ')}: {sick[0].words.partition('. ')[0].rstrip('.')}."


def _whole(value: float) -> float | int:
    return int(value) if float(value).is_integer() else round(value, 3)


def _plain(value: Any) -> Any:
    """JSON has no infinity: written as a string, as in the journal."""
    if isinstance(value, tuple | list):
        return [_plain(inner) for inner in value]
    if isinstance(value, float) and not math.isfinite(value):
        return "NaN" if math.isnan(value) else "Infinity" if value > 0 else "-Infinity"
    if isinstance(value, float):
        return int(value) if value.is_integer() and abs(value) < 1e15 else float(f"{value:.5g}")
    return value
