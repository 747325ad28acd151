"""The modulated convolution: against convolutions with a weight for each sample, as the paper writes them."""

from __future__ import annotations

import math

import pytest
import torch
from torch import Tensor
from torch.nn.functional import conv2d, conv_transpose2d, leaky_relu

from gansmith.networks.modulated import ModulatedConv2d, StyledConv2d, ToImage


def weights_per_sample(layer: ModulatedConv2d, style: Tensor, *, demodulate: bool) -> Tensor:
    """(N, out, in, k, k): s_i w_ijk, divided by its norm over i and k (Karras et al. 2020, eq. 1 and 3)."""
    scales = style @ layer.affine.weight.t() / math.sqrt(style.shape[1]) + layer.affine.bias
    weight = scales[:, None, :, None, None] * layer.weight * layer.scale
    return weight / (weight.square().sum(dim=(2, 3, 4), keepdim=True) + 1e-8).sqrt() if demodulate else weight


def by_groups(layer: ModulatedConv2d, x: Tensor, style: Tensor, *, demodulate: bool) -> Tensor:
    """The same as one convolution with a group for every sample."""
    weight, count = weights_per_sample(layer, style, demodulate=demodulate), len(x)
    wide = x.reshape(1, -1, *x.shape[2:])
    if layer.up:
        swapped = weight.transpose(1, 2).flatten(0, 1)
        y = conv_transpose2d(wide, swapped, stride=2, groups=count)
        y = y.reshape(count, -1, *y.shape[2:])
        line = torch.tensor([1.0, 3, 3, 1], dtype=x.dtype) / 4
        kernel = torch.outer(line, line).expand(y.shape[1], 1, 4, 4)
        return conv2d(y, kernel, padding=1, groups=y.shape[1])
    y = conv2d(wide, weight.flatten(0, 1), padding=weight.shape[-1] // 2, groups=count)
    return y.reshape(count, -1, *y.shape[2:])


@pytest.mark.parametrize("up", [False, True])
def test_scaled_activations_are_scaled_weights(up: bool) -> None:
    torch.manual_seed(0)
    layer = StyledConv2d(6, 5, 7, up=up).double()
    torch.nn.init.normal_(layer.bias)
    loudness = layer.get_parameter("loudness")
    torch.nn.init.normal_(loudness)
    x, style = (torch.randn(*size, dtype=torch.float64, requires_grad=True) for size in ((3, 6, 6, 4), (3, 7)))
    noise = torch.randn(3, 1, *(12, 8) if up else (6, 4), dtype=torch.float64)

    def plain() -> Tensor:
        inner = by_groups(layer, x, style, demodulate=True) + noise * loudness + layer.bias[:, None, None]
        return leaky_relu(inner, 0.2) * math.sqrt(2)

    found = []
    for image in (layer(x, style, noise), plain()):
        found.append([image, *torch.autograd.grad(image.square().sum(), [x, style, *layer.parameters()])])
    torch.testing.assert_close(found[0], found[1], rtol=1e-5, atol=1e-7)


def test_to_images_no_variance_is_mended() -> None:
    torch.manual_seed(0)
    layer = ToImage(6, 3, 7)
    x, style = torch.randn(2, 6, 4, 4), torch.randn(2, 7)
    torch.testing.assert_close(layer(x, style), by_groups(layer, x, style, demodulate=False))


def test_demodulation_gives_every_map_a_variance_of_one_whatever_the_style() -> None:
    torch.manual_seed(0)
    layer = StyledConv2d(64, 16, 8).requires_grad_(False)
    style = 5 * torch.randn(4, 8)
    scales = layer.scales(style)
    maps = layer.convolve(torch.randn(4, 64, 40, 40), scales)
    plain = maps[:, :, 1:-1, 1:-1].var(dim=(2, 3))
    even = (maps * layer.demodulation(scales)[:, :, None, None])[:, :, 1:-1, 1:-1].var(dim=(2, 3))
    assert plain.max() / plain.min() > 3
    torch.testing.assert_close(even, torch.ones_like(even), rtol=0.35, atol=0)  # a 1444-cell estimate of neighbours
    assert even.mean().item() == pytest.approx(1, rel=0.05)
