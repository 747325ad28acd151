"""Networks of images at every size at once: gradients reach each grid of the generator directly (MSG-GAN).

Karnewar & Wang 2020: the progressive GAN's layers (Karras et al. 2018: equalised learning rate, features
normalised per cell, latents on a sphere) without its phases. Every grid of the generator ends in an image of its own,
and the discriminator reads each where its maps have that size.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from itertools import pairwise
from typing import cast

from torch import Tensor, cat, nn
from torch.nn.functional import avg_pool2d, interpolate, leaky_relu

from gansmith.networks.equalised import RECTIFIED, EqualisedConv2d, EqualisedLinear, pixel_norm
from gansmith.networks.residual import SLOPE, bounded, channels, covering, pyramid
from gansmith.networks.spread import with_spread


def rectified(x: Tensor) -> Tensor:
    return leaky_relu(x, SLOPE)


def at_every_size(image: Tensor) -> list[Tensor]:
    """(N, C, H, W) -> the same, coarse to fine: by area mean on every grid of `pyramid`; the finest is itself."""
    sizes = pyramid(*image.shape[2:])
    smaller = covering(image, sizes[0])
    found = [image]
    for _ in sizes[1:]:
        smaller = avg_pool2d(smaller, 2)
        found.append(smaller)
    return found[::-1]


class MultiScaleGenerator(nn.Module):
    """Latents (N, z), of which only the direction counts -> images (N, C, H, W), in [-1, 1] once trained, in eval mode.

    `images` gives them at every size. shape: (C, H, W), H and W at least 8. width: channels at 16 cells, doubled at
    every halving, and half as many on finer grids. In training the clamp to [-1, 1] leaks, as in `ResidualGenerator`.
    """

    def __init__(self, shape: tuple[int, int, int], z: int = 64, width: int = 32, widest: int = 256) -> None:
        super().__init__()
        grids = pyramid(*shape[1:])[::-1]
        wide = channels(grids[::-1], width, widest)[::-1]
        self.start = grids[0]
        self.shapes = [(shape[0], *grid) for grid in grids[:-1]] + [shape]
        self.first = EqualisedLinear(z, wide[0] * math.prod(self.start), gain=RECTIFIED)
        self.settle = EqualisedConv2d(wide[0], wide[0], 3)
        self.blocks = nn.ModuleList(
            nn.ModuleList((EqualisedConv2d(a, b, 3), EqualisedConv2d(b, b, 3))) for a, b in pairwise(wide)
        )
        self.show = nn.ModuleList(EqualisedConv2d(w, shape[0], 1, gain=1.0) for w in wide)

    def forward(self, z: Tensor) -> Tensor:
        *_, finest = self.maps(z)
        return self.shown(-1, finest)

    def images(self, z: Tensor) -> list[Tensor]:
        """The same images, coarse to fine: one per grid, the finest last."""
        return [self.shown(place, x) for place, x in enumerate(self.maps(z))]

    def maps(self, z: Tensor) -> Iterator[Tensor]:
        """The features (N, channels, rows, columns) of every grid, coarse to fine."""
        # Features come out as (row, column, channel), so that the view is channels-last without a copy.
        x = self.first(pixel_norm(z)).unflatten(1, (*self.start, -1)).permute(0, 3, 1, 2)
        x = pixel_norm(rectified(self.settle(rectified(x))))
        yield x
        for block in self.blocks:
            x = interpolate(x, scale_factor=2.0, mode="nearest")
            for layer in cast(nn.ModuleList, block):
                x = pixel_norm(rectified(layer(x)))
            yield x

    def shown(self, place: int, x: Tensor) -> Tensor:
        return bounded(self.show[place](x), self.shapes[place], leaking=self.training)


class MultiScaleDiscriminator(nn.Module):
    """Images (N, C, ...) at every size, coarse to fine -> logits (N,).

    Of a grid's channels half are a linear view of the image of that size, half come from the finer grid: the paper's
    phi_lin_cat. spread: every block also sees how far the samples of a batch lie apart.
    """

    def __init__(self, shape: tuple[int, int, int], width: int = 32, widest: int = 256, spread: bool = True) -> None:
        super().__init__()
        grids = pyramid(*shape[1:])
        wide = channels(grids, width, widest)
        self.sees_spread, self.finest = spread, grids[0]
        views = [wide[0], *(w // 2 for w in wide[1:])]
        self.views = nn.ModuleList(EqualisedConv2d(shape[0], view, 1, gain=1.0) for view in views)
        self.blocks = nn.ModuleList(
            nn.ModuleList((EqualisedConv2d(a + spread, a, 3), EqualisedConv2d(a, b - b // 2, 3)))
            for a, b in pairwise(wide)
        )
        self.settle = EqualisedConv2d(wide[-1] + spread, wide[-1], 3)
        self.gather = EqualisedLinear(wide[-1] * math.prod(grids[-1]), wide[-1], gain=RECTIFIED)
        self.last = EqualisedLinear(wide[-1], 1)

    def forward(self, images: list[Tensor]) -> Tensor:
        return self.last(self.features(images))[:, 0]

    def features(self, images: list[Tensor]) -> Tensor:
        """What the last layer weighs: (N, its inputs)."""
        finest, *smaller = reversed(images)
        x = self.views[0](covering(finest, self.finest))
        for block, view, image in zip(self.blocks, list(self.views)[1:], smaller, strict=True):
            first, second = cast(nn.ModuleList, block)
            x = rectified(second(rectified(first(self.beside(x)))))
            x = cat([view(image), avg_pool2d(x, 2)], 1)
        x = rectified(self.settle(self.beside(x)))
        return rectified(self.gather(x.permute(0, 2, 3, 1).flatten(1)))

    def beside(self, x: Tensor) -> Tensor:
        return with_spread(x) if self.sees_spread else x
