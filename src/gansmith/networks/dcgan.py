"""The DCGAN pair (Radford et al. 2016): strided convolutions, batch normalisation, no pooling."""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn

from gansmith.networks.convolution import Doubling, Halving


def doublings(height: int, width: int) -> int:
    """How often a 4-to-7 cells wide start doubles until it covers the image (64 -> 4, 28 -> 2)."""
    return max(1, math.floor(math.log2(max(8, min(height, width)) / 4)))


class Start(nn.Linear):
    """Latents (N, z) -> maps (N, C, h, w): the published transposed convolution of a 1x1 map, which is linear."""

    def __init__(self, z: int, channels: int, size: tuple[int, int]) -> None:
        super().__init__(z, channels * size[0] * size[1], bias=False)
        self.size = size

    def forward(self, z: Tensor) -> Tensor:
        # Features come out as (row, column, channel), so that the view is channels-last without a copy.
        return super().forward(z).view(len(z), *self.size, -1).permute(0, 3, 1, 2)


class DCGANGenerator(nn.Module):
    """Latents (N, z) -> images (N, C, H, W) in [-1, 1].

    Sizes that are no multiple of the start are cropped from the next one that is.
    """

    def __init__(self, shape: tuple[int, int, int], z: int, width: int) -> None:
        super().__init__()
        channels, self.height, self.width = shape
        steps = doublings(self.height, self.width)
        wide = width * 2 ** (steps - 1)
        start = (math.ceil(self.height / 2**steps), math.ceil(self.width / 2**steps))
        layers: list[nn.Module] = [Start(z, wide, start), nn.BatchNorm2d(wide), nn.ReLU(inplace=True)]
        for _ in range(steps - 1):
            layers += [Doubling(wide, wide // 2), nn.BatchNorm2d(wide // 2), nn.ReLU(inplace=True)]
            wide //= 2
        self.layers = nn.Sequential(*layers, Doubling(wide, channels))
        as_published(self)

    def forward(self, z: Tensor) -> Tensor:
        return torch.tanh(self.layers(z))[:, :, : self.height, : self.width]


class DCGANDiscriminator(nn.Module):
    """Images (N, C, H, W) -> logits (N,)."""

    def __init__(self, shape: tuple[int, int, int], width: int) -> None:
        super().__init__()
        channels, high, across = shape
        layers: list[nn.Module] = [Halving(channels, width), nn.LeakyReLU(0.2, inplace=True)]
        steps = doublings(high, across)
        for _ in range(steps - 1):
            layers += [Halving(width, 2 * width), nn.BatchNorm2d(2 * width), nn.LeakyReLU(0.2, inplace=True)]
            width *= 2
        self.layers = nn.Sequential(*layers)
        self.last = nn.Linear(width * (high // 2**steps) * (across // 2**steps), 1, bias=False)
        as_published(self)

    def forward(self, image: Tensor) -> Tensor:
        return self.last(self.layers(image).permute(0, 2, 3, 1).flatten(1))[:, 0]


def as_published(network: nn.Module) -> None:
    """Weights from N(0, 0.02), batch normalisation's gains from N(1, 0.02)."""
    for module in network.modules():
        if isinstance(module, nn.Conv2d | nn.ConvTranspose2d | nn.Linear):
            nn.init.normal_(module.weight, 0.0, 0.02)
        elif isinstance(module, nn.BatchNorm2d):
            nn.init.normal_(module.weight, 1.0, 0.02)
            nn.init.zeros_(module.bias)
