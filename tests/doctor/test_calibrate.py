"""Thresholds from healthy trainings: the bound on false alarms holds in simulation, and alarms keep to it."""

from __future__ import annotations

import numpy as np
import pytest

from gansmith.doctor import calibrate
from gansmith.doctor.calibrate import peaks_of
from gansmith.doctor.diagnose import alarm, diagnose
from gansmith.doctor.thresholds import LEAST, STAGES, Thresholds, kin, read, seeds, shipped
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


@pytest.mark.parametrize(("count", "rate"), [(40, 0.05), (120, 0.1), (12, 0.01)])
def test_false_alarms_keep_below_the_bound(monkeypatch: pytest.MonkeyPatch, count: int, rate: float) -> None:
    """In every kin by itself, for the bound is of the kin with the fewest."""
    dice, bounds = np.random.default_rng(0), []
    rates: dict[str, list[bool]] = {"gan images": [], "robust images": []}
    monkeypatch.setattr(calibrate, "peaks_of", lambda peaks: peaks[1])
    monkeypatch.setattr(calibrate, "kin", lambda peaks: peaks[0])
    for _ in range(300):
        thresholds = calibrate.calibrate(drawn(dice, count), rate=rate)  # type: ignore[arg-type]
        assert thresholds.runs == count and thresholds.bound is not None
        bounds.append(thresholds.bound)
        for name, peak in drawn(dice, 40):
            rates[name].append(alarmed(peak, name, thresholds))
    assert min(bounds) >= rate / 2
    for found in rates.values():
        assert np.mean(found) <= np.mean(bounds) + 0.01
        assert np.mean(found) >= 0.2 * np.mean(bounds)  # and is not bought by alarming nobody


def test_no_threshold_lies_below_the_seeds_and_their_proportions_are_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(calibrate, "peaks_of", lambda peaks: peaks[1])
    monkeypatch.setattr(calibrate, "kin", lambda peaks: peaks[0])
    seeds = Thresholds({"a": {"": (4.0, 3.0, 2.0, 1.5)}, "b": {"": (1.0, 1.0, 1.0, 1.0)}})
    calm = [("x", {"a": (0.5,) * 4, "b": (0.5,) * 4})] * 9
    found = calibrate.calibrate(calm, seeds)  # type: ignore[arg-type]
    assert found.table["a"]["x"] == (4.0, 3.0, 2.0, 1.5)
    wild = [("x", {"a": (7.0, 1.0, 1.0, 1.0), "b": (0.5,) * 4})] * 9
    limits = calibrate.calibrate(wild, seeds).table["a"]["x"]  # type: ignore[arg-type]
    assert limits[0] > 7.0 and limits[1:] == pytest.approx((3.0, 2.0, 1.5), rel=0.05)


def test_calibrated_on_trainings_like_these_nobody_is_alarmed_and_the_ill_still_are() -> None:
    thresholds = calibrate.calibrate([training(seed) for seed in range(12)], rate=0.05)
    assert thresholds.runs == 12 and thresholds.bound == pytest.approx(1 / 9, abs=1e-3)
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


def test_the_shipped_thresholds_are_measured_and_none_lies_below_its_seed() -> None:
    measured, by_hand = shipped(), seeds()
    assert measured.runs >= 30 and measured.bound is not None
    for ailment, rows in by_hand.table.items():
        for name, row in rows.items():
            assert all(a >= b for a, b in zip(measured.table[ailment].get(name, (9.0,) * 4), row)), (ailment, name)


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
