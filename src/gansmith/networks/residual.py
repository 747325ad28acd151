"""The residual pair of the robust recipe: no normalisation, resize + convolution, most work where cells are few."""

from __future__ import annotations

import math
from itertools import pairwise

import torch
import torch.nn.functional as functional
from torch import Tensor, nn

from gansmith.networks.inward import clamped_inward
from gansmith.networks.smooth import SmoothConv2d

SLOPE = 0.2
LEAK = 0.05  # of the part of a pixel beyond [-1, 1]
BUSY = 16  # residual blocks live on grids up to this many cells on the shorter side; finer ones only resize


def pyramid(height: int, width: int) -> list[tuple[int, int]]:
    """Grids from fine to coarse, each half of the one before; the coarsest has 4 to 7 cells on its shorter side.

    The finest is the image's own size rounded up to whole coarse cells: (28, 28) gives 28, 14, 7; (50, 64) gives
    (56, 64), (28, 32), (14, 16), (7, 8).
    """
    halvings = max(0, int(math.log2(max(1, min(height, width) / 4))))
    rows, columns = math.ceil(height / 2**halvings), math.ceil(width / 2**halvings)
    return [(rows << level, columns << level) for level in range(halvings, -1, -1)]


def covering(image: Tensor, grid: tuple[int, int]) -> Tensor:
    """An image on a grid that is larger by less than one coarse cell, its last rows and columns repeated."""
    down, right = grid[0] - image.shape[2], grid[1] - image.shape[3]
    return functional.pad(image, (0, right, 0, down), mode="replicate") if down or right else image


def channels(grids: list[tuple[int, int]], width: int, widest: int) -> list[int]:
    """Channels per grid, fine to coarse: `width` on the finest busy one, doubled at every halving up to `widest`.

    Finer grids, which only resize, carry half of it. With 32: 28 pixels give 16, 32, 64; 64 give 16, 16, 32, 64, 128.
    """
    idle = sum(min(grid) > BUSY for grid in grids)
    return [max(1, width // 2)] * idle + [min(width << level, widest) for level in range(len(grids) - idle)]


def convolution(inputs: int, outputs: int, kernel: int, gain: float) -> SmoothConv2d:
    """A convolution whose weights keep `gain` times the input's deviation; 0 starts it silent."""
    layer = SmoothConv2d(inputs, outputs, kernel)
    nn.init.normal_(layer.weight, 0.0, gain / math.sqrt(inputs * kernel**2))
    if layer.bias is not None:
        nn.init.zeros_(layer.bias)
    return layer


def linear(inputs: int, outputs: int) -> nn.Linear:
    """A linear layer that keeps the deviation of its input."""
    layer = nn.Linear(inputs, outputs)
    nn.init.normal_(layer.weight, 0.0, 1 / math.sqrt(inputs))
    nn.init.zeros_(layer.bias)
    return layer


def root(slope: float) -> float:
    """The gain that keeps the variance through a leaky rectifier (He et al. 2015, eq. 15)."""
    return math.sqrt(2 / (1 + slope**2))


class Block(nn.Module):
    """x + convolutions(x), (N, C, H, W) -> the same; the identity until trained, so depth costs no stability.

    The first layer is scaled by depth^(-1/4), depth being the number of blocks in the network (Zhang et al. 2019).
    """

    def __init__(self, width: int, depth: int, slope: float = SLOPE) -> None:
        super().__init__()
        self.slope = slope
        self.first = convolution(width, width, 3, root(slope) * depth**-0.25)
        self.second = convolution(width, width, 3, 0.0)

    def forward(self, x: Tensor) -> Tensor:
        inner = self.first(functional.leaky_relu(x, self.slope))
        return x + self.second(functional.leaky_relu(inner, self.slope))


def stages(grids: list[tuple[int, int]], widths: list[int], blocks: int, slope: float = SLOPE) -> nn.ModuleList:
    """One stage per grid, `blocks` blocks where the grid is coarse enough to afford them, else none."""
    counts = [blocks if min(grid) <= BUSY else 0 for grid in grids]
    depth = max(1, sum(counts))
    return nn.ModuleList(
        nn.Sequential(*(Block(width, depth, slope) for _ in range(count)))
        for width, count in zip(widths, counts, strict=True)
    )


class ResidualGenerator(nn.Module):
    """Latents (N, z) -> images (N, C, H, W), in [-1, 1] once trained and in eval mode.

    In training the clamp to [-1, 1] leaks a twentieth of what it cuts. A tanh saturates on a black background in the
    first steps and then passes no gradient; with no bound at all the background never comes out clean.
    shape: (C, H, W), H and W at least 8. width: channels on the finest grid that has blocks. blocks: per such grid.
    slope: of the leaky rectifiers.
    """

    def __init__(
        self,
        shape: tuple[int, int, int],
        z: int = 64,
        width: int = 32,
        widest: int = 256,
        blocks: int = 1,
        slope: float = SLOPE,
    ) -> None:
        super().__init__()
        self.slope = slope
        self.shape = shape
        grids = pyramid(*shape[1:])[::-1]
        widths = channels(grids[::-1], width, widest)[::-1]
        self.start = grids[0]
        self.first = linear(z, widths[0] * math.prod(self.start))
        self.stages = stages(grids, widths, blocks, slope)
        self.thin = nn.ModuleList(convolution(a, b, 1, 1.0) for a, b in pairwise(widths))
        self.last = convolution(widths[-1], shape[0], 3, 1.0)

    def forward(self, z: Tensor) -> Tensor:
        x = self.stages[0](self.smallest(z))
        for thin, stage in zip(self.thin, list(self.stages)[1:], strict=True):
            x = stage(enlarged(thin(x)))
        return bounded(self.last(functional.leaky_relu(x, self.slope)), self.shape, leaking=self.training)

    def smallest(self, z: Tensor) -> Tensor:
        """The map (N, channels, rows, columns) on the coarsest grid that everything grows from."""
        # Features come out as (row, column, channel), so that the view is channels-last without a copy.
        return self.first(z).unflatten(1, (*self.start, -1)).permute(0, 3, 1, 2)


def enlarged(x: Tensor) -> Tensor:
    """(N, C, H, W) -> (N, C, 2H, 2W), bilinear."""
    return functional.interpolate(x, scale_factor=2.0, mode="bilinear", align_corners=False)


def bounded(image: Tensor, shape: tuple[int, int, int], *, leaking: bool) -> Tensor:
    """The upper left of an image, of that shape, in float32 and clamped to [-1, 1], but for the leak."""
    image = image[:, :, : shape[1], : shape[2]].float()
    return torch.lerp(image.clamp(-1, 1), image, LEAK) if leaking else clamped_inward(image)


class ResidualDiscriminator(nn.Module):
    """Images (N, C, H, W) -> logits (N,); the generator's mirror."""

    def __init__(
        self,
        shape: tuple[int, int, int],
        width: int = 32,
        widest: int = 256,
        blocks: int = 1,
        slope: float = SLOPE,
    ) -> None:
        super().__init__()
        self.slope = slope
        grids = pyramid(*shape[1:])
        widths = channels(grids, width, widest)
        self.pad = (0, grids[0][1] - shape[2], 0, grids[0][0] - shape[1])
        self.first = convolution(shape[0], widths[0], 3, 1.0)
        self.stages = stages(grids, widths, blocks, slope)
        self.widen = nn.ModuleList(convolution(a, b, 1, 1.0) for a, b in pairwise(widths))
        self.last = linear(widths[-1] * math.prod(grids[-1]), 1)

    def forward(self, image: Tensor) -> Tensor:
        return self.last(self.features(image))[:, 0]

    def features(self, image: Tensor) -> Tensor:
        """What the last layer weighs: (N, its inputs)."""
        if any(self.pad):
            image = functional.pad(image, self.pad, mode="replicate")
        x = self.stages[0](self.first(image))
        for widen, stage in zip(self.widen, list(self.stages)[1:], strict=True):
            x = stage(widen(functional.avg_pool2d(x, 2)))
        return functional.leaky_relu(x, self.slope).permute(0, 2, 3, 1).flatten(1)
