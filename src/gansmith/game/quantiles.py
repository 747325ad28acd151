"""Quantiles of the normal distribution by plain arithmetic, for exported graphs that know no inverse error function."""

from __future__ import annotations

import math

import torch
from torch import Tensor

# Giles 2012, "Approximating the erfinv function", table 5: polynomials in w, highest power first, single precision.
CENTRE = (
    *(2.81022636e-08, 3.43273939e-07, -3.5233877e-06, -4.39150654e-06, 2.1858087e-04, -1.25372503e-03),
    *(-4.17768164e-03, 0.246640727, 1.50140941),
)
TAIL = (
    *(-2.00214257e-04, 1.00950558e-04, 1.34934322e-03, -3.67342844e-03, 5.73950773e-03, -7.6224613e-03),
    *(9.43887047e-03, 1.00167406, 2.83297682),
)
APART = 5.0  # of w, where the tail begins


def inverse_erf(x: Tensor) -> Tensor:
    """The inverse error function of x in (-1, 1), float32, to a few parts in ten million."""
    w = -torch.log((1 - x) * (1 + x))
    near, far = polynomial(CENTRE, w - 2.5), polynomial(TAIL, torch.sqrt(w.clamp(min=APART)) - 3)
    return torch.where(w < APART, near, far) * x


def polynomial(coefficients: tuple[float, ...], w: Tensor) -> Tensor:
    value = torch.full_like(w, coefficients[0])
    for coefficient in coefficients[1:]:
        value = value * w + coefficient
    return value


def truncated_plainly(latent: Tensor, limit: Tensor) -> Tensor:
    """`game.truncation.truncated` of latents (N, z) at one limit (), in float32 throughout."""
    most = limit.clamp(min=0)
    share = torch.erf(latent / math.sqrt(2)) * torch.erf(most / math.sqrt(2))
    cut = inverse_erf(share.clamp(-1 + 1e-7, 1 - 1e-7)) * math.sqrt(2)
    return torch.where(most.isinf(), latent, torch.minimum(torch.maximum(cut, -most), most))
