"""Directions nobody named: along which a generator's own weights, or its early maps, change most."""

from __future__ import annotations

import torch
from torch import Tensor


def factorised(weights: Tensor, count: int) -> Tensor:
    """The unit vectors (count, d) that weights (outputs, d) change most: SeFa (Shen & Zhou 2021, eq. 7).

    The first eigenvectors of A^T A, every row of A brought to length 1 as in the authors' code.
    """
    rows = weights.double()
    rows = rows / rows.norm(dim=1, keepdim=True).clamp(min=1e-12)
    return leading(rows.t() @ rows, count).to(weights)


def principal(coords: Tensor, maps: Tensor, count: int) -> Tensor:
    """The unit vectors (count, d) of coordinates (N, d) that best explain the principal components of maps (N, f).

    GANSpace (Harkonen et al. 2020, eq. 2); of styles, whose maps are their coordinates, simply those components.
    """
    centred, start = (maps - maps.mean(0)).double(), (coords - coords.mean(0)).double()
    if centred.shape[1] <= len(centred):
        scores = centred @ leading(centred.t() @ centred, count).t()
    else:
        scores = leading(centred @ centred.t(), count).t()  # of maps larger than there are samples, up to their lengths
    found = torch.linalg.lstsq(scores, start).solution
    return signed(found / found.norm(dim=1, keepdim=True)).to(coords)


def leading(matrix: Tensor, count: int) -> Tensor:
    """The eigenvectors (count, d) of the largest eigenvalues of a symmetric matrix (d, d), in order."""
    return signed(torch.linalg.eigh(matrix).eigenvectors[:, -count:].flip(1).t())


def signed(vectors: Tensor) -> Tensor:
    """Vectors (n, d), each turned so that its largest value is positive: eigenvectors have no sign of their own."""
    largest = vectors.gather(1, vectors.abs().argmax(1, keepdim=True))
    return vectors * largest.sign()
