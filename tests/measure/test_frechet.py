"""Frechet distance against scipy's matrix root, torchmetrics, and normal distributions whose answer is a formula."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from scipy.linalg import sqrtm
from torch import Tensor

from gansmith.measure.frechet import frechet_distance
from tests.measure.clouds import cloud


def skewed(count: int, size: int, seed: int) -> Tensor:
    return cloud(count, size, seed) @ cloud(size, size, seed + 100) + cloud(1, size, seed + 200)


def by_scipy(real: Tensor, fake: Tensor) -> float:
    a, b = real.double().numpy(), fake.double().numpy()
    c, d = np.cov(a, rowvar=False), np.cov(b, rowvar=False)
    return float(((a.mean(0) - b.mean(0)) ** 2).sum() + np.trace(c + d - 2 * sqrtm(c @ d).real))


def test_it_is_scipys() -> None:
    real, fake = skewed(80, 6, 0), skewed(90, 6, 1)
    assert frechet_distance(real, fake) == pytest.approx(by_scipy(real, fake), rel=1e-6)


def test_it_is_torchmetrics() -> None:
    from torchmetrics.image.fid import _compute_fid

    real, fake = skewed(80, 6, 0).double(), skewed(90, 6, 1).double()
    expected = _compute_fid(real.mean(0), real.T.cov(), fake.mean(0), fake.T.cov())
    assert frechet_distance(real, fake) == pytest.approx(float(expected), rel=1e-6)


def test_of_normal_distributions_it_is_the_formula() -> None:
    """|m1 - m2|^2 + sum (s1 - s2)^2 where both are round."""
    real, fake = cloud(200_000, 3), cloud(200_000, 3, 1, mean=2.0, spread=3.0)
    assert frechet_distance(real, fake) == pytest.approx(3 * 2.0**2 + 3 * (3.0 - 1.0) ** 2, rel=0.01)


def test_of_equal_sets_it_is_nought_even_with_fewer_samples_than_dimensions() -> None:
    rows = cloud(20, 50)
    assert frechet_distance(rows, rows) == pytest.approx(0, abs=1e-5)
    assert frechet_distance(torch.ones(9, 3), torch.ones(9, 3)) == 0
    assert frechet_distance(torch.ones(9, 3), torch.zeros(9, 3)) == pytest.approx(3)
