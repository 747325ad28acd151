"""Large images piece by piece: overlapping tiles, each by itself, blended where they meet."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor

TILE = 1024  # pixels a side: a translator then needs about a gigabyte
OVERLAP = 128


def in_tiles(image: Tensor, act: Callable[[Tensor], Tensor], tile: int = TILE, overlap: int = OVERLAP) -> Tensor:
    """`act` of an image (N, C, H, W), which keeps its size: at once up to tile x tile pixels, else tile by tile.

    Neighbours share at least `overlap` pixels, over which one fades into the other.
    """
    high, across = image.shape[2:]
    if high * across <= tile**2:
        return act(image)
    total, weight = torch.zeros(()), torch.zeros(1, 1, high, across)
    for top in starts(high, tile, overlap):
        for left in starts(across, tile, overlap):
            place = (slice(None), slice(None), slice(top, top + tile), slice(left, left + tile))
            made = act(image[place])
            if not total.dim():
                total = torch.zeros(*made.shape[:2], high, across)
            fade = ramp(made.shape[2], overlap)[:, None] * ramp(made.shape[3], overlap)
            total[place] += made * fade
            weight[place] += fade
    return total / weight


def starts(side: int, tile: int, overlap: int) -> list[int]:
    """Where the tiles along a side begin: as few as cover it, evenly spread."""
    if side <= tile:
        return [0]
    count = -(-(side - overlap) // (tile - overlap))
    return [round(place * (side - tile) / (count - 1)) for place in range(count)]


def ramp(side: int, overlap: int) -> Tensor:
    """(side,) weights: 1 in the middle, falling towards both ends over the overlap, never 0."""
    place = torch.arange(side) + 1.0
    return torch.minimum(place, place.flip(0)).div(overlap).clamp(max=1)
