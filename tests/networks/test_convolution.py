"""The 4x4 convolutions equal torch's own, whichever form is chosen, in values, gradients and second derivatives."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import nullcontext

import pytest
import torch
from torch import Tensor, nn
from torch.autograd import grad, gradcheck, gradgradcheck
from torch.nn.functional import conv2d, conv_transpose2d

from gansmith.networks import convolution
from gansmith.networks.convolution import (
    Doubling,
    Halving,
    doubling,
    halving,
    multiplying_less_pays,
    narrow_doubling,
    narrow_halving,
)

Convolution = Callable[[Tensor, Tensor], Tensor]


def plainly_halved(x: Tensor, weight: Tensor) -> Tensor:
    return conv2d(x, weight, None, 2, 1)


def plainly_doubled(x: Tensor, weight: Tensor) -> Tensor:
    return conv_transpose2d(x, weight, None, 2, 1)


def random(*shape: int, seed: int = 0, dtype: torch.dtype = torch.float32) -> Tensor:
    return torch.randn(*shape, dtype=dtype, generator=torch.Generator().manual_seed(seed))


@pytest.mark.parametrize("channels", [1, 3, 4, 5])
@pytest.mark.parametrize(
    ("ours", "theirs", "shape"),
    [
        (halving, plainly_halved, (8, 0, 6, 10)),
        (halving, plainly_halved, (8, 0, 7, 10)),
        (doubling, plainly_doubled, (8, 7, 3, 5)),
    ],
)
def test_narrow_ends(ours: Convolution, theirs: Convolution, shape: tuple[int, ...], channels: int) -> None:
    x = random(shape[0], shape[1] or channels, *shape[2:], dtype=torch.float64).requires_grad_()
    weight = random(7, channels, 4, 4, seed=1, dtype=torch.float64).requires_grad_()
    a, b = ours(x, weight), theirs(x, weight)
    torch.testing.assert_close(a, b)
    back = random(*b.shape, seed=2, dtype=torch.float64)
    torch.testing.assert_close(grad(a, (x, weight), back), grad(b, (x, weight), back))


@pytest.mark.parametrize(("ours", "shape"), [(narrow_halving, (1, 2, 4, 4)), (narrow_doubling, (1, 3, 2, 2))])
def test_second_derivatives_of_narrow_ends(ours: Convolution, shape: tuple[int, ...]) -> None:
    x = random(*shape, dtype=torch.float64).requires_grad_()
    weight = random(3, 2, 4, 4, seed=1, dtype=torch.float64).requires_grad_()
    assert gradcheck(ours, (x, weight)) and gradgradcheck(ours, (x, weight))


@pytest.mark.parametrize("shape", [(1, 7, 4, 4), (2, 7, 3, 5), (1, 7, 1, 1)])
def test_few_pixels(shape: tuple[int, ...]) -> None:
    x, weight = random(*shape, dtype=torch.float64), random(7, 6, 4, 4, seed=1, dtype=torch.float64)
    with torch.no_grad():
        torch.testing.assert_close(doubling(x, weight), plainly_doubled(x, weight))


@pytest.mark.parametrize(
    ("ours", "theirs", "shape", "layers"),
    [
        (halving, plainly_halved, (2, 32, 4, 6), (48, 32)),
        (halving, plainly_halved, (1, 32, 2, 2), (48, 32)),
        (doubling, plainly_doubled, (2, 48, 3, 5), (48, 32)),
        (doubling, plainly_doubled, (1, 48, 1, 1), (48, 32)),
    ],
)
def test_few_pixels_are_one_product_in_learning_too(
    ours: Convolution,
    theirs: Convolution,
    shape: tuple[int, ...],
    layers: tuple[int, int],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Values, gradients and the layout of the weights' gradient; the library's own convolution is not asked."""
    x = random(*shape, dtype=torch.float64).requires_grad_()
    weight = random(*layers, 4, 4, seed=1, dtype=torch.float64)
    weight = weight.contiguous(memory_format=torch.channels_last).requires_grad_()
    b = theirs(x, weight)
    monkeypatch.setattr(convolution, "conv2d", None)
    monkeypatch.setattr(convolution, "conv_transpose2d", None)
    a = ours(x, weight)
    torch.testing.assert_close(a, b)
    back = random(*b.shape, seed=2, dtype=torch.float64)
    of_x, of_weight = grad(a, (x, weight), back)
    torch.testing.assert_close((of_x, of_weight), grad(b, (x, weight), back))
    assert of_weight.is_contiguous(memory_format=torch.channels_last)
    assert gradgradcheck(ours, (x[:1, :, :2, :2].detach().requires_grad_(), weight), atol=1e-4, fast_mode=True)


@pytest.mark.parametrize("autocast", [False, True])
@pytest.mark.parametrize(("shape", "module"), [((32, 64, 8, 8), Halving(64, 96)), ((32, 64, 4, 4), Doubling(64, 32))])
def test_deep_layers_in_bfloat16(shape: tuple[int, ...], module: nn.Module, autocast: bool) -> None:
    """Results and gradients within the accuracy of bfloat16; the parameter's gradient keeps the parameter's type."""
    weight = module.weight
    assert isinstance(weight, Tensor)
    x = random(*shape).requires_grad_()
    exact = (plainly_halved if isinstance(module, Halving) else plainly_doubled)(x, weight)
    back = random(*exact.shape, seed=2)
    wanted = grad(exact, (x, weight), back)
    with torch.autocast("cpu", dtype=torch.bfloat16) if autocast else nullcontext():
        result = module(x if autocast else x.bfloat16())
    assert result.dtype == torch.bfloat16
    found = grad(result, (x, weight), back.bfloat16())
    for ours, theirs in zip((result, *found), (exact, *wanted), strict=True):
        assert ((ours.float() - theirs).square().mean() / theirs.square().mean()).sqrt() < 0.01
    assert found[1].dtype == torch.float32


def test_float32_is_left_to_the_library() -> None:
    x, weight = random(64, 64, 8, 8), random(64, 64, 4, 4, seed=1)
    assert not multiplying_less_pays(x, weight, 4, 4)
    assert torch.equal(halving(x, weight), plainly_halved(x, weight))


def test_odd_sizes_lose_their_last_row() -> None:
    x, weight = random(64, 64, 9, 9).bfloat16(), random(64, 64, 4, 4, seed=1).bfloat16()
    assert torch.equal(halving(x, weight), plainly_halved(x, weight))


@pytest.mark.parametrize(("n", "channels", "side"), [(64, 64, 3), (64, 64, 16), (64, 16, 4), (1, 64, 4)])
def test_odd_large_shallow_or_few_maps_are_left_to_the_library(n: int, channels: int, side: int) -> None:
    x, weight = random(n, channels, 2 * side, 2 * side).bfloat16(), random(64, channels, 4, 4, seed=1).bfloat16()
    assert not multiplying_less_pays(x, weight, side, side)
    assert torch.equal(halving(x, weight), plainly_halved(x, weight))


@pytest.mark.parametrize(
    ("module", "shape"),
    [(Halving(64, 64), (64, 64, 8, 8)), (Doubling(64, 64), (64, 64, 4, 4)), (Doubling(64, 3), (2, 64, 4, 4))],
)
def test_a_bias_given_later_is_added(module: Halving | Doubling, shape: tuple[int, ...]) -> None:
    x = random(*shape).bfloat16()
    without = module(x).float()
    module.bias = nn.Parameter(torch.arange(float(without.shape[1])))
    torch.testing.assert_close(module(x).float(), without + module.bias[:, None, None], rtol=0.01, atol=0.01)


def test_they_are_ordinary_modules() -> None:
    assert isinstance(Halving(3, 8), nn.Conv2d) and isinstance(Doubling(8, 3), nn.ConvTranspose2d)
    plain = nn.Conv2d(3, 8, 4, 2, 1, bias=False)
    assert Halving(3, 8).load_state_dict(plain.state_dict()).missing_keys == []
    assert convolution.Doubling(8, 3).weight.shape == nn.ConvTranspose2d(8, 3, 4, 2, 1, bias=False).weight.shape
