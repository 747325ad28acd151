"""How different the fakes are from each other, against how different the reals are."""

from __future__ import annotations

import math

import torch
from torch import Tensor


def spread(samples: Tensor) -> float:
    """Median distance between two of the samples (n, ...); 64 take less than a millisecond."""
    return float(torch.pdist(samples.detach().float().flatten(1)).median())


def diversity(real: Tensor, fake: Tensor) -> float:
    """The fakes' spread over the reals': 1 is right, 0 is one picture; nan where all reals are the same.

    real (n, ...), fake (m, ...): images, features or points, at least two of each.
    """
    reals = spread(real)
    return spread(fake) / reals if reals else math.nan
