"""Equalised learning rate: weights drawn from N(0, 1) and scaled whenever used, so that Adam moves all layers alike.

Karras et al. 2018, section 4.1. The scale is He's constant, gain / sqrt(inputs of one output).
"""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn
from torch.nn.functional import linear

from gansmith.networks.smooth import SmoothConv2d, smooth_conv2d

RECTIFIED = math.sqrt(2)  # the gain behind a rectifier


class EqualisedConv2d(SmoothConv2d):
    """A same-size convolution, (N, in, H, W) -> (N, out, H, W). lr_multiplier: of its learning rate."""

    def __init__(
        self, inputs: int, outputs: int, kernel: int, gain: float = RECTIFIED, lr_multiplier: float = 1.0
    ) -> None:
        super().__init__(inputs, outputs, kernel)
        self.scale, self.lr_multiplier = gain / math.sqrt(inputs * kernel**2), lr_multiplier
        start(self, 0.0, lr_multiplier)

    def forward(self, x: Tensor) -> Tensor:
        return smooth_conv2d(x, *scaled(self))


class EqualisedLinear(nn.Linear):
    """(N, inputs) -> (N, outputs). bias: at the start. lr_multiplier: of its learning rate (mapping networks: 0.01)."""

    def __init__(
        self, inputs: int, outputs: int, bias: float = 0.0, gain: float = 1.0, lr_multiplier: float = 1.0
    ) -> None:
        super().__init__(inputs, outputs)
        self.scale, self.lr_multiplier = gain / math.sqrt(inputs), lr_multiplier
        start(self, bias, lr_multiplier)

    def forward(self, x: Tensor) -> Tensor:
        return linear(x, *scaled(self))


@torch.no_grad()
def start(layer: EqualisedConv2d | EqualisedLinear, bias: float, lr_multiplier: float) -> None:
    """Weights are kept larger, and scaled down, by as much as they shall learn slower."""
    nn.init.normal_(layer.weight, 0.0, 1 / lr_multiplier)
    if layer.bias is not None:
        nn.init.constant_(layer.bias, bias / lr_multiplier)


def scaled(layer: EqualisedConv2d | EqualisedLinear) -> tuple[Tensor, Tensor | None]:
    """The weight and bias a layer works with."""
    bias = layer.bias if layer.bias is None or layer.lr_multiplier == 1 else layer.bias * layer.lr_multiplier
    return layer.weight * (layer.scale * layer.lr_multiplier), bias


def pixel_norm(x: Tensor) -> Tensor:
    """(N, C, ...) -> the same, every cell's features divided by their root mean square (ibid., section 4.2)."""
    return x * (x.square().mean(dim=1, keepdim=True) + 1e-8).rsqrt()
