"""Diversity on sets whose answer is known, and how quick it is."""

from __future__ import annotations

import math
import time

import pytest
import torch
from scipy.spatial.distance import pdist

from gansmith.measure.diversity import diversity, spread
from tests.measure.clouds import cloud


def test_the_spread_is_scipys_median() -> None:
    rows = cloud(15, 4)  # 105 pairs: an odd number has a middle
    assert spread(rows) == pytest.approx(sorted(pdist(rows))[52], rel=1e-5)


def test_it_is_the_ratio_of_spreads() -> None:
    real = cloud(64, 64)
    assert diversity(real, 0.25 * real + 3) == pytest.approx(0.25, rel=1e-4)
    assert diversity(real, real[:1].repeat(64, 1)) == 0
    assert diversity(real.view(64, 1, 8, 8), cloud(64, 64, 1).view(64, 1, 8, 8)) == pytest.approx(1, abs=0.05)
    assert math.isnan(diversity(torch.ones(5, 2), real[:, :2]))


def test_sixty_four_take_about_a_millisecond() -> None:
    real, fake = cloud(64, 64), cloud(64, 64, 1)
    times = []
    for _ in range(20):
        before = time.process_time()
        diversity(real, fake)
        times.append(time.process_time() - before)
    assert min(times) < 2e-3
