"""What explains what: where several ailments show, which is the cause and which only its shadow."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from gansmith.doctor.ailments.discriminator_overpowers import faster_discriminator
from gansmith.doctor.finding import Finding

# A cause, and what it explains: the shadow's confidence is multiplied. 0 leaves it out.
SHADOWS: Mapping[str, Mapping[str, float]] = {
    "explosion": {
        "mode_collapse": 0.0,
        "discriminator_overpowers": 0.0,
        "discriminator_blind": 0.0,
        "oscillation": 0.0,
        "discriminator_overfits": 0.0,
        "memorisation": 0.0,
        "checkerboard": 0.0,
        "augmentation_leak": 0.0,
        "bad_init": 0.3,
        "over_trained": 0.5,
        "under_trained": 0.0,
    },
    "data_fault": {
        "mode_collapse": 0.5,
        "discriminator_overpowers": 0.5,
        "discriminator_blind": 0.5,
        "discriminator_overfits": 0.8,
        "memorisation": 0.8,
        "over_trained": 0.6,
    },
    "bad_init": {
        "mode_collapse": 0.6,
        "discriminator_overpowers": 0.6,
        "discriminator_blind": 0.6,
        "under_trained": 0.0,
    },
    "mode_collapse": {
        "discriminator_blind": 0.5,
        "memorisation": 0.4,
        "oscillation": 0.6,
        "over_trained": 0.7,
        "under_trained": 0.0,
    },
    "discriminator_overpowers": {"under_trained": 0.0, "over_trained": 0.8, "discriminator_overfits": 0.6},
    "discriminator_blind": {"under_trained": 0.0},
    "oscillation": {"over_trained": 0.8},
    "discriminator_overfits": {"over_trained": 0.8},
    "augmentation_leak": {"discriminator_overpowers": 0.5, "discriminator_blind": 0.5, "oscillation": 0.8},
    "over_trained": {"under_trained": 0.0},
}
ONE_FASTER = 4.0  # times the other's learning rate: a likely cause by itself
FEW_LATENTS = 2  # too few to make varied images from
EARLIER = 0.03  # of the length by which the one of two rivals that began first is the cause
RIVALS = ("discriminator_overpowers", "mode_collapse")


def sorted_out(findings: Sequence[Finding], settings: Mapping[str, Any], length: float) -> tuple[Finding, ...]:
    """The findings with shadows faded, the weightiest first."""
    present = {finding.ailment: finding for finding in findings}
    faded = [
        replace(finding, confidence=finding.confidence * _factor(finding, present, settings, length))
        for finding in findings
    ]
    kept = (finding for finding in faded if finding.confidence > 0.02)
    return tuple(sorted(kept, key=lambda finding: (-finding.sick, -finding.weight, finding.ailment)))


def _factor(finding: Finding, present: Mapping[str, Finding], settings: Mapping[str, Any], length: float) -> float:
    factor = 1.0
    for cause, explained in SHADOWS.items():
        if cause in present and finding.ailment in explained and present[cause].weight > 0.2:
            factor *= explained[finding.ailment]
    if finding.ailment in RIVALS and all(name in present for name in RIVALS):
        other = present[next(name for name in RIVALS if name != finding.ailment)]
        factor *= 0.75 if _suspect(settings) == other.ailment else 1.0
        factor *= 0.75 if other.onset < finding.onset - EARLIER * length else 1.0
    return factor


def _suspect(settings: Mapping[str, Any]) -> str:
    """The ailment that the settings alone make likely: one network much the faster, or next to no latent."""
    if isinstance(settings.get("z"), int) and settings["z"] <= FEW_LATENTS:
        return "mode_collapse"
    times = faster_discriminator(settings)
    if times >= ONE_FASTER:
        return "discriminator_overpowers"
    return "mode_collapse" if times <= 1 / ONE_FASTER else ""
