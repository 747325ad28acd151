"""StyleGAN2's pair at any size: a generator of skips and a residual discriminator (Karras et al. 2020, section 4)."""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import pairwise
from typing import Literal

import torch
from torch import Tensor, nn
from torch.nn.functional import leaky_relu, pad

from gansmith.networks.equalised import RECTIFIED, EqualisedConv2d, EqualisedLinear, scaled
from gansmith.networks.fir import blurred, doubled, halved
from gansmith.networks.inward import clamped_inward
from gansmith.networks.mapping import Mapping, mixed
from gansmith.networks.modulated import StyledConv2d, ToImage
from gansmith.networks.residual import SLOPE, pyramid
from gansmith.networks.smooth import How, smooth_convolution
from gansmith.networks.spread import with_spread

Noise = Literal["fixed", "random", "none"]
EIGHT = 8  # channels come in so many: vector units like it


def channels(grids: Sequence[tuple[int, int]], base: int, widest: int, dial: float) -> list[int]:
    """Channels per grid: base / cells on the shorter side, at most `widest`, times the dial, in eights."""
    return [EIGHT * max(1, round(min(widest, base / min(grid)) * dial / EIGHT)) for grid in grids]


class Synthesis(nn.Module):
    """Styles (N, layers, w) -> images (N, C, H, W), unbounded.

    widths: channels per grid of `pyramid`, fine to coarse. noisy: whether it has noise inputs. layers: styles taken,
    two per grid. finest: values of the last map.
    """

    def __init__(self, shape: tuple[int, int, int], w: int, widths: Sequence[int], noisy: bool = True) -> None:
        super().__init__()
        self.noisy = noisy
        self.shape, grids, widths = shape, pyramid(*shape[1:])[::-1], widths[::-1]
        self.layers, self.finest = 2 * len(grids), widths[-1] * math.prod(grids[-1])
        self.sizes = [grids[0], *(grid for grid in grids[1:] for _ in range(2))]  # of the noise of every convolution
        self.start = nn.Parameter(torch.randn(1, widths[0], *grids[0]))
        convolutions = [StyledConv2d(widths[0], widths[0], w, noisy=noisy)]
        for a, b in pairwise(widths):
            convolutions += [StyledConv2d(a, b, w, up=True, noisy=noisy), StyledConv2d(b, b, w, noisy=noisy)]
        self.convolutions = nn.ModuleList(convolutions)
        self.to_image = nn.ModuleList(ToImage(width, shape[0], w) for width in widths)
        for place, size in enumerate(self.sizes if noisy else ()):
            self.register_buffer(f"noise{place}", torch.randn(1, 1, *size))

    def forward(self, styles: Tensor, noises: Sequence[Tensor | None]) -> Tensor:
        x = self.start.expand(styles.shape[0], -1, -1, -1)  # len() would fix the batch of an export
        image: Tensor | None = None
        for place, (convolution, noise) in enumerate(zip(self.convolutions, noises, strict=True)):
            x = convolution(x, styles[:, place], noise)
            if place % 2 == 0:  # the last convolution of a grid
                part = self.to_image[place // 2](x, styles[:, place + 1])
                image = part if image is None else doubled(image) + part
        assert image is not None
        return image[:, :, : self.shape[1], : self.shape[2]]

    def noises(self, count: int, how: Noise, chance: torch.Generator | None = None) -> list[Tensor | None]:
        """What every convolution adds: the same for ever, (count, 1, H, W) by chance, or nothing."""
        if how == "none" or not self.noisy:
            return [None] * len(self.sizes)
        if how == "fixed":
            return [self.get_buffer(f"noise{place}") for place in range(len(self.sizes))]
        device = self.start.device if chance is None else chance.device
        drawn = (torch.randn(count, 1, *size, generator=chance, device=device) for size in self.sizes)
        return [one.to(self.start.device) for one in drawn]


class StyleGenerator(nn.Module):
    """Latents (N, z) and labels (N,) -> images (N, C, H, W); in [-1, 1] in eval mode, and then with fixed noise.

    depth: layers of the mapping network. classes: 0 for none. noisy: whether it has noise inputs.
    """

    def __init__(
        self,
        shape: tuple[int, int, int],
        z: int,
        w: int,
        widths: Sequence[int],
        depth: int = 2,
        classes: int = 0,
        noisy: bool = True,
    ) -> None:
        super().__init__()
        self.mapping = Mapping(z, w, depth, classes)
        self.synthesis = Synthesis(shape, w, widths, noisy)

    def forward(self, z: Tensor, label: Tensor | None = None, mixing: float = 0.0) -> Tensor:
        """mixing: chance of a second latent's styles from some layer on."""
        return self.painted(self.styles(z, label, mixing), "random" if self.training else "fixed")

    def styles(self, z: Tensor, label: Tensor | None = None, mixing: float = 0.0) -> Tensor:
        """(N, layers, w)."""
        layers, w = self.synthesis.layers, self.mapping(z, label)
        if not mixing:
            return w[:, None].expand(-1, layers, -1)
        return mixed(w, self.mapping(torch.randn_like(z), label), layers, mixing)

    def painted(self, styles: Tensor, how: Noise, chance: torch.Generator | None = None) -> Tensor:
        """Styles (N, layers, w) -> images; clamped in eval mode alone: a clamp passes no gradient."""
        image: Tensor = self.synthesis(styles, self.synthesis.noises(styles.shape[0], how, chance))
        return image if self.training else clamped_inward(image)


class HalvingConv2d(EqualisedConv2d):
    """(N, in, 2H, 2W) -> (N, out, H, W): the filter, then a 3x3 convolution at every second cell."""

    def __init__(self, inputs: int, outputs: int, gain: float) -> None:
        super().__init__(inputs, outputs, 3, gain)

    def forward(self, x: Tensor) -> Tensor:
        return smooth_convolution(blurred(x, 2), *scaled(self), How(0, stride=2))


class Shrinking(nn.Module):
    """(N, inputs, 2H, 2W) -> (N, outputs, H, W), the sum of both ways brought back to its variance."""

    def __init__(self, inputs: int, outputs: int) -> None:
        super().__init__()
        self.first = EqualisedConv2d(inputs, inputs, 3)
        self.second = HalvingConv2d(inputs, outputs, gain=1.0)  # sqrt(2) behind a rectifier over sqrt(2) for the sum
        self.skip = EqualisedConv2d(inputs, outputs, 1, gain=math.sqrt(0.5))
        self.skip.register_parameter("bias", None)

    def forward(self, x: Tensor) -> Tensor:
        inner = rectified(self.second(rectified(self.first(x))))
        return inner + self.skip(halved(x))


class StyleDiscriminator(nn.Module):
    """Images (N, C, H, W) and labels (N,) -> logits (N,); of classes, by the product with a mapped embedding.

    widths: channels per grid, fine to coarse. spread: whether the last convolution sees how far samples lie apart, in
    groups. depth: layers of the label's mapping network. classes: 0 for none.
    """

    def __init__(
        self, shape: tuple[int, int, int], widths: Sequence[int], *, spread: bool, depth: int = 2, classes: int = 0
    ) -> None:
        super().__init__()
        grids, last = pyramid(*shape[1:]), widths[-1]
        self.pad = (0, grids[0][1] - shape[2], 0, grids[0][0] - shape[1])
        self.mapping = Mapping(0, last, depth, classes) if classes else None
        self.from_image = EqualisedConv2d(shape[0], widths[0], 1)
        self.blocks = nn.Sequential(*(Shrinking(a, b) for a, b in pairwise(widths)))
        self.sees_spread = spread
        self.final = EqualisedConv2d(last + spread, last, 3)
        self.dense = EqualisedLinear(last * math.prod(grids[-1]), last, gain=RECTIFIED)
        self.last = EqualisedLinear(last, last if classes else 1)

    def forward(self, image: Tensor, label: Tensor | None = None) -> Tensor:
        x = pad(image, self.pad, mode="replicate") if any(self.pad) else image
        x = self.blocks(rectified(self.from_image(x)))
        x = rectified(self.final(with_spread(x) if self.sees_spread else x)).permute(0, 2, 3, 1).flatten(1)
        x = self.last(rectified(self.dense(x)))
        if self.mapping is None:
            return x[:, 0]
        return (x * self.mapping(label=label)).sum(1) / math.sqrt(x.shape[1])


def rectified(x: Tensor) -> Tensor:
    return leaky_relu(x, SLOPE)
