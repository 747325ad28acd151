"""Kernel distance against loops in numpy, against torchmetrics, and against what is known of its mean."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from gansmith.measure.kernel import kid
from tests.measure.clouds import cloud


def loops(real: np.ndarray, fake: np.ndarray) -> float:
    def k(x: np.ndarray, y: np.ndarray) -> float:
        return float((x @ y / len(x) + 1) ** 3)

    n, m = len(real), len(fake)
    same = sum(k(real[i], real[j]) for i in range(n) for j in range(n) if i != j) / (n * (n - 1))
    same += sum(k(fake[i], fake[j]) for i in range(m) for j in range(m) if i != j) / (m * (m - 1))
    return same - 2 * sum(k(a, b) for a in real for b in fake) / (n * m)


def test_it_is_what_loops_find() -> None:
    real, fake = cloud(11, 4), cloud(17, 4, 1, mean=0.5)
    assert kid(real, fake) == pytest.approx(loops(real.double().numpy(), fake.double().numpy()), rel=1e-9)


def test_at_equal_sizes_it_is_torchmetrics() -> None:
    from torchmetrics.image.kid import poly_mmd

    real, fake = cloud(40, 8).double(), cloud(40, 8, 1, mean=0.3).double()
    assert kid(real, fake) == pytest.approx(float(poly_mmd(real, fake)), rel=1e-9)


def test_its_mean_is_nought_for_one_source_at_any_number_of_samples() -> None:
    found = [kid(cloud(20, 3, 2 * seed), cloud(30, 3, 2 * seed + 1)) for seed in range(300)]
    assert abs(np.mean(found)) < 3 * np.std(found) / np.sqrt(len(found))
    assert min(found) < 0 < max(found)


def test_it_grows_with_the_distance() -> None:
    real = cloud(200, 8)
    found = [kid(real, cloud(200, 8, 1, mean=shift)) for shift in (0.0, 0.3, 0.6, 1.2)]
    assert found == sorted(found) and found[1] > 0


def test_subsets_agree_on_average() -> None:
    real, fake = cloud(300, 8), cloud(300, 8, 1, mean=0.5)
    assert kid(real, fake, subsets=100, size=100) == pytest.approx(kid(real, fake), rel=0.1)
    assert kid(real, fake, subsets=3, size=100) == kid(real, fake, subsets=3, size=100)


def test_it_touches_no_global_randomness() -> None:
    before = torch.get_rng_state()
    kid(cloud(20, 3), cloud(20, 3, 1), subsets=2, size=10)
    assert torch.equal(before, torch.get_rng_state())
