"""The variational bound against torch's own distributions."""

from __future__ import annotations

import pytest
import torch
from torch.distributions import Normal, kl_divergence

from gansmith.losses.evidence import divergence, sampled, surprise


def test_divergence_is_that_of_two_gaussians() -> None:
    torch.manual_seed(0)
    mean, log_variance = torch.randn(5, 3), torch.randn(5, 3)
    expected = kl_divergence(Normal(mean, (log_variance / 2).exp()), Normal(0, 1)).sum(dim=1).mean()
    assert divergence(mean, log_variance).item() == pytest.approx(expected.item(), rel=1e-5)
    assert divergence(torch.zeros(2, 3), torch.zeros(2, 3)).item() == 0


def test_surprise_is_a_gaussians_and_least_at_the_deviation_there_is() -> None:
    """Rybkin et al. 2021, eq. 5: the best scale is the root mean squared error."""
    torch.manual_seed(0)
    image, decoded = torch.randn(4, 1, 6, 6), torch.randn(4, 1, 6, 6)
    log_scale = torch.tensor(-0.3, requires_grad=True)
    told: torch.Tensor = Normal(decoded, log_scale.exp()).log_prob(image)  # type: ignore[no-untyped-call]
    expected = -told.flatten(1).sum(dim=1).mean()
    assert surprise(image, decoded, log_scale).item() == pytest.approx(expected.item(), rel=1e-5)
    best = (image - decoded).square().mean().sqrt().log().requires_grad_(True)
    (slope,) = torch.autograd.grad(surprise(image, decoded, best), best)
    assert slope.item() == pytest.approx(0, abs=1e-3)


def test_latents_have_the_deviation_asked_for() -> None:
    torch.manual_seed(0)
    latents = sampled(torch.full((20_000, 2), 3.0), torch.full((20_000, 2), -1.0))
    assert latents.mean().item() == pytest.approx(3, abs=0.02)
    assert latents.std().item() == pytest.approx(0.6065, abs=0.01)
