"""InfoGAN's networks: strided convolutions between wide linear layers (Chen et al. 2016, appendix C.1)."""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn

from gansmith.networks.convolution import Doubling, Halving
from gansmith.networks.dcgan import Start, as_published

UNITS = 16  # of the linear layers per channel of the finest map: 1024 for 64
WIDEST = 4  # times the finest map's channels
SLOPE = 0.1
READING = 2  # of the reader's hidden units per channel of the finest map: 128 for 64


def halvings(height: int, width: int) -> int:
    """How often a map is halved until its shorter side has 7 to 13 cells (28 -> 2, 64 -> 3); at least once."""
    return max(1, int(math.log2(max(1, min(height, width) / 7))))


def grids(shape: tuple[int, int, int]) -> tuple[int, tuple[int, int]]:
    """(halvings, coarsest grid) of images (C, H, W)."""
    steps = halvings(*shape[1:])
    return steps, (math.ceil(shape[1] / 2**steps), math.ceil(shape[2] / 2**steps))


def widths(width: int, steps: int) -> list[int]:
    """Channels from fine to coarse: 64, 128, then 256."""
    return [width * min(2**step, WIDEST) for step in range(steps)]


class InfoGenerator(nn.Module):
    """Noise (N, z) and code (N, size), z + size = inputs -> images (N, C, H, W) in [-1, 1]."""

    def __init__(self, shape: tuple[int, int, int], inputs: int, width: int) -> None:
        super().__init__()
        channels, self.height, self.width = shape
        steps, start = grids(shape)
        *finer, wide = widths(width, steps)
        units = UNITS * width
        layers: list[nn.Module] = [nn.Linear(inputs, units, bias=False), nn.BatchNorm1d(units), nn.ReLU(inplace=True)]
        layers += [Start(units, wide, start), nn.BatchNorm2d(wide), nn.ReLU(inplace=True)]
        for narrow in reversed(finer):
            layers += [Doubling(wide, narrow), nn.BatchNorm2d(narrow), nn.ReLU(inplace=True)]
            wide = narrow
        self.layers = nn.Sequential(*layers, Doubling(wide, channels, bias=True))
        as_published(self)

    def forward(self, noise: Tensor, code: Tensor) -> Tensor:
        return torch.tanh(self.layers(torch.cat([noise, code.to(noise.dtype)], 1)))[:, :, : self.height, : self.width]


class InfoDiscriminator(nn.Module):
    """Images (N, C, H, W) -> logits (N,), by way of `features` that the reader shares."""

    def __init__(self, shape: tuple[int, int, int], width: int) -> None:
        super().__init__()
        steps, (rows, columns) = grids(shape)
        self.pad = (0, columns * 2**steps - shape[2], 0, rows * 2**steps - shape[1])
        wide, *coarser = widths(width, steps)
        layers: list[nn.Module] = [Halving(shape[0], wide, bias=True), nn.LeakyReLU(SLOPE, inplace=True)]
        for wider in coarser:
            layers += [Halving(wide, wider), nn.BatchNorm2d(wider), nn.LeakyReLU(SLOPE, inplace=True)]
            wide = wider
        self.maps = nn.Sequential(*layers)
        units = UNITS * width
        self.units = nn.Sequential(
            nn.Linear(wide * rows * columns, units, bias=False), nn.BatchNorm1d(units), nn.LeakyReLU(SLOPE)
        )
        self.last = nn.Linear(units, 1)
        as_published(self)

    def features(self, image: Tensor) -> Tensor:
        """Images (N, C, H, W) -> (N, 16 width)."""
        if any(self.pad):
            image = nn.functional.pad(image, self.pad, mode="replicate")
        return self.units(self.maps(image).permute(0, 2, 3, 1).flatten(1))

    def forward(self, image: Tensor) -> Tensor:
        return self.last(self.features(image))[:, 0]


class Reader(nn.Module):
    """What code was it? The discriminator's features (N, 16 width) -> (N, outputs), one hidden layer away."""

    def __init__(self, width: int, outputs: int) -> None:
        super().__init__()
        self.outputs = outputs
        hidden = READING * width
        self.layers = nn.Sequential(
            nn.Linear(UNITS * width, hidden, bias=False),
            nn.BatchNorm1d(hidden),
            nn.LeakyReLU(SLOPE),
            nn.Linear(hidden, outputs),
        )
        as_published(self)

    def forward(self, features: Tensor) -> Tensor:
        return self.layers(features)
