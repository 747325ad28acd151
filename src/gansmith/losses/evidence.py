"""The two halves of a variational autoencoder's bound (Kingma & Welling 2014, eq. 10), in nats per image."""

from __future__ import annotations

import math

import torch
from torch import Tensor


def divergence(mean: Tensor, log_variance: Tensor) -> Tensor:
    """KL(N(mean, variance) || N(0, 1)) summed over the latent's values, averaged over images: (N, z), (N, z) -> scalar.

    Kingma & Welling 2014, appendix B.
    """
    return 0.5 * (mean.square() + log_variance.exp() - 1 - log_variance).sum(dim=1).mean()


def divergence_at(latent: Tensor, growth: Tensor, log_variance: Tensor) -> Tensor:
    """KL(N(mean, variance) || p), of which one draw was sent back to the normal distribution that p is made of.

    latent: (N, z), where a draw from each N(mean, variance) came to lie; growth: (N,), the logarithm of how much volume
    grew on the way; log_variance: (N, z). Right on average: what a draw says of its own density is taken at its
    expectation. Averaged over images. (Rezende & Mohamed 2015, eq. 15, with the flow in the prior.)
    """
    return (0.5 * (latent.square() - 1 - log_variance).sum(dim=1) - growth).mean()


def surprise(image: Tensor, decoded: Tensor, log_scale: Tensor) -> Tensor:
    """-log N(image; decoded, scale) summed over an image's values, averaged over images: (N, ...), (N, ...) -> scalar.

    The scale is one for all values and learned with them (Rybkin et al. 2021, section 3.2).
    """
    each = 0.5 * ((image - decoded) * (-log_scale).exp()).square() + log_scale + 0.5 * math.log(2 * math.pi)
    return each.flatten(1).sum(dim=1).mean()


def sampled(mean: Tensor, log_variance: Tensor) -> Tensor:
    """A latent from N(mean, variance), gradients passing through (Kingma & Welling 2014, section 2.4)."""
    return mean + (log_variance / 2).exp() * torch.randn_like(mean)
