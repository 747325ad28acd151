"""Euclidean distances between features: the matrices that most scores share."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from gansmith.errors import GansmithError

PIECE = 2**24  # distances at a time: 128 MB


def distances(a: Tensor, b: Tensor) -> Tensor:
    """Distances of every row of a (n, d) to every row of b (m, d): (n, m) float32.

    Computed from centred products in float64, so that a copy lies within 1e-7 of its norm of the original and not,
    as in float32, within 1e-3 of it.
    """
    centre = b.double().mean(dim=0)
    a, b = a.double() - centre, b.double() - centre
    square = a.square().sum(dim=1)[:, None] + b.square().sum(dim=1) - 2 * (a @ b.T)
    return square.clamp_(min=0).sqrt_().float()


def nearest(a: Tensor, b: Tensor) -> tuple[Tensor, Tensor]:
    """Of every row of a (n, d) the distance to the nearest row of b (m, d), and which it is: (n,), (n,).

    In pieces, so that b may be a whole data set.
    """
    pieces = [distances(part, b).min(dim=1) for part in a.chunk(-(-len(a) * len(b) // PIECE))]
    return torch.cat([piece.values for piece in pieces]), torch.cat([piece.indices for piece in pieces])


def within(a: Tensor) -> Tensor:
    """Distances among the rows of a (n, d): (n, n), infinite on the diagonal, so that nobody is his own neighbour."""
    return distances(a, a).fill_diagonal_(torch.inf)


def radii(among: Tensor, k: int) -> Tensor:
    """The distance of each row to its k-th neighbour (n,), from `within`."""
    return among.topk(k, largest=False).values[:, -1]


@dataclass(frozen=True)
class Matrices:
    """Distances among the reals (n, n), from reals to fakes (n, m), and among the fakes (m, m)."""

    real: Tensor
    cross: Tensor
    fake: Tensor

    @classmethod
    def of(cls, real: Tensor, fake: Tensor) -> Matrices:
        """From features (n, d) and (m, d)."""
        return cls(within(real), distances(real, fake), within(fake))

    def rows(self, real: Tensor, fake: Tensor) -> Matrices:
        """The same of some rows only: nothing is computed again."""
        return Matrices(self.real[real][:, real], self.cross[real][:, fake], self.fake[fake][:, fake])


def features(rows: Tensor, of: str) -> Tensor:
    """Rows (n, d) as they can be measured: two-dimensional, float, detached, on the CPU.

    Raises GansmithError where the shape is another or a value is not finite.
    """
    rows = rows.detach().float().cpu()
    if rows.dim() != 2:
        raise GansmithError(f"features of {of} have the shape {tuple(rows.shape)}", "one row per sample is needed")
    broken = int((~rows.isfinite().all(dim=1)).sum())
    if broken:
        raise GansmithError(
            f"{broken} of {len(rows)} {of} samples hold numbers that are not finite",
            "the generator has exploded, or the features do not suit the data",
            "measure an earlier checkpoint",
        )
    return rows
