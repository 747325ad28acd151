"""Fully connected networks: the 2014 GAN's pair, and plain residual-free stacks for points."""

from __future__ import annotations

import math
from collections.abc import Sequence

import torch
from torch import Tensor, nn


class Maxout(nn.Module):
    """The largest of `pieces` linear maps per unit (Goodfellow et al. 2013, eq. 2); (N, inputs) -> (N, outputs)."""

    def __init__(self, inputs: int, outputs: int, pieces: int = 5) -> None:
        super().__init__()
        self.linear = nn.Linear(inputs, outputs * pieces)
        self.pieces = pieces

    def forward(self, x: Tensor) -> Tensor:
        return self.linear(x).view(len(x), -1, self.pieces).amax(dim=2)


class MLPGenerator(nn.Module):
    """Latents (N, z) -> samples (N, *shape); images end in tanh, points are unbounded."""

    def __init__(self, shape: Sequence[int], z: int, width: int, depth: int, slope: float = 0.0) -> None:
        super().__init__()
        self.shape = tuple(shape)
        self.layers = stack(z, width, depth, math.prod(shape), slope)

    def forward(self, z: Tensor) -> Tensor:
        flat = self.layers(z)
        return torch.tanh(flat).view(-1, *self.shape) if len(self.shape) > 1 else flat


class MLPDiscriminator(nn.Module):
    """Samples (N, *shape) -> logits (N,), through LeakyReLU layers."""

    def __init__(self, shape: Sequence[int], width: int, depth: int, slope: float = 0.2) -> None:
        super().__init__()
        self.layers = stack(math.prod(shape), width, depth, 1, slope)

    def forward(self, sample: Tensor) -> Tensor:
        return self.layers(sample.flatten(1))[:, 0]


class MaxoutDiscriminator(nn.Module):
    """Samples (N, *shape) -> logits (N,): two maxout layers under dropout, as in the code of the 2014 paper."""

    def __init__(self, shape: Sequence[int], width: int, dropout: float) -> None:
        super().__init__()
        self.layers = nn.Sequential(
            Maxout(math.prod(shape), width),
            nn.Dropout(dropout),
            Maxout(width, width),
            nn.Dropout(dropout),
            nn.Linear(width, 1),
        )

    def forward(self, sample: Tensor) -> Tensor:
        return self.layers(sample.flatten(1))[:, 0]


def stack(inputs: int, width: int, depth: int, outputs: int, slope: float) -> nn.Sequential:
    """`depth` hidden layers of `width`, (Leaky)ReLU between, He-initialised, a linear layer at half gain at the end.

    The first layer's biases are N(0, 1), so that its units' kinks are spread over standardised data.
    """
    layers: list[nn.Module] = []
    for _ in range(depth):
        hidden = nn.Linear(inputs, width)
        nn.init.kaiming_normal_(hidden.weight, a=slope, nonlinearity="leaky_relu")
        nn.init.zeros_(hidden.bias) if layers else nn.init.normal_(hidden.bias)
        layers += [hidden, nn.LeakyReLU(slope) if slope else nn.ReLU()]
        inputs = width
    last = nn.Linear(inputs, outputs)
    nn.init.kaiming_normal_(last.weight, a=slope, nonlinearity="leaky_relu")
    nn.init.zeros_(last.bias)
    with torch.no_grad():
        last.weight.mul_(0.5)
    return nn.Sequential(*layers, last)
