"""The U-Net of Pix2Pix (Isola et al. 2017, sections 3.2.1 and 6.1.1): image to image, with skips from side to side."""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn
from torch.nn.functional import dropout, leaky_relu, relu

from gansmith.networks.dcgan import Norm, Upsample, as_published, doubled, halved, normalised
from gansmith.networks.margin import bordered

SLOPE = 0.2
WIDEST = 8  # times `width`
NOISY = 3  # layers of the way up that are dropped out
SHALLOWEST, DEEPEST = 2, 8
SPARE = 1.5  # times as many pixels as the image has may be worked on, so that it halves often enough


class UNet(nn.Module):
    """Images (N, C, H, W) -> images (N, outputs, H, W) in [-1, 1]; of any size, margins are mirrored and cut off.

    size: (height, width) it is made for: it halves until that is about a pixel, or as often as the size allows.
    width: channels of the first layer, doubled from layer to layer, eight times as many at most. dropout: of the first
    layers of the way up, in use as in training: it is the only chance there is (ibid., section 3.1).
    """

    def __init__(
        self,
        inputs: int,
        outputs: int,
        size: tuple[int, int],
        width: int = 64,
        *,
        norm: Norm = "instance",
        upsample: Upsample = "transposed",
        dropout: float = 0.5,
    ) -> None:
        super().__init__()
        self.depth, self.dropout = depth_for(size), dropout
        widths = [width * min(2**level, WIDEST) for level in range(self.depth)]
        bias = norm == "none"
        down, up = [], []
        for level, (fine, coarse) in enumerate(zip([inputs, *widths], widths, strict=False)):
            normed = 0 < level < self.depth - 1  # the last map may be a single pixel, which has no deviation
            down.append(nn.Sequential(halved(fine, coarse, 4, bias), *(normalised(coarse, norm) if normed else [])))
        for level in range(self.depth - 1, 0, -1):
            coarse = widths[level] * (1 if level == self.depth - 1 else 2)
            fine = widths[level - 1]
            up.append(nn.Sequential(doubled(coarse, fine, upsample, 4, bias), *normalised(fine, norm)))
        self.down, self.up = nn.ModuleList(down), nn.ModuleList(up)
        self.last = doubled(2 * width, outputs, upsample, 4, True)
        as_published(self)

    def forward(self, image: Tensor, chance: torch.Generator | None = None) -> Tensor:
        """chance: what the dropout follows; torch's own randomness without it."""
        x, inside = bordered(image, 2**self.depth)
        skips: list[Tensor] = []
        for level, layer in enumerate(self.down):
            x = layer(leaky_relu(x, SLOPE) if level else x)
            skips.append(x)
        x = skips.pop()
        for level, layer in enumerate(self.up):
            x = layer(relu(x))
            x = dropped(x, self.dropout, chance) if level < NOISY else x
            x = torch.cat([x, skips.pop()], 1)
        return torch.tanh(self.last(relu(x)))[inside]


def depth_for(size: tuple[int, int]) -> int:
    """How often images of (height, width) are halved: until a pixel is left, unless that takes margins too wide."""
    most = min(DEEPEST, int(math.log2(min(size))))
    for depth in range(most, SHALLOWEST, -1):
        wider = math.prod(math.ceil(side / 2**depth) * 2**depth for side in size)
        if wider <= SPARE * math.prod(size):
            return depth
    return SHALLOWEST


def dropped(x: Tensor, share: float, chance: torch.Generator | None) -> Tensor:
    """Dropout, whatever the mode."""
    if chance is None or not share:
        return dropout(x, share, True)
    kept = torch.rand(x.shape, generator=chance, device=chance.device) >= share
    return x * kept.to(x.device) / (1 - share)
