"""Thresholds from a bank of healthy trainings, with a bound on false alarms that holds whatever their distribution.

Split conformal prediction (Vovk et al. 2005; Lei et al. 2018): every threshold is LEAST plus a common factor times how
far healthy trainings of a kin go beyond LEAST for that ailment in that stage. So a threshold rises only where healthy
trainings really go. A training's strangeness is the factor at which it would just raise no alarm. With those excesses
fixed beforehand, the strangeness of a new healthy training is equally likely to fall anywhere among those of n others,
so it exceeds their k-th largest with probability at most k / (n + 1): one quantile for all ailments together, so the
bound is per training, not per ailment.
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

ENOUGH = 5  # trainings of a kin from which it has scales of its own
LITTLE = 0.02  # excess where healthy trainings stay below LEAST: one that goes there is strange
ROOM = 1.02  # thresholds stand so far above what a healthy training reached


def calibrate(healthy: Sequence[History], *, rate: float = 0.05) -> Thresholds:
    """Thresholds under which at most about `rate` of trainings like `healthy` are alarmed; `bound` says what is proven.

    Every second training sets the excesses, the others the quantile. Raises GansmithError for fewer than four.
    """
    if len(healthy) < 4:
        raise GansmithError(
            "Too few healthy trainings to calibrate on.", why=f"there are {len(healthy)}", do="record more"
        )
    peaks = [(kin(history), peaks_of(history)) for history in healthy]
    excesses = excesses_of(peaks[::2])
    strange = sorted((strangeness(peak, name, excesses) for name, peak in peaks[1::2]), reverse=True)
    count = len(strange)
    k = max(1, math.floor(rate * (count + 1)))
    factor = strange[k - 1]
    table = {
        name: {group: tuple(round(LEAST + excess * factor * ROOM, 3) for excess in row) for group, row in rows.items()}
        for name, rows in excesses.items()
    }
    return Thresholds(table, runs=count, bound=k / (count + 1))


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


def excesses_of(peaks: Sequence[tuple[str, Peaks]]) -> dict[str, dict[str, tuple[float, ...]]]:
    """Ailment -> kin -> how far beyond LEAST nine of ten trainings stay, per stage; LITTLE where they stay below it."""
    groups: dict[str, list[Peaks]] = {}
    for name, peak in peaks:
        groups.setdefault(name, []).append(peak)
    groups = {name: group for name, group in groups.items() if name and len(group) >= ENOUGH}
    groups[""] = [peak for _, peak in peaks]
    return {
        ailment: {
            name: tuple(
                LITTLE + max(0.0, float(np.quantile([peak[ailment][stage] for peak in group], 0.9)) - LEAST)
                for stage in range(len(STAGES))
            )
            for name, group in sorted(groups.items())
        }
        for ailment in peaks[0][1]
    }


def strangeness(peak: Peaks, name: str, excesses: Mapping[str, Mapping[str, tuple[float, ...]]]) -> float:
    """The factor at which the thresholds of its kin would just lie above all of a training's peaks; 0 at the least."""
    return max(
        max(0.0, value - LEAST) / excess
        for ailment, row in peak.items()
        for value, excess in zip(row, excesses[ailment].get(name, excesses[ailment][""]))
    )
