"""How a written figure is drawn: slant, thickness, width and more of a bright stroke on a dark ground, by formulas.

After Morpho-MNIST (Castro et al. 2019, arXiv:1809.10780, section 2.2), but from moments and the boundary alone, so that
nothing is thresholded or thinned and no classifier is asked: what an edit changed is known exactly.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn.functional import pad

FAINT = 0.1  # of full brightness: less is ground, and as much below full is ink
LEAST = 1.0  # pixels of ink: with less there is no figure


@dataclass(frozen=True)
class Strokes:
    """Of N images, each (N,) in float64; NaN where an image has no ink. Lengths are in pixels.

    slant: columns to the right per row upwards, 0 of an upright stroke, 1 of one that leans right by 45 degrees.
    width, height: sides of the rectangle with the same second moments, the figure set upright before.
    thickness: of the stroke. area: pixels of ink.
    """

    slant: Tensor
    thickness: Tensor
    width: Tensor
    height: Tensor
    area: Tensor


def strokes(images: Tensor) -> Strokes:
    """What the strokes of images (N, 1, H, W) in [-1, 1] are like.

    With m_pq the central moments of ink over area, p along columns and q along rows, slant = -m11 / m02 is the
    horizontal shear that leaves no covariance; it takes from the variance m20 along columns what slant explains. A bar
    of length L has a variance of L^2 / 12, to which pixels give or take 1/12. Thickness is area over half the
    perimeter: exact for a closed stroke, and of a bar t x L less than t by its t / (t + L). The perimeter is the total
    variation, by the coarea formula the mean perimeter of all level sets, so soft edges need no threshold.
    """
    ink = inked(images)
    area = ink.sum((1, 2))
    share = torch.where(area[:, None, None] >= LEAST, ink / area[:, None, None], torch.nan)
    rows, columns = (torch.arange(length, dtype=torch.float64) + 0.5 for length in ink.shape[1:])
    down = rows[:, None] - (share * rows[:, None]).sum((1, 2), keepdim=True)
    right = columns - (share * columns).sum((1, 2), keepdim=True)
    m20, m02 = ((share * along.square()).sum((1, 2)) for along in (right, down))
    m11 = (share * right * down).sum((1, 2))
    slant = -m11 / m02
    return Strokes(
        slant=slant,
        thickness=area / (perimeter(ink) / 2),
        width=(12 * (m20 - m11.square() / m02)).clamp_min(0).sqrt(),
        height=(12 * m02).sqrt(),
        area=torch.where(area >= LEAST, area, torch.nan),
    )


def inked(images: Tensor) -> Tensor:
    """The share of ink in each pixel (N, H, W) in float64. Raises ValueError unless images are (N, 1, H, W)."""
    if images.dim() != 4 or images.shape[1] != 1:
        raise ValueError(f"images of one channel are needed, (N, 1, H, W), not {tuple(images.shape)}")
    bright = (images[:, 0].double() + 1) / 2
    return ((bright - FAINT) / (1 - 2 * FAINT)).clamp(0, 1)


def perimeter(ink: Tensor) -> Tensor:
    """The total variation (N,) of (N, H, W): the length of gradients between every four neighbours, ground around."""
    ink = pad(ink, (1, 1, 1, 1))
    right, down = ink.diff(dim=2), ink.diff(dim=1)
    along = (right[:, 1:] + right[:, :-1]) / 2
    across = (down[:, :, 1:] + down[:, :, :-1]) / 2
    return torch.hypot(along, across).sum((1, 2))
