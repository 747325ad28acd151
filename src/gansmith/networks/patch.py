"""PatchGAN (Isola et al. 2017, section 3.2.2): a discriminator that judges every patch of an image by itself."""

from __future__ import annotations

import math

from torch import Tensor, nn

from gansmith.networks.dcgan import Norm, as_published, halved, normalised, rectifier

HALVINGS = {1: 0, 16: 1, 34: 2, 70: 3, 142: 4, 286: 5}
"""Side of a patch in pixels -> how many convolutions halve the map; the published ones are 1, 16, 70 and 286."""

WIDEST = 8  # times `width`


class PatchDiscriminator(nn.Module):
    """Images (N, C, H, W) -> logits (N, P), one for each of the overlapping patches that cover them.

    shape: of the images; larger ones pass, too. patch: side of a patch in pixels, one of HALVINGS; None: the smallest
    that holds the whole image. An image too small for so many halvings gets fewer. width: channels of the first layer,
    doubled from layer to layer. norm: after every layer but the first. slope: of the rectifiers.
    """

    def __init__(
        self,
        shape: tuple[int, int, int],
        width: int = 64,
        patch: int | None = 70,
        *,
        norm: Norm = "batch",
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


def halvings_for(patch: int | None, size: tuple[int, int]) -> int:
    """Convolutions of stride 2 for a patch of that side, as far as an image of (height, width) allows.

    Two convolutions that take off a pixel follow, and something must be left. Raises KeyError for another patch.
    """
    most = max(0, int(math.log2(min(size) / 3))) if min(size) >= 3 else 0
    if patch is None:
        patch = next((side for side in HALVINGS if side >= max(size)), max(HALVINGS))
    return min(HALVINGS[patch], most)
