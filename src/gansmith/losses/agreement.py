"""Agreement of readings: two views of one image should be read alike, and images as differently as can be.

Invariant information clustering (Ji et al. 2019): what is common to the views is what the image is of.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor
from torch.nn.functional import affine_grid, grid_sample

TINY = 1e-6


def shared_information(a: Tensor, b: Tensor) -> Tensor:
    """Mutual information, in nats, of the classes that logits (N, k) of two views name: 0 to log k (ibid., eq. 3)."""
    together = torch.softmax(a, 1).t() @ torch.softmax(b, 1) / len(a)
    together = ((together + together.t()) / 2).clamp_min(TINY)
    together = together / together.sum()
    rows, columns = together.sum(1, keepdim=True), together.sum(0, keepdim=True)
    return (together * (together.log() - rows.log() - columns.log())).sum()


def another_view(
    image: Tensor, turn: float = 20.0, scale: float = 0.2, slant: float = 0.3, shift: float = 0.15
) -> Tensor:
    """Images (N, C, H, W) seen a little otherwise, each in its own way: turned (degrees), scaled, slanted, shifted.

    Each by up to so much in either direction, the last as a share of half a side; what comes in is as at the border.
    """
    height, width = image.shape[2:]

    def up_to(most: float) -> Tensor:
        return (torch.rand(len(image), device=image.device) * 2 - 1) * most

    angle, zoom, tilt = up_to(math.radians(turn)), 1 + up_to(scale), up_to(slant)
    cosine, sine = angle.cos() * zoom, angle.sin() * zoom
    across, down = torch.stack([cosine, tilt - sine], 1), torch.stack([sine, cosine], 1)
    # Coordinates go from -1 to 1 along each side, so that a turn of an oblong image mixes sides of unequal length.
    turned = torch.stack([across, down], 1) * image.new_tensor([[1.0, height / width], [width / height, 1.0]])
    moved = torch.stack([up_to(shift), up_to(shift)], 1)
    grid = affine_grid(torch.cat([turned, moved[:, :, None]], 2), list(image.shape), align_corners=False)
    return grid_sample(image, grid, padding_mode="border", align_corners=False)
