"""Networks that grow grid by grid, the layers of a new one blended in over the old image (Karras et al. 2018, fig. 2).

How far they have grown is one number, the stage: 0 is the coarsest grid of the pyramid alone, 2 the first three,
1.25 the first two and a quarter of the third. Both networks keep it in a buffer.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import pairwise
from typing import NamedTuple

import torch
import torch.nn.functional as functional
from torch import Tensor, nn

from gansmith.networks.equalised import RECTIFIED, EqualisedConv2d, EqualisedLinear, pixel_norm, scaled
from gansmith.networks.inward import clamped_inward
from gansmith.networks.residual import SLOPE, covering, pyramid
from gansmith.networks.smooth import How, smooth_convolution
from gansmith.networks.spread import with_spread

Grid = tuple[int, int]


def grids_of(shape: Sequence[int]) -> list[Grid]:
    """The grids an image of that shape (C, H, W) grows through, coarse to fine; the finest covers it."""
    return pyramid(*shape[1:])[::-1]


def widths_of(grids: Sequence[Grid], width: int, widest: int) -> list[int]:
    """Channels per grid, coarse to fine: `width` on the finest, doubled at every halving up to `widest`."""
    return [min(width << level, widest) for level in range(len(grids))][::-1]


def sizes_of(shape: Sequence[int]) -> list[Grid]:
    """(height, width) of images on each grid: on the finest, which may be larger, the image's own."""
    return [*grids_of(shape)[:-1], (shape[1], shape[2])]


class Stage(NamedTuple):
    """level: the finest grid there is. alpha: one value in (0, 1), how far it has come in; None: wholly.

    A tensor, since compiled networks are compiled anew for every other kind of number.
    """

    level: int
    alpha: Tensor | None = None

    @classmethod
    def of(cls, stage: Stage | float) -> Stage:
        """1.25 is level 2, a quarter of it come in."""
        if isinstance(stage, Stage):
            return stage
        level = math.ceil(stage)
        return cls(level, None if stage == level else torch.tensor(1 - (level - stage)))

    def blended(self, old: Tensor, new: Tensor) -> Tensor:
        return new if self.alpha is None else old + self.alpha * (new - old)


def doubled(image: Tensor) -> Tensor:
    """(N, C, H, W) -> (N, C, 2H, 2W), every cell four times."""
    return functional.interpolate(image, scale_factor=2.0, mode="nearest")


def halved(image: Tensor) -> Tensor:
    """(N, C, 2H, 2W) -> (N, C, H, W), the mean of every four."""
    return functional.avg_pool2d(image, 2)


def reduced(image: Tensor, shape: Sequence[int], level: int) -> Tensor:
    """An image of that level's size, or of full size, on that level's grid."""
    grids = grids_of(shape)
    if image.shape[2:] == sizes_of(shape)[level]:
        return covering(image, grids[level])
    image = covering(image, grids[-1])
    return functional.avg_pool2d(image, 2 ** (len(grids) - 1 - level))


def at_stage(image: Tensor, shape: Sequence[int], stage: Stage | float) -> Tensor:
    """Real images as a generator of that stage can make them: of its size, their finest detail faded in as far.

    image: (N, C, height, width), of that size already or of the full one.
    """
    stage = Stage.of(stage)
    height, width = sizes_of(shape)[stage.level]
    image = reduced(image, shape, stage.level)
    if stage.alpha is not None:
        image = stage.blended(doubled(halved(image)), image)
    return image[:, :, :height, :width]


def doubling(layer: EqualisedConv2d, x: Tensor) -> Tensor:
    """layer(doubled(x)) for 4/9 of the work: a transposed convolution by the sums of neighbours in the kernel."""
    weight, bias = scaled(layer)
    shifts = functional.pad(weight.transpose(0, 1).flip(2, 3), (1, 1, 1, 1))
    sums = 4 * functional.avg_pool2d(shifts, 2, stride=1)
    larger = smooth_convolution(x, sums, None, How(padding=1, stride=2, transposed=True))
    return larger if bias is None else larger + bias[:, None, None].to(larger.dtype)


def rectified(x: Tensor) -> Tensor:
    return functional.leaky_relu(x, SLOPE)


class Doubling(nn.Module):
    """(N, a, H, W) -> (N, b, 2H, 2W): two convolutions, every cell brought to length 1 behind each."""

    def __init__(self, inputs: int, outputs: int) -> None:
        super().__init__()
        self.first = EqualisedConv2d(inputs, outputs, 3)
        self.second = EqualisedConv2d(outputs, outputs, 3)

    def forward(self, x: Tensor) -> Tensor:
        x = pixel_norm(rectified(doubling(self.first, x)))
        return pixel_norm(rectified(self.second(x)))


class Halving(nn.Module):
    """(N, b, 2H, 2W) -> (N, a, H, W): two convolutions and a mean."""

    def __init__(self, inputs: int, outputs: int) -> None:
        super().__init__()
        self.first = EqualisedConv2d(inputs, inputs, 3)
        self.second = EqualisedConv2d(inputs, outputs, 3)

    def forward(self, x: Tensor) -> Tensor:
        return halved(rectified(self.second(rectified(self.first(x)))))


class ProgressiveGenerator(nn.Module):
    """Latents (N, z) -> images of the size of its stage, (N, C, height, width) and unbounded.

    Without a `stage` it draws: at the one it has reached, enlarged to `shape` (C, H, W) and cut off at [-1, 1].
    width: channels on the finest grid, doubled at every halving up to `widest`. Table 2 has 16 and 512.
    """

    stage: Tensor

    def __init__(self, shape: tuple[int, int, int], z: int = 64, width: int = 16, widest: int = 512) -> None:
        super().__init__()
        self.shape, self.grids = shape, grids_of(shape)
        widths = widths_of(self.grids, width, widest)
        self.start = EqualisedLinear(z, widths[0] * math.prod(self.grids[0]), gain=RECTIFIED)
        self.first = EqualisedConv2d(widths[0], widths[0], 3)
        self.blocks = nn.ModuleList(Doubling(a, b) for a, b in pairwise(widths))
        self.images = nn.ModuleList(EqualisedConv2d(one, shape[0], 1, gain=1.0) for one in widths)
        self.register_buffer("stage", torch.zeros(()))

    def forward(self, z: Tensor, stage: Stage | float | None = None) -> Tensor:
        if stage is not None:
            return self.made(z, Stage.of(stage))
        return self.drawn(z, Stage.of(float(self.stage)))

    def drawn(self, z: Tensor, stage: Stage) -> Tensor:
        """(N, C, H, W) in [-1, 1], whatever size that stage has."""
        image = clamped_inward(self.made(z, stage).float())
        each = 2.0 ** (len(self.grids) - 1 - stage.level)
        return functional.interpolate(image, scale_factor=each)[:, :, : self.shape[1], : self.shape[2]]

    def made(self, z: Tensor, stage: Stage) -> Tensor:
        # Features come out as (row, column, channel), so that the view is channels-last without a copy.
        x = self.start(pixel_norm(z)).unflatten(1, (*self.grids[0], -1)).permute(0, 3, 1, 2)
        x = before = pixel_norm(rectified(self.first(pixel_norm(rectified(x)))))
        for block in list(self.blocks)[: stage.level]:
            before, x = x, block(x)
        image = self.images[stage.level](x)
        if stage.alpha is not None:
            image = stage.blended(doubled(self.images[stage.level - 1](before)), image)
        height, width = sizes_of(self.shape)[stage.level]
        return image[:, :, :height, :width]


class ProgressiveDiscriminator(nn.Module):
    """Images of the size of a stage, or of full size -> logits (N,); the generator's mirror.

    Without a `stage`, at the one it has reached. spread: a further map tells how far the batch lies apart (section 3).
    """

    stage: Tensor

    def __init__(self, shape: tuple[int, int, int], width: int = 16, widest: int = 512, *, spread: bool = True) -> None:
        super().__init__()
        self.shape, self.grids, self.sees_spread = shape, grids_of(shape), spread
        widths = widths_of(self.grids, width, widest)
        self.entries = nn.ModuleList(EqualisedConv2d(shape[0], one, 1) for one in widths)
        self.blocks = nn.ModuleList(Halving(b, a) for a, b in pairwise(widths))
        self.final = EqualisedConv2d(widths[0] + spread, widths[0], 3)
        self.weighing = EqualisedLinear(widths[0] * math.prod(self.grids[0]), widths[0], gain=RECTIFIED)
        self.last = EqualisedLinear(widths[0], 1)
        self.register_buffer("stage", torch.zeros(()))

    def forward(self, image: Tensor, stage: Stage | float | None = None) -> Tensor:
        stage = Stage.of(float(self.stage) if stage is None else stage)
        image = reduced(image, self.shape, stage.level)
        x = self.entered(image, stage.level)
        for below in reversed(range(stage.level)):
            x = self.blocks[below](x)
            if stage.alpha is not None and below == stage.level - 1:
                x = stage.blended(self.entered(halved(image), below), x)
        x = rectified(self.final(with_spread(x) if self.sees_spread else x))
        x = rectified(self.weighing(x.permute(0, 2, 3, 1).flatten(1)))
        return self.last(x)[:, 0]

    def entered(self, image: Tensor, level: int) -> Tensor:
        return rectified(self.entries[level](image))
