"""Random jitter: images made a little larger and cut to size anywhere, and mirrored (Isola et al. 2017, 6.2)."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn.functional import interpolate


def jittered(image: Tensor, larger: float, flip: bool) -> Tensor:
    """(N, C, H, W) in [-1, 1] -> the same shape, every image cut and mirrored by a chance of its own.

    larger: by what share of its sides an image is enlarged first; the papers' 286 for 256 pixels is 0.12. Images that
    belong together go through it together, one behind the other as channels.
    """
    count, _, high, across = image.shape
    if larger:
        tall, wide = round(high * (1 + larger)), round(across * (1 + larger))
        big = interpolate(image, (tall, wide), mode="bicubic").clamp(-1, 1).permute(0, 2, 3, 1)
        top = torch.randint(tall - high + 1, (count, 1, 1), device=image.device)
        left = torch.randint(wide - across + 1, (count, 1, 1), device=image.device)
        rows = top + torch.arange(high, device=image.device)[:, None]
        columns = left + torch.arange(across, device=image.device)
        which = torch.arange(count, device=image.device)[:, None, None]
        image = big[which, rows, columns].permute(0, 3, 1, 2)
    if flip:
        image = torch.where(torch.rand(count, 1, 1, 1, device=image.device) < 0.5, image.flip(3), image)
    return image
