"""Fidelity and diversity apart: precision, recall, density and coverage.

Precision and recall: Kynkaanniemi et al. 2019, equations 1 and 2. Density and coverage: Naeem et al. 2020, equations 3
and 4. Each set is taken for the union of balls that reach from every sample to its k-th neighbour.
"""

from __future__ import annotations

from dataclasses import dataclass

from torch import Tensor

from gansmith.measure.distances import Matrices, radii

NEIGHBOURS = 5


@dataclass(frozen=True)
class Manifold:
    """precision, recall, coverage: 0..1; density: from 0, about 1 for real data; higher is better.

    precision: share of fakes inside the reals' balls. recall: share of reals inside the fakes' balls.
    density: how many of the reals' balls hold a fake, over k. coverage: share of the reals' balls with a fake inside;
    1 - 2^-k is expected of two large sets of one source.
    """

    precision: float
    recall: float
    density: float
    coverage: float


def manifold(real: Tensor, fake: Tensor, k: int = NEIGHBOURS) -> Manifold:
    """The four of real (n, d) and fake (m, d); n and m should be equal, and more than k."""
    return from_matrices(Matrices.of(real, fake), k)


def from_matrices(matrices: Matrices, k: int = NEIGHBOURS) -> Manifold:
    """The same, where distances are known already."""
    return from_radii(matrices.cross, radii(matrices.real, k), radii(matrices.fake, k), k)


def from_radii(cross: Tensor, real: Tensor, fake: Tensor, k: int = NEIGHBOURS) -> Manifold:
    """The same, from distances of reals to fakes (n, m) and the radii of both (n,), (m,)."""
    inside = cross <= real[:, None]
    return Manifold(
        precision=float(inside.any(dim=0).double().mean()),
        recall=float((cross <= fake).any(dim=1).double().mean()),
        density=float(inside.sum()) / (k * cross.shape[1]),
        coverage=float(inside.any(dim=1).double().mean()),
    )
