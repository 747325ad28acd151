"""PatchGAN (Isola et al. 2017, section 3.2.2): a discriminator that judges every patch of an image by itself."""

from __future__ import annotations

import math
from typing import Literal

from torch import Tensor, nn

from gansmith.networks.dcgan import Norm, as_published, halved, normalised, rectifier

Patch = Literal["1", "16", "70", "full"]

HALVINGS = {"1": 0, "16": 1, "70": 3}  # side of a patch in pixels -> convolutions that halve the map
WIDEST = 8  # times `width`


class PatchDiscriminator(nn.Module):
    """Images (N, C, H, W) -> logits (N, P), one for each of the overlapping patches that cover them.

    shape: of the images; larger ones pass, too. patch: its side in pixels; full: enough for the whole image. An image
    too small for so many halvings gets fewer. width: channels of the first layer, doubled from layer to layer, eight
    times as many at most. norm: after every layer but the first. slope: of the rectifiers.
    """

    def __init__(
        self,
        shape: tuple[int, int, int],
        width: int = 64,
        patch: Patch = "70",
        *,
        norm: Norm = "instance",
        slope: float = 0.2,
    ) -> None:
        super().__init__()
        halvings = halvings_for(patch, shape[1:])
        strides = [*[2] * halvings, 1] if halvings else [1, 1]
        kernel = 4 if halvings else 1
        layers: list[nn.Module] = []
        inputs = shape[0]
        for level, stride in enumerate(strides):
            outputs, bias = width * min(2**level, WIDEST), norm == "none" or not level
            layers.append(convolution(inputs, outputs, kernel, stride, bias))
            layers += [*(normalised(outputs, norm) if level else []), rectifier(slope)]
            inputs = outputs
        self.layers = nn.Sequential(*layers)
        self.last = convolution(inputs, 1, kernel, 1, True)
        as_published(self)

    def forward(self, image: Tensor) -> Tensor:
        return self.last(self.layers(image)).flatten(1)


def convolution(inputs: int, outputs: int, kernel: int, stride: int, bias: bool) -> nn.Conv2d:
    """4x4 and padded by 1, or 1x1."""
    if stride == 2:
        return halved(inputs, outputs, kernel, bias)
    return nn.Conv2d(inputs, outputs, kernel, padding=1 if kernel == 4 else 0, bias=bias)


def halvings_for(patch: Patch, size: tuple[int, int]) -> int:
    """Convolutions of stride 2 for such a patch, as far as an image of (height, width) allows.

    Two convolutions that take off a pixel follow, and something must be left.
    """
    most = max(0, int(math.log2(max(1, min(size)) / 3)))
    return min(most, covering(max(size)) if patch == "full" else HALVINGS[patch])


def covering(side: int) -> int:
    """The fewest halvings with which one logit sees so many pixels: n of them make it see 9 * 2^n - 2."""
    return max(1, math.ceil(math.log2((side + 2) / 9)))
