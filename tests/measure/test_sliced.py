"""Sliced Wasserstein distance against scipy, and against closed forms."""

from __future__ import annotations

import pytest
import torch
from scipy.stats import wasserstein_distance
from torch import Tensor

from gansmith.measure.sliced import flat, sliced_wasserstein


def clouds(count: int = 50, size: int = 3) -> tuple[Tensor, Tensor]:
    chance = torch.Generator().manual_seed(0)
    return torch.randn(count, size, generator=chance), 2 * torch.rand(count, size, generator=chance) + 0.5


def test_along_one_axis_it_is_scipys() -> None:
    a, b = clouds(size=1)
    assert sliced_wasserstein(a, b) == pytest.approx(wasserstein_distance(a[:, 0], b[:, 0]), rel=1e-5)


def test_along_many_it_is_the_mean_of_scipys() -> None:
    a, b = clouds()
    axes = torch.randn(3, 20, generator=torch.Generator().manual_seed(4))
    axes /= axes.norm(dim=0)
    expected = [wasserstein_distance(a @ axis, b @ axis) for axis in axes.T]
    assert sliced_wasserstein(a, b, directions=20, seed=4) == pytest.approx(sum(expected) / 20, rel=1e-5)


def test_of_a_shift_it_is_the_mean_length_of_its_shadow() -> None:
    """A shift by v moves every projection by v . u; on a circle the mean of |v . u| is 2 |v| / pi."""
    a, _ = clouds(200, 2)
    v = torch.tensor([3.0, -4.0])
    assert sliced_wasserstein(a, a + v, directions=4000) == pytest.approx(2 * 5 / torch.pi, rel=0.03)


def test_it_is_a_distance() -> None:
    a, b = clouds()
    c = torch.randn(50, 3)
    assert sliced_wasserstein(a, a) == 0
    assert sliced_wasserstein(a, a[torch.randperm(50)]) == pytest.approx(0, abs=1e-7)
    assert sliced_wasserstein(a, b) == sliced_wasserstein(b, a) > 0
    assert sliced_wasserstein(a, b) <= sliced_wasserstein(a, c) + sliced_wasserstein(c, b) + 1e-6
    assert sliced_wasserstein(3 * a, 3 * b) == pytest.approx(3 * sliced_wasserstein(a, b), rel=1e-5)


def test_it_touches_no_global_randomness() -> None:
    before = torch.get_rng_state()
    sliced_wasserstein(*clouds())
    assert torch.equal(before, torch.get_rng_state())


def test_sets_of_unequal_shape_are_refused() -> None:
    with pytest.raises(ValueError, match="equal shape"):
        sliced_wasserstein(torch.zeros(3, 2), torch.zeros(4, 2))


def test_images_are_flattened_to_averaged_pixels() -> None:
    image = torch.arange(2 * 3 * 32 * 32, dtype=torch.float32).view(2, 3, 32, 32)
    rows = flat(image)
    assert rows.shape == (2, 3 * 16 * 16)
    assert rows[0, 0].item() == image[0, 0, :2, :2].mean()
    small = torch.rand(2, 1, 8, 20)
    assert flat(small).shape == (2, 8 * 16)
    points = torch.rand(4, 2)
    assert torch.equal(flat(points), points)
