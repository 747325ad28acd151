"""Thresholds from healthy trainings: the bound on false alarms holds in simulation, and alarms keep to it."""

from __future__ import annotations

import numpy as np
import pytest

from gansmith.doctor import calibrate
from gansmith.doctor.calibrate import peaks_of
from gansmith.doctor.diagnose import alarm, diagnose
from gansmith.doctor.thresholds import LEAST, STAGES, Thresholds, kin, read, shipped
from gansmith.errors import GansmithError
from tests.doctor.shapes import training

Row = tuple[float, ...]


def drawn(dice: np.random.Generator, count: int) -> list[tuple[str, dict[str, Row]]]:
    """Peaks of healthy trainings with heavy tails, whose ailments go together."""
    shared = dice.lognormal(0, 0.7, size=count)
    return [
        (
            "gan images" if dice.random() < 0.4 else "robust images",
            {
                name: tuple(scale * level * dice.lognormal(0, 0.5, 4))
                for name, level in (("a", 0.5), ("b", 1.5), ("c", 3.0))
            },
        )
        for scale in shared
    ]


def alarmed(peak: dict[str, Row], name: str, thresholds: Thresholds) -> bool:
    rows = {ailment: kins.get(name, kins[""]) for ailment, kins in thresholds.table.items()}
    return any(value > limit for ailment, row in peak.items() for value, limit in zip(row, rows[ailment]))


@pytest.mark.parametrize(("count", "rate"), [(40, 0.05), (80, 0.1), (10, 0.01)])
def test_false_alarms_keep_below_the_bound(monkeypatch: pytest.MonkeyPatch, count: int, rate: float) -> None:
    dice, rates = np.random.default_rng(0), []
    monkeypatch.setattr(calibrate, "peaks_of", lambda peaks: peaks[1])
    monkeypatch.setattr(calibrate, "kin", lambda peaks: peaks[0])
    for _ in range(60):
        thresholds = calibrate.calibrate(drawn(dice, count), rate=rate)  # type: ignore[arg-type]
        rates.append(np.mean([alarmed(peak, name, thresholds) for name, peak in drawn(dice, 100)]))
    assert thresholds.runs == count // 2 and thresholds.bound is not None
    assert thresholds.bound == pytest.approx(max(1, int(rate * (count // 2 + 1))) / (count // 2 + 1))
    assert np.mean(rates) <= thresholds.bound + 0.01
    assert np.mean(rates) >= 0.25 * thresholds.bound  # and is not bought by alarming nobody


def test_calibrated_on_trainings_like_these_nobody_is_alarmed_and_the_ill_still_are() -> None:
    thresholds = calibrate.calibrate([training(seed) for seed in range(12)], rate=0.05)
    assert thresholds.runs == 6 and thresholds.bound == pytest.approx(1 / 7)
    assert [diagnose(training(seed), thresholds).healthy for seed in range(20, 32)].count(False) <= 2
    ill = training(3, check__diversity_pixels=0.05, check__diversity_features=0.05, eval__coverage=0.02)
    assert not diagnose(ill, thresholds).healthy


def test_four_trainings_are_the_least() -> None:
    with pytest.raises(GansmithError, match="Too few"):
        calibrate.calibrate([training(seed) for seed in range(3)])


def test_peaks_are_the_largest_scores_of_each_stage() -> None:
    peaks = peaks_of(training(0, check__nyquist=lambda x: np.where(x > 0.65, 20.0, 0.0)))
    assert peaks["checkerboard"][:3] == pytest.approx((0, 0, 0)) and peaks["checkerboard"][3] == pytest.approx(20 / 6)
    assert "under_trained" not in peaks  # advice alarms nobody


def test_thresholds_go_by_kin_and_stage_and_never_below_the_least() -> None:
    table = Thresholds({"a": {"robust images": (4.0, 3.0, 2.0, 0.1), "": (9.0, 9.0, 9.0, 9.0)}})
    history = training(0)
    at = np.array([0.05, 0.2, 0.5, 0.9]) * history.length
    assert kin(history) == "robust images"
    assert table.of("a", history, at).tolist() == [4, 3, 2, LEAST]
    assert table.of("unknown", history, at).tolist() == [LEAST] * 4
    assert read(table.to_json()) == table
    assert len(STAGES) == 4


def test_the_shipped_thresholds_can_be_read() -> None:
    assert shipped().table and all(
        len(row) == len(STAGES) and min(row) >= LEAST for kins in shipped().table.values() for row in kins.values()
    )


def test_an_alarm_does_not_flicker() -> None:
    limits = np.full(8, 1.0)
    assert alarm(np.array([0, 0, 1.1, 0.9, 1.2, 0.85, 0.9, 1.0]), limits) == 2
    assert alarm(np.array([0, 0, 1.1, 0.7, 0.9, 0.9, 0.9, 0.9]), limits) is None
    assert alarm(np.array([0, 2, 0, 0, 0, 0, 0, 1.5]), limits) == 7
    assert alarm(np.zeros(0), np.zeros(0)) is None
