"""Kernel distance of two sets of features (Binkowski et al. 2018), whose mean is right at any number of samples."""

from __future__ import annotations

import torch
from torch import Tensor


def kid(real: Tensor, fake: Tensor, subsets: int = 0, size: int = 1000, seed: int = 0) -> float:
    """Unbiased squared maximum mean discrepancy of real (n, d) and fake (m, d) under the kernel (x.y / d + 1)^3.

    0 on average for two sets of one source, and then as often below as above; lower is better. All pairs are used; with
    `subsets`, the mean over so many random subsets of `size` of either side instead, as in the paper, which is the
    same on average, noisier, and only needed where the matrices do not fit into memory.
    """
    if not subsets:
        return from_kernels(kernel(real, real), kernel(real, fake), kernel(fake, fake))
    chance = torch.Generator().manual_seed(seed)
    total = 0.0
    for _ in range(subsets):
        a, b = (rows[torch.randperm(len(rows), generator=chance)[:size]] for rows in (real, fake))
        total += kid(a, b)
    return total / subsets


def kernel(a: Tensor, b: Tensor) -> Tensor:
    """(x.y / d + 1)^3 of every row of a (n, d) and every row of b (m, d): (n, m) float64."""
    return (a.double() @ b.double().T).div_(a.shape[1]).add_(1).pow_(3)


# torchmetrics' poly_mmd is the same for sets of one size; it cannot take two sizes, nor matrices already made.
def from_kernels(real: Tensor, cross: Tensor, fake: Tensor) -> float:
    """The unbiased estimate from kernels among reals (n, n), reals to fakes (n, m), among fakes (m, m)."""
    return float(_mean_of_pairs(real) + _mean_of_pairs(fake) - 2 * cross.mean())


def _mean_of_pairs(among: Tensor) -> Tensor:
    count = len(among)
    return (among.sum() - among.diagonal().sum()) / (count * (count - 1))
