"""Sliced Wasserstein distance: how far two sets of samples lie apart, without any network."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn.functional import adaptive_avg_pool2d


def sliced_wasserstein(a: Tensor, b: Tensor, directions: int = 256, seed: int = 0) -> float:
    """Mean 1-Wasserstein distance of a (n, D) and b (n, D) over random directions (Rabin et al. 2011).

    Both must have the same n; in the units of the data. 0 for equal sets; sqrt(1/n)-ish for two sets of one source.
    """
    if a.shape != b.shape:
        raise ValueError(f"sets of equal shape are needed, got {tuple(a.shape)} and {tuple(b.shape)}")
    generator = torch.Generator().manual_seed(seed)
    axes = torch.randn(a.shape[1], directions, generator=generator)
    axes = axes / axes.norm(dim=0)
    return float(((a @ axes).sort(dim=0).values - (b @ axes).sort(dim=0).values).abs().mean())


def flat(samples: Tensor, size: int = 16) -> Tensor:
    """Images (N, C, H, W) -> (N, D) of at most size x size averaged pixels; points pass through."""
    if samples.dim() == 2:
        return samples.float().cpu()
    high, wide = (min(size, side) for side in samples.shape[2:])
    return adaptive_avg_pool2d(samples.float().cpu(), (high, wide)).flatten(1)
