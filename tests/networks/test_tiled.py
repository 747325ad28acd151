"""Tiles give what the plain convolution gives, forward and backward, and are taken only where they pay."""

from __future__ import annotations

import pytest
import torch
from torch.nn.functional import conv2d

from gansmith.networks import tiled
from gansmith.networks.tiled import Conv3x3


@pytest.mark.parametrize("size", [(1, 3, 5, 2, 2), (2, 5, 3, 4, 6), (3, 4, 4, 8, 2)])
def test_result_and_gradients_are_the_convolutions(size: tuple[int, ...]) -> None:
    n, c, k, h, w = size
    chance = torch.Generator().manual_seed(0)
    x = torch.randn(n, c, h + 2, w + 2, dtype=torch.float64, generator=chance).requires_grad_()
    weight = torch.randn(k, c, 3, 3, dtype=torch.float64, generator=chance).requires_grad_()
    gradient = torch.randn(n, k, h, w, dtype=torch.float64, generator=chance)
    plain, ours = conv2d(x, weight), tiled.tiled(x, weight)
    torch.testing.assert_close(ours, plain, rtol=1e-10, atol=1e-12)
    expected = torch.autograd.grad(plain, (x, weight), gradient)
    found = torch.autograd.grad(ours, (x, weight), gradient)
    for one, other in zip(found, expected, strict=True):
        torch.testing.assert_close(one, other, rtol=1e-10, atol=1e-12)


def test_in_bfloat16_a_result_is_off_by_less_than_a_hundredth() -> None:
    chance = torch.Generator().manual_seed(0)
    x, weight = torch.randn(1, 64, 34, 34, generator=chance), torch.randn(64, 64, 3, 3, generator=chance)
    exact = conv2d(x, weight)
    off = (tiled.tiled(x.bfloat16(), weight.bfloat16()).float() - exact).norm() / exact.norm()
    assert off < 0.01


def test_the_layer_is_an_ordinary_one_in_either_form(monkeypatch: pytest.MonkeyPatch) -> None:
    torch.manual_seed(0)
    layer, x = Conv3x3(6, 8), torch.randn(2, 6, 10, 10)
    expected = conv2d(x, layer.weight, layer.bias)
    torch.testing.assert_close(layer(x), expected)
    monkeypatch.setattr(tiled, "pays", lambda x, weight, dtype: True)
    torch.testing.assert_close(layer(x), expected, rtol=1e-4, atol=1e-5)
    assert layer(x).is_contiguous(memory_format=torch.channels_last)


def test_small_shallow_odd_and_float32_maps_stay_with_the_library() -> None:
    deep, shallow = torch.empty(256, 256, 3, 3), torch.empty(32, 256, 3, 3)
    large = torch.empty(1, 256, 66, 66)
    assert tiled.pays(large, deep, torch.bfloat16)
    assert not tiled.pays(large, deep, torch.float32)
    assert not tiled.pays(large, shallow, torch.bfloat16)
    assert not tiled.pays(torch.empty(1, 256, 10, 10), deep, torch.bfloat16)
    assert not tiled.pays(torch.empty(1, 256, 67, 66), deep, torch.bfloat16)
