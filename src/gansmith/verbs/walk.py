"""A smooth closed walk through latents, every point of which is as likely as a random one."""

from __future__ import annotations

import torch
from torch import Tensor

from gansmith.editing.coordinates import from_normal, to_normal
from gansmith.game.game import noise


def weights(frames: int, keys: int) -> Tensor:
    """(frames, keys): how much of each key there is in each frame of a closed Catmull-Rom spline; rows sum to 1.

    Frame 0 is key 0, and after the last frame comes frame 0 again. The spline passes through its keys without a corner.
    """
    place = torch.arange(frames, dtype=torch.float64) * keys / frames
    before, t = place.long(), place.frac()
    around = torch.stack(
        [-t + 2 * t**2 - t**3, 2 - 5 * t**2 + 3 * t**3, t + 4 * t**2 - 3 * t**3, -(t**2) + t**3], dim=1
    )
    found = torch.zeros(frames, keys, dtype=torch.float64)
    neighbours = (before[:, None] + torch.arange(-1, 3)) % keys
    return found.scatter_add_(1, neighbours, around / 2).float()


def through(keys: Tensor, frames: int) -> Tensor:
    """Points (frames, ...) of the closed spline through keys (K, ...): for spaces where in between is sensible too."""
    return torch.einsum("fk,k...->f...", weights(frames, len(keys)), keys)


def latents(count: int, keys: int, size: int, prior: str, seed: int) -> Tensor:
    """(keys, count, size) from a prior: where as many walks go through, first what samples of that seed are made of."""
    chance = torch.Generator().manual_seed(seed % 2**63)
    return torch.stack([noise(count, size, prior, chance) for _ in range(keys)])


def walk(keys: Tensor, frames: int, prior: str) -> Tensor:
    """(frames, N, z): walks through latents (K, N, z) of a prior.

    A mean of normal latents is shorter than they are, and an image of it less varied; so it is by the length of its
    weights that each frame is scaled, as in spherical interpolation (White 2016). What comes of it is exactly normal;
    the other priors go by way of it.
    """
    mixed = weights(frames, len(keys))
    between = torch.einsum("fk,k...->f...", mixed / mixed.norm(dim=1, keepdim=True), to_normal(keys, prior))
    return from_normal(between, prior)
