"""Losses alone, of lengths, steps and scales that nobody knows beforehand: healthy stays healthy, ill gets its name."""

from __future__ import annotations

import zlib

import numpy as np
import pytest

from gansmith.doctor.diagnose import diagnose
from gansmith.doctor.finding import Diagnosis
from gansmith.runs.logs import foreign
from tests.doctor.drawn import HEALTHY, ILL, Array, Columns, Drawing

LENGTHS = (60, 400, 3000)


def diagnosed(drawing: Drawing, seed: str, rows: int, per_row: float = 1.0) -> Diagnosis:
    dice = np.random.default_rng(zlib.crc32(seed.encode()))
    columns = drawing(np.linspace(0, 1, rows), dice)
    metrics = [name for name in columns if not name.endswith("loss")]
    lines = [
        {
            "step": per_row * (row + 1),
            **{name: float(v[row]) for name, v in columns.items() if name not in metrics or not np.isnan(v[row])},
        }
        for row in range(rows)
    ]
    history = foreign(lines)
    assert history is not None
    return diagnose(history)


@pytest.mark.parametrize("name", HEALTHY)
def test_healthy_logs_stay_healthy(name: str) -> None:
    for rows in LENGTHS:
        for seed, per_row in enumerate((1.0, 64.0, 0.5)):
            diagnosis = diagnosed(HEALTHY[name], f"{name}{rows}{seed}", rows, per_row)
            assert diagnosis.healthy, (rows, seed, diagnosis.verdict)


@pytest.mark.parametrize("name", ILL)
def test_ill_logs_are_named(name: str) -> None:
    ailment, drawing = ILL[name]
    for rows in LENGTHS:
        for seed, per_row in enumerate((1.0, 100.0)):
            diagnosis = diagnosed(drawing, f"{name}{rows}{seed}", rows, per_row)
            assert [finding.ailment for finding in diagnosis.findings][:1] == [ailment], (rows, seed)
            assert diagnosis.healthy is (ailment == "under_trained")


def test_the_scale_of_losses_is_read_from_the_log() -> None:
    for factor in (0.1, 1.0, 30.0):

        def scaled(x: Array, dice: np.random.Generator, factor: float = factor) -> Columns:
            return {name: factor * values for name, values in HEALTHY["as a DCGAN"](x, dice).items()}

        assert diagnosed(scaled, f"{factor}", 400).healthy


def test_without_a_metric_the_words_are_careful() -> None:
    [alone] = diagnosed(ILL["won late"][1], "x", 400).findings
    [proven, *_] = diagnosed(ILL["won, metric bad"][1], "x", 400).findings
    assert alone.confidence < 0.7 < proven.confidence
    assert "look at the samples" in alone.words


def test_the_best_is_given_in_the_logs_own_steps() -> None:
    best = diagnosed(ILL["metric past its best"][1], "x", 400, per_row=100.0).best
    assert best is not None and best["metric"] == "FID"
    assert 0.2 < best["share"] < 0.7 and best["step"] == pytest.approx(best["share"] * 40_000, rel=0.01)


def test_a_log_of_a_hundred_thousand_lines() -> None:
    x = np.linspace(0, 1, 100_000)
    dice = np.random.default_rng(0)
    columns = {"discriminator/loss": 1.2 + 0.1 * dice.normal(size=len(x)), "generator/loss": 0.9 + 0 * x}
    from gansmith.doctor.history import History

    assert diagnose(History(np.arange(1.0, len(x) + 1), columns, foreign=True)).healthy
