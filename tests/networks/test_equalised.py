"""Layers with an equalised learning rate against what the paper says they keep."""

from __future__ import annotations

import math

import pytest
import torch
from torch.nn.functional import conv2d

from gansmith.networks.equalised import EqualisedConv2d, EqualisedLinear, pixel_norm


def test_a_convolution_keeps_the_variance_behind_a_rectifier() -> None:
    torch.manual_seed(0)
    x = torch.randn(16, 64, 12, 12)
    y = EqualisedConv2d(64, 64, 3)(torch.relu(x))[:, :, 1:-1, 1:-1]
    assert y.detach().square().mean().item() == pytest.approx(1, rel=0.1)


@pytest.mark.parametrize("lr_multiplier", [1.0, 0.01])
def test_weights_work_scaled_and_a_multiplier_changes_nothing_but_the_rate(lr_multiplier: float) -> None:
    torch.manual_seed(0)
    layer = EqualisedLinear(50, 200, bias=1.0, lr_multiplier=lr_multiplier)
    x = torch.randn(400, 50)
    y = layer(x)
    assert y.detach().var().item() == pytest.approx(1, rel=0.1)
    assert y.detach().mean().item() == pytest.approx(1, abs=0.1)
    torch.testing.assert_close(y, x @ layer.weight.T * (lr_multiplier / math.sqrt(50)) + lr_multiplier * layer.bias)
    y.sum().backward()
    assert layer.bias.grad is not None
    torch.testing.assert_close(layer.bias.grad, torch.full((200,), 400 * lr_multiplier))


def test_the_scaled_convolution_is_a_convolution() -> None:
    layer = EqualisedConv2d(3, 5, 3, gain=1.0)
    x = torch.randn(2, 3, 6, 7)
    torch.testing.assert_close(layer(x), conv2d(x, layer.weight / math.sqrt(27), layer.bias, padding=1))


def test_pixel_norm_leaves_every_cell_with_a_mean_square_of_one() -> None:
    y = pixel_norm(7 * torch.randn(3, 32, 4, 4))
    torch.testing.assert_close(y.square().mean(dim=1), torch.ones(3, 4, 4))
