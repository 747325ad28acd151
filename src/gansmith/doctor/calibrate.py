"""Thresholds from a bank of healthy trainings, with a bound on false alarms that holds whatever their distribution.

Split conformal prediction (Vovk et al. 2005; Lei et al. 2018): a training's strangeness is the largest ratio, over all
ailments and stages, of its score to a scale. With the scales fixed beforehand, the strangeness of a new healthy
training is equally likely to fall anywhere among those of n others, so it exceeds their k-th largest with probability
at most k / (n + 1). One quantile for all ailments together, so the bound is per training, not per ailment.
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
ROOM = 1.02  # thresholds stand so far above what a healthy training reached


def calibrate(healthy: Sequence[History], *, rate: float = 0.05) -> Thresholds:
    """Thresholds under which at most about `rate` of trainings like `healthy` are alarmed; `bound` says what is proven.

    Every second training sets the scales, the others the quantile. Raises GansmithError for fewer than four.
    """
    if len(healthy) < 4:
        raise GansmithError(
            "Too few healthy trainings to calibrate on.", why=f"there are {len(healthy)}", do="record more"
        )
    peaks = [(kin(history), peaks_of(history)) for history in healthy]
    scales = scales_of(peaks[::2])
    strange = sorted((strangeness(peak, name, scales) for name, peak in peaks[1::2]), reverse=True)
    count = len(strange)
    k = max(1, math.floor(rate * (count + 1)))
    factor = strange[k - 1]
    table = {
        name: {
            group: tuple(round(max(LEAST, scale * factor * ROOM), 3) for scale in row) for group, row in rows.items()
        }
        for name, rows in scales.items()
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


def scales_of(peaks: Sequence[tuple[str, Peaks]]) -> dict[str, dict[str, tuple[float, ...]]]:
    """Ailment -> kin -> scale per stage: what nine of ten trainings stay below, and never less than LEAST."""
    groups: dict[str, list[Peaks]] = {}
    for name, peak in peaks:
        groups.setdefault(name, []).append(peak)
    groups = {name: group for name, group in groups.items() if name and len(group) >= ENOUGH}
    groups[""] = [peak for _, peak in peaks]
    return {
        ailment: {
            name: tuple(
                max(LEAST, float(np.quantile([peak[ailment][stage] for peak in group], 0.9)))
                for stage in range(len(STAGES))
            )
            for name, group in sorted(groups.items())
        }
        for ailment in peaks[0][1]
    }


def strangeness(peak: Peaks, name: str, scales: Mapping[str, Mapping[str, tuple[float, ...]]]) -> float:
    """The largest ratio of a training's peaks to the scales of its kin."""
    return max(
        value / scale
        for ailment, row in peak.items()
        for value, scale in zip(row, scales[ailment].get(name, scales[ailment][""]))
    )
