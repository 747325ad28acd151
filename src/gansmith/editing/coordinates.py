"""Latents in coordinates where a step along a straight line is sensible: centred, of about unit deviation, flat."""

from __future__ import annotations

import math

import torch
from torch import Tensor

from gansmith.editing.space import Space

LATEST = 1 - 1e-7  # of a uniform latent: a normal one has no quantile for 1


def to_normal(points: Tensor, prior: str) -> Tensor:
    """Latents of any prior as normally distributed ones, coordinate by coordinate."""
    return math.sqrt(2) * torch.erfinv(points.clamp(-LATEST, LATEST)) if prior == "uniform" else points


def from_normal(points: Tensor, prior: str) -> Tensor:
    """What `to_normal` made of latents (..., z) of that prior; spherical ones lie on their sphere again."""
    if prior == "spherical":
        return points * (points.shape[-1] ** 0.5 / points.norm(dim=-1, keepdim=True))
    return torch.erf(points / math.sqrt(2)) if prior == "uniform" else points


def coordinates(space: Space, points: Tensor) -> Tensor:
    """Points (N, *shape) -> (N, d). Uniform latents go by way of normal ones, so that no step ever leaves the prior."""
    if space.prior:
        return to_normal(points, space.prior)
    return ((points - space.centre) / space.scale).flatten(1)


def points_at(space: Space, coords: Tensor) -> Tensor:
    """Coordinates (N, d) -> points (N, *shape), the inverse of `coordinates`."""
    if space.prior:
        return from_normal(coords, space.prior)
    return coords.view(-1, *space.shape) * space.scale + space.centre


def held(coords: Tensor, like: Tensor) -> Tensor:
    """Coordinates (N, d) brought to the lengths (N,): normal latents nearly lie on a sphere (White 2016, section 2)."""
    return coords * (like / coords.norm(dim=1).clamp(min=1e-12))[:, None]
