"""How good samples are, and whether they still become better, as evaluations and distances tell it."""

from __future__ import annotations

import numpy as np
import pytest

from gansmith.doctor.history import History
from gansmith.doctor.quality import HOPEFUL, astray, covered, failing, improving, poor, quality
from tests.doctor.shapes import Array, rise, training


def evaluated(kid: list[float], coverage: list[float] | None = None) -> History:
    seen = np.arange(1.0, len(kid) + 1)
    columns = {"eval/kid": np.array(kid), "eval/kid floor": np.full(len(kid), 0.01)}
    if coverage:
        columns |= {"eval/coverage": np.array(coverage), "eval/coverage floor": np.full(len(kid), 1.0)}
    return History(seen, columns, total=float(len(kid)))


def test_kid_counts_by_orders_of_magnitude_above_chance() -> None:
    stuck = improving(evaluated([4e5, 3.9e5, 3.7e5, 3.6e5, 3.5e5, 3.4e5]))
    assert stuck[0] and not stuck[-1]  # thousands of millions of chance: such numbers fall by themselves
    assert improving(evaluated([9e3, 2e3, 9e2, 3e2, 1.5e2, 60])).all()
    assert improving(evaluated([0.4, 0.2, 0.1, 0.06, 0.04, 0.025])).all()
    assert not improving(evaluated([0.1, 0.1, 0.11, 0.1, 0.1, 0.09]))[-1]


def test_coverage_that_rises_is_getting_better_too() -> None:
    assert improving(evaluated([0.1] * 6, [0.1, 0.12, 0.15, 0.18, 0.21, 0.24]))[-1]
    assert not improving(evaluated([0.1] * 6, [0.1] * 6))[-1]


def test_the_metric_of_points_is_coverage() -> None:
    found = quality(evaluated([-0.01, -0.012, 0.005, -0.01], [0.5, 0.7, 0.9, 0.8]))
    assert found is not None and found.name == "coverage" and found.best == 2
    found = quality(evaluated([0.4, 0.2, 0.1, 0.2], [0.5, 0.7, 0.9, 0.8]))
    assert found is not None and found.name == "KID" and found.best == 2
    assert found.gained() == pytest.approx(1 - 0.12 / 0.42)


def test_a_beginning_is_hopeful_and_a_dead_end_is_not() -> None:
    def grows(x: Array) -> Array:
        return rise(x, 0.0, 0.9, 1.2)

    young = training(0, eval__coverage=grows, until=0.3, rows=90)
    assert (poor(young) <= HOPEFUL).all() and (failing(young) <= HOPEFUL).all()
    dead = training(0, eval__coverage=0.0, eval__kid=4e5)
    assert poor(dead)[-1] > 5 and failing(dead)[-1] > 3 and (failing(dead)[:30] <= HOPEFUL).all()


def test_coverage_is_told_against_what_there_could_be() -> None:
    history = evaluated([0.1] * 4, [0.2, 0.4, 0.3, 0.3])
    assert covered(history).tolist() == [0.2, 0.4, 0.4, 0.3]  # the better of two


def test_a_distance_that_stays_or_comes_back_is_astray() -> None:
    assert astray(training(0, distance=0.6))[-1] > 1
    assert astray(training(0, distance=lambda x: np.where(x < 0.3, rise(x, 0.6, 0.1, 20), 0.5)))[-1] > 1
    assert astray(training(0))[100:].max() < 1
