"""Sliced Wasserstein distance of image patches at every scale (Karras et al. 2018, section 5): needs no network."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn.functional import pad

PATCH = 7
PER_IMAGE = 128
MOST = 2**17  # patches of a set at one scale: more cost minutes and change the third digit
DIRECTIONS = 128
REPEATS = 4
SMALLEST = 14  # pixels; the paper stops at 16, but 28, too, shall have two scales
CHUNK = 2**20  # pixels at a time: they stay in the processor's cache
GROUPS = 8  # of images, to learn how much chance does


@dataclass(frozen=True)
class Swd:
    """Distances x 1000 by scale, named by the shorter side in pixels, and their error (a standard deviation).

    Lower is better; 0 for equal sets. The finest scale tells of noise and edges, the coarsest of shapes.
    """

    levels: dict[int, float]
    errors: dict[int, float]
    mean: float
    error: float


def swd(real: Tensor, fake: Tensor, seed: int = 0) -> Swd:
    """Distance of images (N, C, H, W) and (N, C, H, W), of equal N, any C, from 8 pixels on.

    Laplacian pyramid down to about 16 pixels; 128 patches of 7 x 7 an image, of at most 131 072 in all; each set
    normalised per channel; 4 x 128 directions. Sets must have equal N, since the figure falls with it.
    """
    if real.shape != fake.shape:
        raise ValueError(f"sets of equal shape are needed, got {tuple(real.shape)} and {tuple(fake.shape)}")
    levels, groups = {}, {}
    made = _scales(fake, seed)
    for side, patches in _scales(real, seed).items():
        levels[side], groups[side] = _distance(patches, made[side], len(real), seed)
    return Swd(
        levels,
        {side: _error(several) for side, several in groups.items()},
        sum(levels.values()) / len(levels),
        _error(np.mean(list(groups.values()), axis=0)),
    )


def pyramid(images: Tensor) -> list[Tensor]:
    """Laplacian pyramid of images (N, C, H, W), the finest scale first; the last is what remains, blurred."""
    levels = [images]
    while (min(levels[-1].shape[2:]) + 1) // 2 >= SMALLEST:
        smaller = _blur(levels[-1])[:, :, ::2, ::2]
        spread = torch.zeros_like(levels[-1])
        spread[:, :, ::2, ::2] = smaller
        levels[-1] = levels[-1] - 4 * _blur(spread)
        levels.append(smaller)
    return levels


def _blur(images: Tensor) -> Tensor:
    """With the 5 x 5 binomial kernel of Burt and Adelson 1983: sums of shifts, as one channel is slow to convolve."""
    for axis, around in ((2, (0, 0, 2, 2)), (3, (2, 2, 0, 0))):
        size, wide = images.shape[axis], pad(images, around, mode="reflect")
        shifted = [wide.narrow(axis, shift, size) for shift in range(5)]
        images = (shifted[0] + shifted[4] + 4 * (shifted[1] + shifted[3]) + 6 * shifted[2]) / 16
    return images


def _scales(images: Tensor, seed: int) -> dict[int, Tensor]:
    """Patches (N per, C P P) of every scale, image by image, normalised per channel over the set."""
    chance = torch.Generator().manual_seed(seed)
    per = min(PER_IMAGE, max(1, MOST // len(images)))
    found: dict[int, list[Tensor]] = {}
    for some in images.chunk(-(-images.numel() // CHUNK)):
        for level in pyramid(some.float().cpu()):
            found.setdefault(min(level.shape[2:]), []).append(_patches(level, per, chance))
    return {side: _normalised(torch.cat(parts)) for side, parts in found.items()}


def _patches(images: Tensor, per: int, chance: torch.Generator) -> Tensor:
    """Patches (N per, P P, C) at random places of images (N, C, H, W)."""
    count, channels, high, wide = images.shape
    size = min(PATCH, high, wide)
    top = torch.randint(high - size + 1, (count, per, 1, 1), generator=chance)
    left = torch.randint(wide - size + 1, (count, per, 1, 1), generator=chance)
    within = torch.arange(size)
    rows, columns = top + within[:, None], left + within
    found = images.permute(0, 2, 3, 1)[torch.arange(count)[:, None, None, None], rows, columns]
    return found.view(count * per, size * size, channels)


def _normalised(patches: Tensor) -> Tensor:
    patches = patches - patches.mean(dim=(0, 1))
    return (patches / patches.std(dim=(0, 1)).clamp(min=1e-6)).flatten(1)


def _distance(a: Tensor, b: Tensor, images: int, seed: int) -> tuple[float, NDArray[np.float64]]:
    """Of patches (N per, D): over all, and of each group of images (G,)."""
    chance = torch.Generator().manual_seed(seed)
    total, groups = 0.0, np.zeros(min(GROUPS, images))
    even = len(a) // images * (images // len(groups) * len(groups))
    for _ in range(REPEATS):
        axes = torch.randn(a.shape[1], DIRECTIONS, generator=chance)
        axes /= axes.norm(dim=0)
        # numpy sorts with vector instructions, thirty times faster than torch
        shadows = [(axes.T @ rows.T).numpy() for rows in (a, b)]
        parts = [shadow[:, :even].reshape(DIRECTIONS, len(groups), -1) for shadow in shadows]
        total += float(np.abs(np.sort(shadows[0]) - np.sort(shadows[1])).mean())
        groups += np.abs(np.sort(parts[0]) - np.sort(parts[1])).mean(axis=(0, 2))
    return 1000 * total / REPEATS, 1000 * groups / REPEATS


def _error(groups: NDArray[np.float64]) -> float:
    return float(groups.std(ddof=1)) / math.sqrt(len(groups)) if len(groups) > 1 else math.nan
