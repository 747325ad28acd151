"""Large images part by part: with as much around each as can move it, so that no seam is there to be blended."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor
from torch.nn.functional import interpolate

from gansmith.networks.resnet import STEP, widened

PART = 1024  # pixels a side: a painter of default size then needs about a gigabyte


def in_parts(act: Callable[[Tensor], Tensor], image: Tensor, part: int = PART, reach: int = 64) -> Tensor:
    """What `act` makes of an image (N, C, H, W), at its size, never shown more than part + 2 reach pixels a side.

    act: keeps the size; what it makes of a pixel depends on nothing further away than `reach`, a multiple of 4 like
    `part`. The result then is that of the whole image, but for rounding.
    """
    high, across = image.shape[2:]
    whole = widened(image)
    made = torch.empty(0)
    for top in range(0, whole.shape[2], part):
        for left in range(0, whole.shape[3], part):
            above, before = max(0, top - reach), max(0, left - reach)
            seen = whole[:, :, above : top + part + reach, before : left + part + reach]
            found = act(seen.contiguous())[:, :, top - above :, left - before :][:, :, :part, :part]
            if not made.numel():
                made = found.new_empty(*found.shape[:2], *whole.shape[2:])
            made[:, :, top : top + part, left : left + part] = found
    return made[:, :, :high, :across]


def overview(image: Tensor, part: int = PART) -> Tensor:
    """An image (N, C, H, W), or a smaller copy of about part x part pixels, to take the moments of a large one from."""
    high, across = image.shape[2:]
    scale = part / (high * across) ** 0.5
    if scale >= 1:
        return image
    sides = [max(STEP, round(side * scale / STEP) * STEP) for side in (high, across)]
    return interpolate(image, sides, mode="bilinear", antialias=True)
