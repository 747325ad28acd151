"""The quality pair of the robust recipe: inverted bottlenecks with grouped convolutions on every grid (R3GAN).

Huang et al. 2024: ResNeXt blocks as modern networks have them, without any normalisation, their variance
held by the start alone; resampling by [1, 2, 1]; a learned basis of the coarsest grid. Generator and discriminator are
each other's mirror image. Published: width 768 and 2 blocks a grid, for several GPUs.
"""

from __future__ import annotations

import math
from itertools import pairwise
from typing import cast

import torch
from torch import Tensor, nn
from torch.nn.functional import leaky_relu, pad

from gansmith.networks.residual import SLOPE, bounded, convolution, pyramid, root
from gansmith.networks.smooth import SmoothConv2d
from gansmith.networks.winograd import linear

EXPANSION = 2  # of a block's channels inside it
GROUP = 16  # channels that a grouped convolution mixes
PLATEAU = 32  # cells on the shorter side up to which grids have all channels


def widths(grids: list[tuple[int, int]], width: int) -> list[int]:
    """Channels per grid: `width` on those of up to 32 cells, halved at every doubling beyond."""
    return [max(1, width >> max(0, math.ceil(math.log2(min(grid) / PLATEAU)))) for grid in grids]


def plain(inputs: int, outputs: int, gain: float = 1.0) -> SmoothConv2d:
    """A 1x1 convolution without bias: only rectifiers have biases here."""
    layer = convolution(inputs, outputs, 1, gain)
    layer.bias = None
    return layer


def grouped(channels: int, gain: float) -> SmoothConv2d:
    """A 3x3 convolution within groups of 16 channels, or of the largest part of 16 that divides them."""
    layer = SmoothConv2d(channels, channels, 3, groups=channels // math.gcd(channels, GROUP))
    nn.init.normal_(layer.weight, 0.0, gain / math.sqrt(layer.weight[0].numel()))
    nn.init.zeros_(cast(Tensor, layer.bias))
    return layer


class InvertedBlock(nn.Module):
    """x + project(rectified grouped(rectified expand(x))), (N, C, H, W) -> the same; the identity until trained.

    depth: blocks in the network. All but the last layer are scaled by depth^(-1/4), which is depth^(-1 / (2m - 2)) for
    m = 3 layers (Fixup, Zhang et al. 2019).
    """

    def __init__(self, width: int, depth: int, slope: float = SLOPE) -> None:
        super().__init__()
        self.slope = slope
        inner, gain = EXPANSION * width, root(slope) * depth**-0.25
        self.expand = convolution(width, inner, 1, gain)
        self.mix = grouped(inner, gain)
        self.project = plain(inner, width, 0.0)

    def forward(self, x: Tensor) -> Tensor:
        inner = leaky_relu(self.expand(x), self.slope)
        return x + self.project(leaky_relu(self.mix(inner), self.slope))


def stages(widths: list[int], blocks: int, slope: float) -> nn.ModuleList:
    """`blocks` blocks for every grid."""
    depth = blocks * len(widths)
    return nn.ModuleList(nn.Sequential(*(InvertedBlock(w, depth, slope) for _ in range(blocks))) for w in widths)


def transitions(widths: list[int]) -> nn.ModuleList:
    """What changes the number of channels between grids, where it changes."""
    return nn.ModuleList(nn.Identity() if a == b else plain(a, b) for a, b in pairwise(widths))


def enlarged(x: Tensor) -> Tensor:
    """(N, C, H, W) -> (N, C, 2H, 2W), zeros put between cells and filtered by [1, 2, 1] / 2 both ways."""
    return linear(x, spread, gathered)


def reduced(x: Tensor) -> Tensor:
    """(N, C, 2H, 2W) -> (N, C, H, W), filtered by [1, 2, 1] / 4 both ways: the transpose of `enlarged`, over 4."""
    return linear(x, gathered, spread) / 4


def spread(x: Tensor) -> Tensor:
    """Every cell twice, first averaged with the one before: a tenth of the time a general filter takes."""
    x = x.permute(0, 2, 3, 1)
    for axis in (1, 2):
        before = torch.cat([torch.zeros_like(x.narrow(axis, 0, 1)), x.narrow(axis, 0, x.shape[axis] - 1)], axis)
        x = torch.stack([torch.lerp(before, x, 0.5), x], axis + 1).flatten(axis, axis + 1)
    return x.permute(0, 3, 1, 2)


def gathered(x: Tensor) -> Tensor:
    """The adjoint of `spread`."""
    x = x.permute(0, 2, 3, 1)
    for axis in (1, 2):
        mixed, own = torch.unflatten(x, axis, (-1, 2)).unbind(axis + 1)
        after = torch.cat([mixed.narrow(axis, 1, own.shape[axis] - 1), torch.zeros_like(own.narrow(axis, 0, 1))], axis)
        x = own + torch.lerp(mixed, after, 0.5)
    return x.permute(0, 3, 1, 2)


class R3Generator(nn.Module):
    """Latents (N, z) -> images (N, C, H, W), in [-1, 1] once trained and in eval mode.

    shape: (C, H, W), H and W at least 8. width: channels on grids of up to 32 cells. blocks: per grid.
    In training the clamp to [-1, 1] leaks, as in `ResidualGenerator`.
    """

    def __init__(
        self, shape: tuple[int, int, int], z: int = 64, width: int = 64, blocks: int = 1, slope: float = SLOPE
    ) -> None:
        super().__init__()
        self.shape = shape
        grids = pyramid(*shape[1:])[::-1]
        wide = widths(grids, width)
        self.weigh = unbiased(z, wide[0])
        self.basis = nn.Parameter(torch.randn(wide[0], *grids[0]))
        self.stages = stages(wide, blocks, slope)
        self.transitions = transitions(wide)
        self.last = plain(wide[-1], shape[0])

    def forward(self, z: Tensor) -> Tensor:
        x = self.stages[0](self.basis * self.weigh(z)[:, :, None, None])
        for transition, stage in zip(self.transitions, list(self.stages)[1:], strict=True):
            x = stage(enlarged(transition(x)))
        return bounded(self.last(x), self.shape, leaking=self.training)


class R3Discriminator(nn.Module):
    """Images (N, C, H, W) -> logits (N,); the generator's mirror."""

    def __init__(self, shape: tuple[int, int, int], width: int = 64, blocks: int = 1, slope: float = SLOPE) -> None:
        super().__init__()
        grids = pyramid(*shape[1:])
        wide = widths(grids, width)
        self.pad = (0, grids[0][1] - shape[2], 0, grids[0][0] - shape[1])
        self.first = plain(shape[0], wide[0])
        self.stages = stages(wide, blocks, slope)
        self.transitions = transitions(wide)
        self.basis = nn.Parameter(torch.randn(wide[-1], *grids[-1]) / math.sqrt(math.prod(grids[-1])))
        self.last = unbiased(wide[-1], 1)

    def forward(self, image: Tensor) -> Tensor:
        return self.last(self.features(image))[:, 0]

    def features(self, image: Tensor) -> Tensor:
        """What the last layer weighs: (N, its inputs)."""
        if any(self.pad):
            image = pad(image, self.pad, mode="replicate")
        x = self.stages[0](self.first(image))
        for transition, stage in zip(self.transitions, list(self.stages)[1:], strict=True):
            x = stage(transition(reduced(x)))
        return (x * self.basis).sum((2, 3))


def unbiased(inputs: int, outputs: int) -> nn.Linear:
    """A linear layer without bias that keeps the deviation of its input."""
    layer = nn.Linear(inputs, outputs, bias=False)
    nn.init.normal_(layer.weight, 0.0, 1 / math.sqrt(inputs))
    return layer
