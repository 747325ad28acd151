"""The DCGAN pair (Radford et al. 2016): strided convolutions, batch normalisation, no pooling; and its variations."""

from __future__ import annotations

import math
from typing import Literal

import torch
from torch import Tensor, nn
from torch.nn.functional import interpolate

from gansmith.networks.convolution import Doubling, Halving
from gansmith.networks.instance import InstanceNorm

Norm = Literal["batch", "instance", "none"]
Upsample = Literal["transposed", "resize"]


def doublings(height: int, width: int) -> int:
    """How often a 4-to-7 cells wide start doubles until it covers the image (64 -> 4, 28 -> 2)."""
    return max(1, math.floor(math.log2(max(8, min(height, width)) / 4)))


class Start(nn.Linear):
    """Latents (N, z) -> maps (N, C, h, w): the published transposed convolution of a 1x1 map, which is linear."""

    def __init__(self, z: int, channels: int, size: tuple[int, int], bias: bool = False) -> None:
        super().__init__(z, channels * size[0] * size[1], bias=bias)
        self.size = size

    def forward(self, z: Tensor) -> Tensor:
        # Features come out as (row, column, channel), so that the view is channels-last without a copy.
        return super().forward(z).view(z.shape[0], *self.size, -1).permute(0, 3, 1, 2)


class Resizing(nn.Conv2d):
    """Every pixel twice in each direction, then a convolution: no uneven overlap, no checkerboard (Odena et al. 2016).

    (N, K, h, w) -> (N, C, 2h, 2w); kernel: odd.
    """

    def __init__(self, inputs: int, outputs: int, kernel: int, bias: bool) -> None:
        super().__init__(inputs, outputs, kernel, 1, kernel // 2, bias=bias)

    def forward(self, x: Tensor) -> Tensor:
        return super().forward(interpolate(x, scale_factor=2.0, mode="nearest"))


class DCGANGenerator(nn.Module):
    """Latents (N, z) -> images (N, C, H, W) in [-1, 1].

    Sizes that are no multiple of the start are cropped from the next one that is.
    norm: after every layer but the last. slope: of the rectifiers, 0 cuts off. upsample, kernel: how maps grow.
    """

    def __init__(
        self,
        shape: tuple[int, int, int],
        z: int,
        width: int,
        *,
        norm: Norm = "batch",
        slope: float = 0.0,
        upsample: Upsample = "transposed",
        kernel: int = 4,
    ) -> None:
        super().__init__()
        channels, self.height, self.width = shape
        steps = doublings(self.height, self.width)
        wide = width * 2 ** (steps - 1)
        start = (math.ceil(self.height / 2**steps), math.ceil(self.width / 2**steps))
        bias = norm == "none"
        layers: list[nn.Module] = [Start(z, wide, start, bias), *normalised(wide, norm), rectifier(slope)]
        for _ in range(steps - 1):
            layers.append(doubled(wide, wide // 2, upsample, kernel, bias))
            layers += [*normalised(wide // 2, norm), rectifier(slope)]
            wide //= 2
        self.layers = nn.Sequential(*layers, doubled(wide, channels, upsample, kernel))
        kept_in_size(self, slope) if norm == "none" else as_published(self)

    def forward(self, z: Tensor) -> Tensor:
        return torch.tanh(self.layers(z))[:, :, : self.height, : self.width]


class DCGANDiscriminator(nn.Module):
    """Images (N, C, H, W) -> logits (N,). norm: after every convolution but the first; slope: of the rectifiers."""

    def __init__(
        self,
        shape: tuple[int, int, int],
        width: int,
        *,
        norm: Norm = "batch",
        slope: float = 0.2,
        kernel: int = 4,
    ) -> None:
        super().__init__()
        channels, high, across = shape
        bias = norm == "none"
        layers: list[nn.Module] = [halved(channels, width, kernel, bias), rectifier(slope)]
        steps = doublings(high, across)
        for _ in range(steps - 1):
            layers += [halved(width, 2 * width, kernel, bias), *normalised(2 * width, norm), rectifier(slope)]
            width *= 2
        self.layers = nn.Sequential(*layers)
        odd = kernel % 2  # odd kernels round an odd size up, even ones down
        for _ in range(steps):
            high, across = (high + odd) // 2, (across + odd) // 2
        self.last = nn.Linear(width * high * across, 1, bias=False)
        kept_in_size(self, slope) if norm == "none" else as_published(self)

    def forward(self, image: Tensor) -> Tensor:
        return self.last(self.layers(image).permute(0, 2, 3, 1).flatten(1))[:, 0]


def halved(inputs: int, outputs: int, kernel: int, bias: bool = False) -> nn.Conv2d:
    """A convolution to half the size; kernel: 3, 4 (fastest) or 5."""
    if kernel == 4:
        return Halving(inputs, outputs, bias)
    return nn.Conv2d(inputs, outputs, kernel, 2, kernel // 2, bias=bias)


def doubled(inputs: int, outputs: int, upsample: Upsample, kernel: int, bias: bool = False) -> nn.Module:
    """A layer to twice the size. An odd transposed kernel overlaps unevenly, which shows as a checkerboard.

    kernel: 3, 4 or 5; when resizing 4 stands for 3, because an even one has no middle.
    """
    if upsample == "resize":
        return Resizing(inputs, outputs, kernel - 1 + kernel % 2, bias)
    if kernel == 4:
        return Doubling(inputs, outputs, bias)
    return nn.ConvTranspose2d(inputs, outputs, kernel, 2, kernel // 2, output_padding=1, bias=bias)


def normalised(channels: int, norm: Norm) -> list[nn.Module]:
    if norm == "none":
        return []
    return [nn.BatchNorm2d(channels) if norm == "batch" else InstanceNorm(channels)]


def rectifier(slope: float) -> nn.Module:
    return nn.LeakyReLU(slope, inplace=True) if slope else nn.ReLU(inplace=True)


def as_published(network: nn.Module) -> None:
    """Weights from N(0, 0.02), batch normalisation's gains from N(1, 0.02)."""
    for module in network.modules():
        if isinstance(module, nn.Conv2d | nn.ConvTranspose2d | nn.Linear):
            nn.init.normal_(module.weight, 0.0, 0.02)
        elif isinstance(module, nn.BatchNorm2d):
            nn.init.normal_(module.weight, 1.0, 0.02)
            nn.init.zeros_(module.bias)


def kept_in_size(network: nn.Module, slope: float) -> None:
    """Weights that keep the deviation from layer to layer: 0.02 counts on batch normalisation to mend it.

    He et al. 2015, eq. 15; a transposed convolution of stride 2 has a quarter of its kernel's inputs per result.
    """
    for module in network.modules():
        if isinstance(module, nn.Conv2d | nn.ConvTranspose2d | nn.Linear):
            inputs: float = module.weight[0].numel()
            if isinstance(module, nn.ConvTranspose2d):
                inputs = module.weight[:, 0].numel() / 4
            nn.init.normal_(module.weight, 0.0, math.sqrt(2 / (1 + slope**2) / inputs))
            if module.bias is not None:
                nn.init.zeros_(module.bias)
