"""The diagnosis as a whole: pure, quick, sorted by cause, with a verdict, a best and a light."""

from __future__ import annotations

import json
import time
from typing import Any

import numpy as np
import pytest

from gansmith.doctor.diagnose import diagnose
from gansmith.doctor.finding import Diagnosis, Finding, light
from gansmith.doctor.history import History
from gansmith.doctor.precedence import sorted_out
from tests.doctor.shapes import PLAIN, TOTAL, rise, step, training

COLLAPSED: dict[str, Any] = {
    "check__diversity_pixels": lambda x: step(x, 0.4, 0.9, 0.05),
    "check__diversity_features": lambda x: step(x, 0.4, 0.9, 0.05),
    "eval__coverage": lambda x: step(x, 0.4, 0.7, 0.02),
}


def test_the_same_history_gives_the_same_diagnosis_and_stays_as_it_was() -> None:
    history = training(1, **COLLAPSED)
    before = {name: values.copy() for name, values in history.columns.items()}
    first, second = diagnose(history).to_json(), diagnose(history).to_json()
    assert first == second
    assert all(np.array_equal(values, before[name], equal_nan=True) for name, values in history.columns.items())


def test_it_is_quick_enough_to_run_while_training() -> None:
    history = training(0, rows=2000)
    diagnose(history)
    spent = []
    for _ in range(5):
        start = time.process_time()
        diagnose(history)
        spent.append(time.process_time() - start)
    assert min(spent) < 0.05


@pytest.mark.parametrize("rows", [0, 1, 2, 5])
def test_next_to_nothing_measured_is_no_illness(rows: int) -> None:
    diagnosis = diagnose(History(np.arange(1.0, rows + 1), {"discriminator/loss": np.ones(rows)}, total=1000.0))
    assert diagnosis.healthy and diagnosis.best is None and diagnosis.verdict


def test_columns_without_a_single_number_are_nothing() -> None:
    empty = {name: np.full(30, np.nan) for name in ("eval/kid", "check/nyquist", "discriminator/loss", "metric")}
    for foreign in (False, True):
        assert diagnose(History(np.arange(1.0, 31.0), empty, foreign=foreign)).healthy


def test_an_equilibrium_is_named_as_such() -> None:
    diagnosis = diagnose(training(1, accuracy__real=0.5, accuracy__fake=0.52))
    assert diagnosis.healthy and "equilibrium" in diagnosis.verdict


def test_where_it_was_best() -> None:
    diagnosis = diagnose(training(1, eval__kid=lambda x: 0.02 + 0.02 * np.abs(x - 0.6)))
    assert diagnosis.best is not None
    assert diagnosis.best["seen"] == 240_000 and diagnosis.best["step"] == 3_750
    assert diagnosis.best["metric"] == "KID" and diagnosis.best["share"] == 0.6
    assert "KID was best at 6" in diagnosis.verdict


def test_when_to_stop() -> None:
    dice = np.random.default_rng(0)
    level = diagnose(training(1, eval__kid=lambda x: rise(x, 0.4, 0.02, 20) * np.exp(0.03 * dice.normal(size=len(x)))))
    assert "The last third brought nothing." in level.verdict
    falling = diagnose(training(1, eval__kid=lambda x: 0.4 - 0.35 * x))
    assert falling.healthy and "still improving" in falling.verdict
    assert [finding.ailment for finding in falling.findings] == ["under_trained"]
    assert diagnose(training(1, until=0.5, rows=150)).verdict.startswith("Healthy so far")


def test_a_collapse_explains_the_rest() -> None:
    history = training(1, **COLLAPSED, eval__memorised=0.2, accuracy__real=0.5, accuracy__fake=0.5)
    assert diagnose(history).findings[0].ailment == "mode_collapse"


def test_an_explosion_stands_above_all() -> None:
    broken: dict[str, Any] = {"generator__loss": lambda x: np.where(x > 0.6, np.inf, 1.0)}
    found = diagnose(training(1, **COLLAPSED, **broken, check__nyquist=9.0)).findings
    assert [finding.ailment for finding in found] == ["explosion"]


def test_of_two_rivals_the_faster_network_is_the_cause() -> None:
    def first(**settings: float) -> str:
        pair = [Finding("mode_collapse", 0.9, 0.9, 100.0), Finding("discriminator_overpowers", 0.9, 0.9, 100.0)]
        return sorted_out(pair, {**PLAIN, **settings}, TOTAL)[0].ailment

    assert first(d_lr=0.02) == "discriminator_overpowers"
    assert first(lr=0.02, d_lr=2e-4) == "mode_collapse"
    early = [Finding("mode_collapse", 0.9, 0.9, 0.0), Finding("discriminator_overpowers", 0.9, 0.9, 0.5 * TOTAL)]
    assert sorted_out(early, PLAIN, TOTAL)[0].ailment == "mode_collapse"


def test_what_is_printed_is_json() -> None:
    found = diagnose(training(1, generator__loss=lambda x: np.where(x > 0.6, np.inf, 1.0))).to_json()
    assert found.keys() == {"healthy", "verdict", "best", "findings"}
    assert json.loads(json.dumps(found, allow_nan=False)) == found
    keys = {"ailment", "severity", "confidence", "onset", "evidence", "words", "remedies"}
    assert all(finding.keys() == keys for finding in found["findings"])
    remedy = found["findings"][0]["remedies"][0]
    assert remedy["id"] == "halve-rates" and remedy["gain"] == 0.5 and remedy["roll_back"] is True


def test_remedies_are_made_from_the_settings() -> None:
    about = {"settings": {**PLAIN, "d_lr": 0.02}}
    finding = diagnose(training(1, about=about, **COLLAPSED)).findings[0]
    assert [remedy.id for remedy in finding.remedies][:2] == ["same-rate", "relativistic"]
    assert finding.remedies[1].changes["gamma"] == pytest.approx(784 / 800)


def test_the_light() -> None:
    def colour(*findings: Finding) -> str:
        return light(Diagnosis(not any(finding.sick for finding in findings), "words", None, findings))[0]

    assert colour() == "green"
    assert colour(Finding("under_trained", 0.3, 0.8, 1.0, sick=False)) == "green"
    assert colour(Finding("checkerboard", 0.3, 0.5, 1.0, words="A grid. More.")) == "amber"
    assert colour(Finding("explosion", 1.0, 0.9, 1.0, words="It broke. More.")) == "red"
    assert light(diagnose(training(1, **COLLAPSED)))[1].startswith("mode collapse: Mode collapse")
