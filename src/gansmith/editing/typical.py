"""How usual a point is among those that samples have: what lies far from all of them is poorly known, edits tear it."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from gansmith.editing.coordinates import coordinates
from gansmith.editing.space import Space

MEASURED = 2048
SHRUNK = 1e-3  # of the mean variance, added to each: directions that hardly vary must not decide alone


@dataclass(frozen=True)
class Typical:
    """What is usual in a space: of styles a layer at a time, `middle` (d,), `whiten` (d, d), and samples' distances.

    distances: sorted, (n,), of samples that the rest was not measured on.
    """

    space: Space
    middle: Tensor
    whiten: Tensor
    distances: Tensor

    def distance(self, points: Tensor) -> Tensor:
        """Mahalanobis distances (N,) of points from the middle, over sqrt(d); of styles a layer, their mean square's.

        About 1 for samples; less is more typical.
        """
        return distance(self.space, points, self.middle, self.whiten)

    def rank(self, points: Tensor) -> Tensor:
        """The share (N,) of samples that lie farther out: near 0, hardly any sample is as unusual."""
        nearer = torch.searchsorted(self.distances, self.distance(points))
        return 1 - nearer / len(self.distances)


def typical(space: Space, seed: int = 0) -> Typical:
    """What samples of a seed and of the next one say about a space."""
    rows = per_layer(space, space.points(MEASURED, seed, {})).flatten(0, 1).double()
    middle = rows.mean(0)
    spread = torch.cov(rows.T).reshape(len(middle), len(middle))
    spread = spread + SHRUNK * spread.diagonal().mean() * torch.eye(len(middle), dtype=torch.float64)
    whiten = torch.linalg.inv(torch.linalg.cholesky(spread)).float()
    others = distance(space, space.points(MEASURED, seed + 1, {}), middle.float(), whiten)
    return Typical(space, middle.float(), whiten, others.sort().values)


def distance(space: Space, points: Tensor, middle: Tensor, whiten: Tensor) -> Tensor:
    off = (per_layer(space, points) - middle) @ whiten.T
    return off.square().mean((1, 2)).sqrt()


def per_layer(space: Space, points: Tensor) -> Tensor:
    """Coordinates (N, layers, d) of points; 1 layer where there are none."""
    return coordinates(space, points).view(len(points), -1, space.shape[-1])
