"""The truncation trick: latents from a cut-off normal, for better and less varied samples (Brock et al. 2019, 3.1)."""

from __future__ import annotations

import math

import torch
from torch import Tensor


def truncated(latent: Tensor, limit: Tensor) -> Tensor:
    """Normal latents (N, z) -> normal ones that lie within +-limit (N,), each the same share of the way out.

    The distribution is that of drawing anew whatever lies beyond. It goes by the quantile of each value, so that one
    latent at several limits is one image, more or less typical. Limits of 0 or less give 0; infinity changes nothing.
    """
    value, most = latent.double(), limit.double().clamp(min=0)[:, None]
    inside = torch.erf(most / math.sqrt(2))  # the share of a normal within the limit
    cut = torch.erfinv(torch.erf(value / math.sqrt(2)) * inside) * math.sqrt(2)
    return torch.where(most.isinf(), value, cut.clamp(-most, most)).to(latent.dtype)
