"""Residual networks without normalisation, for the robust family."""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn
from torch.nn.functional import avg_pool2d, interpolate, leaky_relu, pad


def _conv(inputs: int, outputs: int, size: int, gain: float) -> nn.Conv2d:
    conv = nn.Conv2d(inputs, outputs, size, padding=size // 2)
    nn.init.normal_(conv.weight, 0, gain / math.sqrt(conv.weight[0].numel()))
    nn.init.zeros_(conv.bias)  # type: ignore[arg-type]
    return conv


class Block(nn.Module):
    def __init__(self, channels: int) -> None:
        super().__init__()
        self.a, self.b = _conv(channels, channels, 3, 1.2), _conv(channels, channels, 1, 0)

    def forward(self, x: Tensor) -> Tensor:
        y = self.b(leaky_relu(self.a(leaky_relu(x, 0.2)), 0.2))
        return x + y


def _plan(shape: tuple[int, int, int], width: int) -> tuple[int, tuple[int, int], list[int]]:
    k = max(0, int(math.log2(min(shape[1:]) / 4)))
    start = (-(-shape[1] // 2**k), -(-shape[2] // 2**k))
    return k, start, [min(width * 2**i, 256) for i in range(k + 1)]


class ResidualGenerator(nn.Module):
    def __init__(self, shape: tuple[int, int, int], z: int, width: int) -> None:
        super().__init__()
        self.shape = shape
        k, self.start, widths = _plan(shape, width)
        self.first = nn.Linear(z, widths[k] * self.start[0] * self.start[1])
        self.blocks = nn.ModuleList(Block(w) for w in reversed(widths))
        self.mix = nn.ModuleList(_conv(widths[i], widths[i - 1], 1, 1) for i in range(k, 0, -1))
        self.out = _conv(widths[0], shape[0], 3, 1)

    def forward(self, z: Tensor) -> Tensor:
        x = self.first(z).unflatten(1, (*self.start, -1)).permute(0, 3, 1, 2)
        for i, block in enumerate(self.blocks):
            if i:
                x = interpolate(self.mix[i - 1](x), scale_factor=2, mode="bilinear")
            x = block(x)
        return torch.tanh(self.out(leaky_relu(x, 0.2))[:, :, : self.shape[1], : self.shape[2]])


class ResidualDiscriminator(nn.Module):
    def __init__(self, shape: tuple[int, int, int], width: int) -> None:
        super().__init__()
        k, start, widths = _plan(shape, width)
        self.frame = (0, start[1] * 2**k - shape[2], 0, start[0] * 2**k - shape[1])
        self.first = _conv(shape[0], widths[0], 3, 1)
        self.blocks = nn.ModuleList(Block(w) for w in widths)
        self.mix = nn.ModuleList(_conv(widths[i], widths[i + 1], 1, 1) for i in range(k))
        self.last = nn.Linear(widths[k] * start[0] * start[1], 1)

    def forward(self, image: Tensor) -> Tensor:
        x = self.first(pad(image, self.frame, mode="replicate"))
        for i, block in enumerate(self.blocks):
            if i:
                x = self.mix[i - 1](avg_pool2d(x, 2))
            x = block(x)
        return self.last(leaky_relu(x, 0.2).permute(0, 2, 3, 1).flatten(1))[:, 0]
