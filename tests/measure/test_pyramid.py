"""The patches' distance against a slow one in numpy and scipy, and on pictures spoiled on purpose."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from scipy.ndimage import convolve
from scipy.stats import wasserstein_distance
from torch.nn.functional import avg_pool2d

from gansmith.measure import pyramid as module
from gansmith.measure.pyramid import pyramid, swd
from tests.measure.clouds import fashion

BINOMIAL = np.outer([1, 4, 6, 4, 1], [1, 4, 6, 4, 1]) / 256


def test_a_level_is_what_scipy_finds() -> None:
    image = torch.rand(1, 1, 32, 32, generator=torch.Generator().manual_seed(0))
    fine, coarse = pyramid(image)
    whole = image[0, 0].double().numpy()
    smaller = convolve(whole, BINOMIAL, mode="mirror")[::2, ::2]
    assert coarse[0, 0].numpy() == pytest.approx(smaller, abs=1e-5)
    grown = np.zeros((32, 32))
    grown[::2, ::2] = smaller
    assert fine[0, 0].numpy() == pytest.approx(whole - 4 * convolve(grown, BINOMIAL, mode="mirror"), abs=1e-5)


@pytest.mark.parametrize(("side", "levels"), [(8, [8]), (16, [16]), (28, [28, 14]), (64, [64, 32, 16])])
def test_scales_go_down_to_about_sixteen(side: int, levels: list[int]) -> None:
    images = torch.rand(3, 2, side, side + 4)
    assert [min(level.shape[2:]) for level in pyramid(images)] == levels
    assert list(swd(images, images).levels) == levels


def test_a_constant_picture_has_no_detail() -> None:
    fine, coarse = pyramid(torch.full((1, 3, 32, 32), 0.5))
    assert fine.abs().max() < 1e-6
    assert coarse == pytest.approx(torch.full((1, 3, 16, 16), 0.5))


def test_along_each_direction_it_is_scipys(monkeypatch: pytest.MonkeyPatch) -> None:
    """One scale of 8 pixels, one repeat of a few directions."""
    monkeypatch.setattr(module, "REPEATS", 1)
    monkeypatch.setattr(module, "DIRECTIONS", 5)
    chance = torch.Generator().manual_seed(1)
    real, fake = torch.rand(9, 2, 8, 8, generator=chance), torch.rand(9, 2, 8, 8, generator=chance) ** 2
    a, b = module._scales(real, seed=0)[8], module._scales(fake, seed=0)[8]
    axes = torch.randn(a.shape[1], 5, generator=torch.Generator().manual_seed(0))
    axes /= axes.norm(dim=0)
    each = [wasserstein_distance((a @ axis).numpy(), (b @ axis).numpy()) for axis in axes.T]
    assert swd(real, fake).mean == pytest.approx(1000 * float(np.mean(each)), rel=1e-4)


def test_patches_are_pieces_of_their_picture_and_normalised() -> None:
    images = torch.rand(4, 1, 12, 10)
    patches = module._scales(images, seed=3)[10]
    assert patches.shape == (4 * 128, 49)
    assert (float(patches.mean()), float(patches.std())) == pytest.approx((0, 1), abs=1e-3)
    rows = patches.view(4, 128, 7, 7)[2, 5]
    windows = images[2, 0].unfold(0, 7, 1).unfold(1, 7, 1).reshape(-1, 49)
    likeness = torch.corrcoef(torch.cat([rows.reshape(1, 49), windows]))[0, 1:]
    assert float(likeness.max()) == pytest.approx(1, abs=1e-5)


def test_it_tells_scales_apart_on_real_pictures(shared_data: Path) -> None:
    images = fashion(shared_data).images
    real, other = images[:256], images[256:512]
    floor, blurred = swd(real, other), swd(real, avg_pool2d(other, 3, 1, 1))
    noisy = swd(real, other + 0.1 * torch.randn(other.shape, generator=torch.Generator().manual_seed(0)))
    assert swd(real, real).mean == 0
    assert blurred.levels[28] > 4 * floor.levels[28] and noisy.levels[28] > 2 * floor.levels[28]
    assert noisy.levels[14] < 2 * floor.levels[14]
    assert abs(floor.mean - swd(other, images[512:768]).mean) < 4 * (floor.error + 3)


def test_sets_of_unequal_shape_are_refused() -> None:
    with pytest.raises(ValueError, match="equal shape"):
        swd(torch.zeros(3, 1, 8, 8), torch.zeros(4, 1, 8, 8))
