"""Mode coverage of points whose true modes are known (the protocol of PacGAN, Lin et al. 2018, section 4.1)."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True)
class Coverage:
    """modes: covered, of total; high_quality: share of samples within 3 sigma of a mode; reverse_kl: in nats."""

    modes: int
    total: int
    high_quality: float
    reverse_kl: float


def coverage(samples: NDArray[np.floating], centres: NDArray[np.floating], sigma: float) -> Coverage:
    """Score samples (n, D) against centres (modes, D) of one spherical deviation.

    A mode is covered by one sample within 3 sigma of it. reverse_kl: from the high-quality samples' histogram over
    modes to the uniform; infinite without any. A perfect sampler scores 1 - exp(-4.5) = 98.89 % high quality in 2-D
    and about (modes - 1) / 2n of divergence.
    """
    distances = np.linalg.norm(samples[:, None] - centres[None], axis=2)
    good = distances.min(axis=1) < 3 * sigma
    counts = np.bincount(distances.argmin(axis=1)[good], minlength=len(centres))
    shares = counts[counts > 0] / max(counts.sum(), 1)
    divergence = float((shares * np.log(shares * len(centres))).sum()) if len(shares) else float("inf")
    return Coverage(int((counts > 0).sum()), len(centres), float(good.mean()), divergence)


def perfect(n: int, modes: int, dimensions: int = 2) -> Coverage:
    """What n samples of the true distribution score on average: the figures to compare with.

    modes: those of which at least one sample is expected to be seen; high_quality: the chi-square distribution at 9;
    reverse_kl: (modes - 1) / 2m, the mean of a multinomial's divergence for m high-quality samples.
    """
    from torch import tensor
    from torch.special import gammainc

    good = float(gammainc(tensor(dimensions / 2).double(), tensor(4.5).double()))
    seen = modes * -math.expm1(n * math.log1p(-good / modes)) if modes > 1 else 1.0
    return Coverage(round(seen), modes, good, (modes - 1) / (2 * n * good))
