"""The translator of CycleGAN: an image in, an image of the same size out, through residual blocks.

Johnson et al. 2016, supplement; Zhu et al. 2017, section 7.1: two halvings, `blocks` residual blocks, two doublings,
mirrored borders and instance normalisation throughout.
"""

from __future__ import annotations

import math
from typing import Literal

import torch
from torch import Tensor, nn
from torch.nn.functional import pad

from gansmith.networks.instance import InstanceNorm
from gansmith.networks.tiled import Conv3x3

Upsample = Literal["transposed", "resize"]

STEP = 4  # sides are multiples of it inside: two halvings
LEAST = 8  # pixels of a side inside: a quarter of it still has a border to mirror and a deviation to divide by
DEVIATION = 0.02  # of the weights at the start


class Block(nn.Module):
    """x + convolutions(x), (N, C, H, W) -> the same, without a rectifier after the sum."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.layers = nn.Sequential(
            *mirrored(Conv3x3(width, width), 1),
            nn.ReLU(inplace=True),
            *mirrored(Conv3x3(width, width), 1),
        )

    def forward(self, x: Tensor) -> Tensor:
        return x + self.layers(x)


class ResNetGenerator(nn.Module):
    """Images (N, C, H, W) of any size -> images of that size in [-1, 1].

    channels: of both; width: channels of the finest layer, doubled at each of the two halvings; blocks: residual blocks
    in between (the paper: 6 up to 128 pixels, else 9). upsample: transposed convolutions, as published, or resizing
    before a convolution, which leaves no checkerboard.
    """

    def __init__(self, channels: int, width: int = 64, blocks: int = 9, upsample: Upsample = "transposed") -> None:
        super().__init__()
        layers: list[nn.Module] = [*mirrored(nn.Conv2d(channels, width, 7), 3), nn.ReLU(inplace=True)]
        for _ in range(2):
            layers += [nn.Conv2d(width, 2 * width, 3, 2, 1), normalised(2 * width), nn.ReLU(inplace=True)]
            width *= 2
        layers += [Block(width) for _ in range(blocks)]
        for _ in range(2):
            layers += [*doubled(width, width // 2, upsample), normalised(width // 2), nn.ReLU(inplace=True)]
            width //= 2
        self.layers = nn.Sequential(*layers, nn.ReflectionPad2d(3), nn.Conv2d(width, channels, 7), nn.Tanh())
        started(self)

    def forward(self, image: Tensor) -> Tensor:
        high, across = image.shape[2:]
        result: Tensor = self.layers(widened(image))
        return result[:, :, :high, :across]


def normalised(channels: int) -> nn.Module:
    """As published, without gains of its own: the next convolution has some."""
    return InstanceNorm(channels, affine=False)


def mirrored(convolution: nn.Conv2d, border: int) -> list[nn.Module]:
    """A convolution whose input's borders are mirrored, and its normalisation."""
    return [nn.ReflectionPad2d(border), convolution, normalised(convolution.out_channels)]


def doubled(inputs: int, outputs: int, upsample: Upsample) -> list[nn.Module]:
    """Layers to twice the size."""
    if upsample == "transposed":
        return [nn.ConvTranspose2d(inputs, outputs, 3, 2, 1, output_padding=1)]
    return [nn.Upsample(scale_factor=2), nn.ReflectionPad2d(1), nn.Conv2d(inputs, outputs, 3)]


def widened(image: Tensor) -> Tensor:
    """The image with as much added at its right and bottom as two halvings need: mirrored, or drawn out if tiny."""
    high, across = image.shape[2:]
    down, right = (max(LEAST, math.ceil(side / STEP) * STEP) - side for side in (high, across))
    if not (down or right):
        return image
    return pad(image, (0, right, 0, down), mode="reflect" if down < high and right < across else "replicate")


@torch.no_grad()
def started(network: nn.Module) -> None:
    """Weights from N(0, 0.02), biases 0, in place (Zhu et al. 2017, section 7.2)."""
    for module in network.modules():
        if isinstance(module, nn.Conv2d | nn.ConvTranspose2d):
            nn.init.normal_(module.weight, 0.0, DEVIATION)
            if module.bias is not None:
                nn.init.zeros_(module.bias)
