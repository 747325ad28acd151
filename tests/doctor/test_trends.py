"""Looking back along a curve, against plain loops over the same numbers."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.testing import assert_allclose

from gansmith.doctor.trends import (
    Array,
    above,
    before,
    below,
    highest,
    lowest,
    means,
    medians,
    so_far,
    sustained,
    swing,
    trailing,
)

CURVES = st.lists(st.one_of(st.floats(-100, 100), st.just(math.nan)), min_size=1, max_size=40)


@given(CURVES, st.integers(1, 7))
def test_trailing_figures(values: list[float], width: int) -> None:
    plain: dict[Callable[[Array], Array], Callable[[list[float]], Any]] = {
        medians: np.median,
        means: np.mean,
        highest: np.max,
        lowest: np.min,
    }
    for how, reference in plain.items():
        found = trailing(np.array(values), width, how)
        for row in range(len(values)):
            known = [value for value in values[max(0, row + 1 - width) : row + 1] if not math.isnan(value)]
            assert_allclose(found[row], reference(known) if known else math.nan, rtol=1e-9, atol=1e-9)


@given(CURVES)
def test_the_median_and_the_largest_so_far(values: list[float]) -> None:
    top, middle = so_far(np.array(values), 1.0), so_far(np.array(values), 0.5)
    for row in range(len(values)):
        known = sorted(value for value in values[: row + 1] if not math.isnan(value))
        assert_allclose(top[row], known[-1] if known else math.nan)
        if known:
            assert known[max(0, (len(known) - 1) // 2)] <= middle[row] <= known[len(known) // 2]


@given(st.lists(st.floats(0, 10), min_size=1, max_size=30), st.integers(1, 4), st.integers(0, 3))
def test_sustained_is_what_so_many_of_the_last_reach(scores: list[float], need: int, more: int) -> None:
    of = need + more
    found = sustained(np.array(scores), need, of)
    for row in range(len(scores)):
        last = scores[max(0, row + 1 - of) : row + 1]
        assert sum(score >= found[row] for score in last) >= need or found[row] == 0
        assert sum(score > found[row] for score in last) < need


def test_scores_are_1_at_the_limit() -> None:
    assert above(np.array([0.0, 2.0, 4.0, 1e9, np.nan, -3.0]), 2.0).tolist() == [0, 1, 2, 10, 0, 0]
    assert below(np.array([4.0, 2.0, 1.0, 0.0, -1.0, np.nan]), 2.0).tolist() == [0.5, 1, 2, 10, 10, 0]
    assert before(np.array([1.0, 2.0, 3.0]), 2)[2] == 1 and np.isnan(before(np.array([1.0]), 5)).all()


@pytest.mark.parametrize("period", [6, 10, 20])
def test_an_oscillation_is_measured(period: int) -> None:
    at = np.arange(64.0)
    found = swing(3 + 0.02 * at + np.sin(2 * np.pi * at / period))
    assert found.strength > 0.8 and abs(found.period - period) <= 1 and found.growth == pytest.approx(1, abs=0.15)
    growing = swing(3 + at / 64 * np.sin(2 * np.pi * at / period))
    assert growing.strength > 0.7 and growing.growth > 1.5
    assert found.size == pytest.approx(1 / np.median(3 + 0.02 * at), rel=0.15)


def walk(steps: Array) -> Array:
    return np.array(np.cumsum(steps), dtype=np.float64)


def test_noise_and_wandering_are_no_oscillation() -> None:
    dice = np.random.default_rng(0)
    noise = [swing(dice.normal(size=80)).strength for _ in range(200)]
    walks = [swing(walk(dice.normal(size=80))) for _ in range(200)]
    assert np.quantile(noise, 0.99) < 0.6
    assert np.mean([one.strength > 0.6 and 3 * one.period <= 80 for one in walks]) < 0.02
    assert swing(np.ones(64)).strength == swing(np.arange(64.0)).strength == swing(np.arange(9.0)).strength == 0
