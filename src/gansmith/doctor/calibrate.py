"""Thresholds from a bank of healthy trainings, with a bound on false alarms that holds whatever their distribution.

Split conformal prediction (Vovk et al. 2005; Lei et al. 2018), for each kin by itself: every threshold is LEAST plus a
factor times an excess, which is fixed beforehand from seeds and from every third training. A training's strangeness is
the factor at which it would just raise no alarm. That of a new healthy training is equally likely to fall anywhere
among those of n others, so it exceeds their k-th largest with probability at most k / (n + 1). One factor for all
ailments of a kin, so the bound is per training, not per ailment; where no healthy training goes, thresholds stay low.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

import numpy as np

from gansmith.doctor.ailment import Ailment
from gansmith.doctor.ailments import AILMENTS
from gansmith.doctor.finding import ADVICE
from gansmith.doctor.history import History
from gansmith.doctor.thresholds import LEAST, STAGES, Thresholds, kin
from gansmith.errors import GansmithError

Peaks = Mapping[str, tuple[float, ...]]  # ailment -> largest sustained score in each stage

ENOUGH = 6  # trainings of a kin from which it has thresholds of its own
LITTLE = 0.1  # the least excess: how far beyond LEAST a score is not yet strange
ROOM = 1.02  # thresholds stand so far above what a healthy training reached


def calibrate(healthy: Sequence[History], seeds: Thresholds | None = None, *, rate: float = 0.05) -> Thresholds:
    """Thresholds under which at most about `rate` of trainings like `healthy` are alarmed; `bounds` say what is proven.

    seeds: thresholds set by hand, whose proportions are kept.
    Raises GansmithError for fewer than four.
    """
    if len(healthy) < 4:
        raise GansmithError(
            "Too few healthy trainings to calibrate on.", why=f"there are {len(healthy)}", do="record more"
        )
    peaks = [(kin(history), peaks_of(history)) for history in healthy]
    groups = {"": [peak for _, peak in peaks]}
    for name in sorted({name for name, _ in peaks if name}):
        groups[name] = [peak for other, peak in peaks if other == name]
    groups = {name: group for name, group in groups.items() if not name or len(group) >= ENOUGH}
    table: dict[str, dict[str, tuple[float, ...]]] = {ailment: {} for ailment in peaks[0][1]}
    bounds: dict[str, float] = {}
    for name, group in groups.items():
        limits, chance = limits_of(group, seeds or Thresholds(), name, rate)
        bounds[name] = round(chance, 4)
        for ailment, row in limits.items():
            table[ailment][name] = row
    return Thresholds(table, len(healthy), bounds)


def limits_of(group: Sequence[Peaks], seeds: Thresholds, name: str, rate: float) -> tuple[Peaks, float]:
    """Ailment -> thresholds per stage for trainings of one kin, and the share of them that may be alarmed."""
    excesses = excesses_of(group[::3], seeds, name)
    others = [peak for index, peak in enumerate(group) if index % 3]
    strange = sorted((strangeness(peak, excesses) for peak in others), reverse=True)
    k = max(1, math.floor(rate * (len(strange) + 1)))
    factor = max(1.0, strange[k - 1] * ROOM)  # never below the seeds: other data may be stranger than the bank's
    limits = {ailment: tuple(round(LEAST + excess * factor, 3) for excess in row) for ailment, row in excesses.items()}
    return limits, k / (len(strange) + 1)


def peaks_of(history: History, ailments: Sequence[Ailment] = AILMENTS) -> dict[str, tuple[float, ...]]:
    """The largest sustained score of each ailment in each stage of a training; 0 where there was none."""
    windows, found = history.windows(), {}
    for ailment in ailments:
        if ailment.name in ADVICE:
            continue
        series = ailment.scores(history if ailment.raw else windows)
        stage = np.searchsorted(STAGES, series.seen / max(history.length, 1e-12), side="right") - 1
        found[ailment.name] = tuple(
            float(series.values[stage == index].max(initial=0.0)) for index in range(len(STAGES))
        )
    return found


def excesses_of(group: Sequence[Peaks], seeds: Thresholds, name: str) -> Peaks:
    """Ailment -> how far beyond LEAST a threshold may go, per stage: as the seeds say, or nine of ten trainings."""
    found = {}
    for ailment in group[0]:
        rows = seeds.table.get(ailment, {})
        seeded = rows.get(name, rows.get("", (LEAST,) * len(STAGES)))
        reached = np.quantile([peak[ailment] for peak in group], 0.9, axis=0)
        found[ailment] = tuple(max(LITTLE, a - LEAST, float(b) - LEAST) for a, b in zip(seeded, reached))
    return found


def strangeness(peak: Peaks, excesses: Peaks) -> float:
    """The factor at which thresholds would just lie above all of a training's peaks; 0 where none passes LEAST."""
    return max(
        max(0.0, value - LEAST) / excess
        for ailment, row in peak.items()
        for value, excess in zip(row, excesses[ailment])
    )
