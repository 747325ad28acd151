"""Precision, recall, density and coverage against loops in numpy, and against what is expected of one source."""

from __future__ import annotations

import numpy as np
import pytest

from gansmith.measure.manifold import Manifold, manifold
from tests.measure.clouds import cloud


def loops(real: np.ndarray, fake: np.ndarray, k: int) -> Manifold:
    def reach(rows: np.ndarray, i: int) -> float:
        return float(sorted(np.linalg.norm(rows[i] - rows[j]) for j in range(len(rows)) if j != i)[k - 1])

    real_reach, fake_reach = ([reach(rows, i) for i in range(len(rows))] for rows in (real, fake))
    inside = np.array([[np.linalg.norm(r - f) <= reach for f in fake] for r, reach in zip(real, real_reach)])
    caught = np.array([[np.linalg.norm(r - f) <= reach for f, reach in zip(fake, fake_reach)] for r in real])
    return Manifold(
        precision=sum(inside[:, j].any() for j in range(len(fake))) / len(fake),
        recall=sum(caught[i].any() for i in range(len(real))) / len(real),
        density=inside.sum() / (k * len(fake)),
        coverage=sum(inside[i].any() for i in range(len(real))) / len(real),
    )


@pytest.mark.parametrize("k", [1, 5])
def test_they_are_what_loops_find(k: int) -> None:
    real, fake = cloud(25, 3), cloud(30, 3, 1, mean=0.7)
    found, expected = manifold(real, fake, k), loops(real.numpy(), fake.numpy(), k)
    for name in ("precision", "recall", "density", "coverage"):
        assert getattr(found, name) == pytest.approx(getattr(expected, name), abs=1e-6)


@pytest.mark.parametrize("k", [1, 2, 3, 5])
def test_of_one_source_coverage_is_one_minus_two_to_the_minus_k(k: int) -> None:
    """Naeem et al. 2020, lemma 2, for large sets; density is 1."""
    found = manifold(cloud(1500, 16), cloud(1500, 16, 1), k)
    assert found.coverage == pytest.approx(1 - 2.0**-k, abs=0.02)
    assert found.density == pytest.approx(1, abs=0.1)


def test_one_good_picture_is_precise_and_recalls_nothing() -> None:
    real = cloud(300, 4)
    found = manifold(real, real[:1].repeat(300, 1) + cloud(300, 4, 1, spread=1e-3))
    assert found.precision > 0.99
    assert found.recall < 0.01 and found.coverage < 0.1


def test_far_away_all_are_nought() -> None:
    assert manifold(cloud(50, 4), cloud(50, 4, 1, mean=100.0)) == Manifold(0, 0, 0, 0)


def test_constant_features_cannot_be_told_apart() -> None:
    assert manifold(cloud(20, 3, spread=0), cloud(20, 3, spread=0)) == Manifold(1, 1, 4, 1)
