"""Winograd's form of the 4x4 convolutions against torch's own, in float64 and to the second derivative."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor
from torch.autograd import grad, gradcheck, gradgradcheck
from torch.nn.functional import conv2d, conv_transpose2d

from gansmith.networks.winograd import (
    double,
    from_kernels,
    from_results,
    from_tiles,
    halve,
    to_kernels,
    to_results,
    to_tiles,
)

SIZES = [(1, 2, 3, 2, 2), (2, 3, 5, 4, 4), (3, 4, 2, 2, 6), (2, 5, 4, 8, 4)]  # N, C, K, h, w


def random(*shape: int, seed: int = 0, channels_last: bool = False) -> Tensor:
    drawn = torch.randn(*shape, dtype=torch.float64, generator=torch.Generator().manual_seed(seed))
    return drawn.contiguous(memory_format=torch.channels_last) if channels_last else drawn


@pytest.mark.parametrize("channels_last", [False, True])
@pytest.mark.parametrize(("n", "c", "k", "h", "w"), SIZES)
def test_halving_equals_a_convolution(n: int, c: int, k: int, h: int, w: int, channels_last: bool) -> None:
    x = random(n, c, 2 * h, 2 * w, channels_last=channels_last).requires_grad_()
    weight = random(k, c, 4, 4, seed=1, channels_last=channels_last).requires_grad_()
    ours, theirs = halve(x, weight), conv2d(x, weight, None, 2, 1)
    torch.testing.assert_close(ours, theirs)
    back = random(*theirs.shape, seed=2)
    torch.testing.assert_close(grad(ours, (x, weight), back), grad(theirs, (x, weight), back))


@pytest.mark.parametrize("channels_last", [False, True])
@pytest.mark.parametrize(("n", "c", "k", "h", "w"), SIZES)
def test_doubling_equals_a_transposed_convolution(n: int, c: int, k: int, h: int, w: int, channels_last: bool) -> None:
    x = random(n, k, h, w, channels_last=channels_last).requires_grad_()
    weight = random(k, c, 4, 4, seed=1, channels_last=channels_last).requires_grad_()
    ours, theirs = double(x, weight), conv_transpose2d(x, weight, None, 2, 1)
    torch.testing.assert_close(ours, theirs)
    back = random(*theirs.shape, seed=2)
    torch.testing.assert_close(grad(ours, (x, weight), back), grad(theirs, (x, weight), back))


def test_second_derivatives() -> None:
    x, weight = random(1, 2, 4, 4).requires_grad_(), random(2, 2, 4, 4, seed=1).requires_grad_()
    assert gradcheck(halve, (x, weight)) and gradgradcheck(halve, (x, weight))
    x = random(1, 2, 2, 2).requires_grad_()
    assert gradcheck(double, (x, weight)) and gradgradcheck(double, (x, weight))


def test_maps_and_adjoints_agree() -> None:
    """<A x, y> = <x, A* y> for each of the three maps."""
    n, c, h, w = 2, 3, 4, 6
    x, tiles = random(n, 2 * h, 2 * w, c), random(9, n * h * w // 4, 4 * c, seed=1)
    torch.testing.assert_close((to_tiles(x) * tiles).sum(), (x * from_tiles(tiles, n, h, w)).sum())
    weight, kernels = random(5, c, 4, 4), random(9, 5, 4 * c, seed=1)
    torch.testing.assert_close((to_kernels(weight) * kernels).sum(), (weight * from_kernels(kernels)).sum())
    results, products = random(n, h, w, 5), random(9, n * h * w // 4, 5, seed=1)
    torch.testing.assert_close(
        (from_results(results) * products).sum(), (results * to_results(products, n, h, w)).sum()
    )


def test_bfloat16_loses_under_one_per_cent() -> None:
    x, weight = random(8, 64, 16, 16).float(), random(96, 64, 4, 4, seed=1).float()
    exact = conv2d(x, weight, None, 2, 1)
    ours = halve(x.bfloat16(), weight.bfloat16()).float()
    assert ((ours - exact).square().mean() / exact.square().mean()).sqrt() < 0.01
