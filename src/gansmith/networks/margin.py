"""Margins that make an image fit a network which halves it again and again, and how they are taken off."""

from __future__ import annotations

import torch
from torch import Tensor

Inside = tuple[slice, slice, slice, slice]


def bordered(image: Tensor, multiple: int) -> tuple[Tensor, Inside]:
    """(N, C, H, W) mirrored outwards to sides that are multiples, and where in that the image lies.

    The margin is spread over both sides; one wider than the image mirrors it over and over.
    """
    high, across = image.shape[2:]
    top, left = (-side % multiple // 2 for side in (high, across))
    inside = (slice(None), slice(None), slice(top, top + high), slice(left, left + across))
    if -high % multiple:
        image = image.index_select(2, mirrored(high, multiple).to(image.device))
    if -across % multiple:
        image = image.index_select(3, mirrored(across, multiple).to(image.device))
    return image, inside


def mirrored(side: int, multiple: int) -> Tensor:
    """Which of `side` places stands in each place of the wider row."""
    more = -side % multiple
    before = more // 2
    places = torch.arange(-before, side + more - before)
    if side == 1:
        return torch.zeros_like(places)
    period = 2 * (side - 1)
    places = places.remainder(period)
    return torch.minimum(places, period - places)
