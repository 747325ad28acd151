"""Mode coverage on sets whose answers are known."""

from __future__ import annotations

import math

import numpy as np
import pytest

from gansmith.data.synthetic import GRID_SIGMA, RING_SIGMA, grid, grid_centres, ring, ring_centres
from gansmith.measure.modes import coverage, perfect


@pytest.mark.parametrize(
    ("points", "centres", "sigma"),
    [(ring(40_000), ring_centres(), RING_SIGMA), (grid(40_000), grid_centres(), GRID_SIGMA)],
    ids=["ring", "grid"],
)
def test_a_perfect_sampler_scores_what_theory_says(points: np.ndarray, centres: np.ndarray, sigma: float) -> None:
    """1 - exp(-9/2) within 3 sigma in the plane; divergence about (modes - 1) / 2n."""
    found = coverage(points, centres, sigma)
    assert found.modes == found.total == len(centres)
    assert found.high_quality == pytest.approx(1 - math.exp(-4.5), abs=0.003)
    assert found.reverse_kl == pytest.approx((len(centres) - 1) / (2 * 40_000), rel=1.0)


def test_one_mode_alone() -> None:
    centres = ring_centres()
    found = coverage(np.repeat(centres[:1], 10, axis=0), centres, 0.01)
    assert (found.modes, found.high_quality) == (1, 1.0)
    assert found.reverse_kl == pytest.approx(math.log(8))


def test_half_of_them_unevenly() -> None:
    centres = np.array([[0.0, 0.0], [10.0, 0.0]])
    samples = np.array([[0, 0], [0.2, 0], [0, 0.29], [10, 0], [5, 5], [0, 0.31]])
    found = coverage(samples, centres, 0.1)
    assert (found.modes, found.total) == (2, 2)
    assert found.high_quality == pytest.approx(4 / 6)
    assert found.reverse_kl == pytest.approx(0.75 * math.log(1.5) + 0.25 * math.log(0.5))


def test_noise_covers_nothing() -> None:
    found = coverage(np.full((5, 2), 100.0), ring_centres(), 0.01)
    assert (found.modes, found.high_quality, found.reverse_kl) == (0, 0.0, math.inf)


@pytest.mark.parametrize(
    ("draw", "centres", "sigma", "modes"),
    [(ring, ring_centres(), RING_SIGMA, 8), (grid, grid_centres(), GRID_SIGMA, 25)],
)
def test_what_a_perfect_sampler_scores_is_known_beforehand(draw, centres, sigma: float, modes: int) -> None:  # type: ignore[no-untyped-def]
    expected = perfect(2500, modes)
    found = coverage(draw(2500), centres, sigma)
    assert (expected.modes, expected.total) == (found.modes, found.total) == (modes, modes)
    assert expected.high_quality == pytest.approx(1 - math.exp(-4.5))
    assert found.high_quality == pytest.approx(expected.high_quality, abs=0.008)
    assert expected.reverse_kl == pytest.approx({8: 0.0014, 25: 0.0048}[modes], rel=0.05)  # of 2 500 samples


def test_in_other_dimensions_it_is_the_chi_square_distribution() -> None:
    from scipy.stats import chi2

    assert [perfect(100, 4, d).high_quality for d in (1, 3, 10)] == pytest.approx(chi2.cdf(9, [1, 3, 10]))
    assert perfect(10, 1000).modes == 10 and perfect(5, 1).modes == 1
