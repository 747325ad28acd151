"""Frechet distance of two sets of features, as if each were one normal distribution (Heusel et al. 2017)."""

from __future__ import annotations

import torch
from torch import Tensor


# torchmetrics' _compute_fid is the same sum, but private, and takes eigenvalues of a product that is not symmetric:
# slower by far, and where a covariance is singular rounding makes negative ones, whose roots it drops.
def frechet_distance(real: Tensor, fake: Tensor) -> float:
    """|m1 - m2|^2 + tr(C1 + C2 - 2 (C1 C2)^1/2) of real (n, d) and fake (m, d); lower is better, 0 for equal sets.

    Two finite sets of one source score above 0, the more the fewer they are and the more dimensions there are: compare
    only at one n, well above 2 d. It is called FID only with Inception's features under the standard protocol.
    """
    (mean, spread), (other_mean, other_spread) = _moments(real), _moments(fake)
    values, vectors = torch.linalg.eigh(spread)
    root = (vectors * values.clamp(min=0).sqrt()) @ vectors.T
    overlap = torch.linalg.eigvalsh(root @ other_spread @ root).clamp(min=0).sqrt().sum()
    distance = (mean - other_mean).square().sum() + spread.trace() + other_spread.trace() - 2 * overlap
    return max(float(distance), 0.0)


def _moments(rows: Tensor) -> tuple[Tensor, Tensor]:
    rows = rows.double()
    mean = rows.mean(dim=0)
    centred = rows - mean
    return mean, centred.T @ centred / (len(rows) - 1)
