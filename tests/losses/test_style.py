"""Style losses against other formulas: numpy's Gram matrices, scipy's roots, finite differences."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from scipy.linalg import sqrtm
from torch import Tensor

from gansmith.losses.style import EPS, Moments, gram, mixed, moments, variation, wasserstein


def maps(seed: int, channels: int = 6, size: tuple[int, int] = (7, 9), count: int = 1) -> Tensor:
    generator = torch.Generator().manual_seed(seed)
    x = torch.randn(count, channels, *size, generator=generator, dtype=torch.float64)
    mix = torch.randn(channels, channels, generator=generator, dtype=torch.float64)
    return torch.einsum("cd,ndhw->nchw", mix, x).relu()


def test_moments_are_numpys() -> None:
    x = maps(0, count=2)
    found = moments(x)
    for image, mean, covariance in zip(x.numpy(), found.mean.numpy(), found.covariance.numpy(), strict=True):
        flat = image.reshape(len(image), -1)
        assert np.allclose(mean, flat.mean(1))
        assert np.allclose(covariance, np.cov(flat, ddof=0))
    assert float(found.energy) == pytest.approx(float(x.square().mean()))


def test_a_mask_is_a_choice_of_positions() -> None:
    x = maps(1)
    mask = torch.zeros(1, 1, 7, 9, dtype=torch.float64)
    mask[..., :4] = 1
    for mine, cut in zip(vars(moments(x, mask)).values(), vars(moments(x[..., :4])).values(), strict=True):
        assert torch.allclose(mine, cut)


def test_moments_of_parts_are_mixed_by_their_sizes() -> None:
    x = maps(2)
    found = mixed([moments(x[..., :2]), moments(x[..., 2:])], [2, 7])
    assert torch.allclose(found.mean, moments(x).mean) and torch.allclose(found.second, moments(x).second)


def test_gram_is_gatys_formula() -> None:
    """E = sum (G - A)^2 / (4 N^2 M^2), Gatys et al. 2016, equation 4."""
    ours, theirs = maps(3), maps(4)
    f, s = (x[0].flatten(1).numpy() for x in (ours, theirs))
    channels, positions = f.shape
    expected = ((f @ f.T - s @ s.T) ** 2).sum() / (4 * channels**2 * positions**2)
    assert float(gram(moments(theirs))(moments(ours))) == pytest.approx(expected, rel=1e-9)


def distance(a: Moments, b: Moments) -> float:
    """The squared 2-Wasserstein distance by scipy, per channel."""
    (m, n), one = (x.mean[0].numpy() for x in (a, b)), np.eye(a.mean.shape[1]) * EPS
    s, t = (x.covariance[0].numpy() + one for x in (a, b))
    root = sqrtm(t)
    whole = ((m - n) ** 2).sum() + np.trace(s + t - 2 * np.real(sqrtm(root @ s @ root)))
    return float(whole) / len(m)


@pytest.mark.parametrize("size", [(7, 9), (2, 2)], ids=["full", "fewer positions than channels"])
def test_wasserstein_is_scipys(size: tuple[int, int]) -> None:
    ours, theirs = moments(maps(5, size=size)), moments(maps(6))
    assert float(wasserstein(theirs)(ours)) == pytest.approx(distance(ours, theirs), rel=1e-6)
    assert float(wasserstein(theirs)(theirs)) == pytest.approx(0, abs=1e-9)


def test_in_single_precision_it_is_as_good() -> None:
    ours, theirs = maps(7, 32, (30, 40)), maps(8, 32, (30, 40))
    single = wasserstein(moments(theirs.float()))(moments(ours.float()))
    assert float(single) == pytest.approx(distance(moments(ours), moments(theirs)), rel=1e-3)


def test_its_slope_is_that_of_finite_differences() -> None:
    x, loss = maps(9, 3, (2, 3), count=2), wasserstein(moments(maps(10, 3)))
    assert torch.autograd.gradcheck(lambda y: loss(moments(y)), (x + 0.1).requires_grad_())


def test_variation_by_hand() -> None:
    image = torch.tensor([[[[0.0, 1.0], [3.0, 7.0]]]])
    straight, corners = 1 + 16 + 9 + 36, 49 + 4
    assert float(variation(image)) == pytest.approx((straight * 2 / 3 + corners / 6) / 4)
    assert float(variation(torch.full((1, 3, 5, 5), 0.3))) == 0
