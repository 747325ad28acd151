"""Intervals hold the truth about as often as they say, without being fooled by duplicates."""

from __future__ import annotations

import math

import pytest
import torch
from torch import Tensor

from gansmith.measure.bootstrap import clipped, floor, interval, intervals
from gansmith.measure.distances import Matrices
from gansmith.measure.manifold import from_matrices
from gansmith.measure.neighbours import told
from tests.measure.clouds import cloud


def test_of_a_mean_it_is_the_textbook_interval() -> None:
    rows = cloud(400, 1, spread=3).flatten()
    low, high = interval(lambda _, b: float(rows[b].mean()), float(rows.mean()), 1, 400, replicates=2000)
    assert (low + high) / 2 == pytest.approx(float(rows.mean()))
    assert (high - low) / 2 == pytest.approx(1.96 * float(rows.std()) / 20, rel=0.05)


def test_scores_of_neighbours_are_held_as_often_as_said() -> None:
    """Against the mean over 80 worlds: at least 90 in 100 for scores that duplicates would ruin."""
    n, every, seen, ranges = 60, torch.arange(60), [], []
    for world in range(80):
        matrices = Matrices.of(cloud(n, 4, 2 * world), cloud(n, 4, 2 * world + 1, mean=0.5))

        def figures(a: Tensor, b: Tensor, matrices: Matrices = matrices) -> dict[str, float]:
            some = matrices.rows(a, b)
            return {"coverage": from_matrices(some).coverage, "1-NN": told(some).accuracy}

        values = figures(every, every)
        seen.append(values)
        ranges.append(intervals(figures, values, n, n, replicates=30, seed=world))
    for name in ("coverage", "1-NN"):
        several = torch.tensor([values[name] for values in seen])
        truth = float(several.mean())
        assert sum(around[name][0] <= truth <= around[name][1] for around in ranges) / 80 >= 0.9
        width = sum(around[name][1] - around[name][0] for around in ranges) / 80
        assert width < 1.5 * 3.92 * float(several.std())


def test_they_are_the_same_every_time_and_touch_no_global_randomness() -> None:
    before = torch.get_rng_state()
    rows = cloud(50, 1).flatten()
    twice = [interval(lambda a, _: float(rows[a].sum()), 1.0, 50, 50) for _ in range(2)]
    assert twice[0] == twice[1]
    assert torch.equal(before, torch.get_rng_state())


def test_what_is_not_finite_has_no_interval() -> None:
    assert all(math.isnan(end) for end in interval(lambda a, b: math.nan, 1.0, 10, 10))


def test_they_stay_within_the_range_of_the_score() -> None:
    assert clipped((-0.1, 1.2), 0, 1) == (0, 1)
    assert clipped((-0.1, 1.2)) == (-0.1, 1.2)


def test_the_floor_is_of_equal_numbers() -> None:
    assert floor(lambda a, b: float(len(a) + len(b)), torch.zeros(7), torch.zeros(4)) == 8
