"""Directions: unit vectors in a space's coordinates, steps along them, and what each leaves of the others."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import torch
from torch import Tensor

from gansmith.editing.coordinates import coordinates, held, points_at
from gansmith.editing.space import Given, Space

MEASURED = 1024  # samples whose spread along a direction is its unit


@dataclass(frozen=True)
class Direction:
    """Where to move, in the coordinates of a space, and by how much.

    vector: (d,), of unit length. scale: the standard deviation of samples along it, by which strengths count; 1 where
    the space is a z. strength: what changes most samples, 0 where nobody measured it. space: its name. made: how it was
    found: method, from what, and with which accuracy. classifier: what tells it from an image, as tensors of a
    `Classifier`.
    """

    name: str
    vector: Tensor
    space: str
    scale: float = 1.0
    strength: float = 0.0
    made: Mapping[str, Any] = field(default_factory=dict)
    classifier: Mapping[str, Tensor] = field(default_factory=dict)


def direction(name: str, vector: Tensor, space: Space, given: Given | None = None, **further: Any) -> Direction:
    """Along a vector (d,) of any length. given: conditions of MEASURED rows each, under which its unit is measured."""
    unit = vector / vector.norm()
    if space.prior:
        return Direction(name, unit, space.name, **further)
    along = coordinates(space, space.points(MEASURED, 0, given or {})) @ unit
    return Direction(name, unit, space.name, float(along.std()), **further)


def moved(space: Space, points: Tensor, steps: Iterable[tuple[Direction, float]], *, hold: bool = True) -> Tensor:
    """Points (N, *shape) after steps along directions, each by so many deviations.

    hold: of a z, bring every latent back to the length that it had, so that far steps stay among likely latents.
    """
    start = coordinates(space, points)
    coords = start
    for one, strength in steps:
        coords = coords + strength * one.scale * one.vector.to(coords)
    return points_at(space, held(coords, start.norm(dim=1)) if hold and space.prior else coords)


def orthogonalised(one: Direction, others: Sequence[Direction]) -> Direction:
    """The part of a direction along which no other changes much (Shen et al. 2020, section 3.2; for several).

    The rest of the least squares solution of its vector by theirs; others may depend on one another.
    Raises ValueError where nothing is left.
    """
    if not others:
        return one
    basis = torch.stack([other.vector for other in others], dim=1).double()
    vector = one.vector.double()
    rest = vector - basis @ (torch.linalg.pinv(basis) @ vector)
    left = float(rest.norm())
    if left < 1e-4:
        raise ValueError(f"{one.name} is made of the others")
    against = {"against": [other.name for other in others], "left": left}
    return replace(one, vector=(rest / left).to(one.vector), made={**one.made, **against})
