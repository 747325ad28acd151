"""The variational bound against torch's own distributions."""

from __future__ import annotations

import math

import pytest
import torch
from torch.distributions import Normal, kl_divergence

from gansmith.losses.evidence import divergence, divergence_at, sampled, surprise
from gansmith.networks.flow import Flow


def test_divergence_is_that_of_two_gaussians() -> None:
    torch.manual_seed(0)
    mean, log_variance = torch.randn(5, 3), torch.randn(5, 3)
    expected = kl_divergence(Normal(mean, (log_variance / 2).exp()), Normal(0, 1)).sum(dim=1).mean()
    assert divergence(mean, log_variance).item() == pytest.approx(expected.item(), rel=1e-5)
    assert divergence(torch.zeros(2, 3), torch.zeros(2, 3)).item() == 0


def test_divergence_at_draws_is_on_average_that_of_the_two_distributions() -> None:
    """Without a flow the closed form; with an affine one, whose prior is a Gaussian again, torch's."""
    torch.manual_seed(0)
    mean, log_variance = torch.randn(1, 3).repeat(200_000, 1), torch.randn(1, 3).repeat(200_000, 1)
    draws = sampled(mean, log_variance)
    plain = divergence_at(draws, torch.zeros(len(draws)), log_variance)
    assert plain.item() == pytest.approx(divergence(mean, log_variance).item(), rel=0.01)
    shift, scale = torch.tensor([1.0, -2.0, 0.5]), torch.tensor([0.5, 2.0, 1.5])
    through = divergence_at((draws - shift) / scale, -scale.log().sum().expand(len(draws)), log_variance)
    expected = kl_divergence(Normal(mean[:1], (log_variance[:1] / 2).exp()), Normal(shift, scale)).sum()
    assert through.item() == pytest.approx(expected.item(), rel=0.01)


def test_a_flow_learns_the_distribution_whose_divergence_it_lowers() -> None:
    """Of two narrow clusters: it falls to what their mixture has, and draws from the prior lie in them."""
    torch.manual_seed(0)
    flow = Flow(2, 4, 32)
    adam = torch.optim.Adam(flow.parameters(), 5e-3)
    narrow = torch.full((256, 2), 2 * math.log(0.2))
    for _ in range(300):
        side = torch.randint(2, (256, 1)) * 4.0 - 2
        z = side * torch.tensor([1.0, 0.5]) + 0.2 * torch.randn(256, 2)
        divergence = divergence_at(*flow.inverse(z), narrow)
        adam.zero_grad()
        divergence.backward()  # type: ignore[no-untyped-call]
        adam.step()
    assert divergence.item() < math.log(2) + 0.35  # a cluster told from two costs log 2; no prior does better
    drawn = flow(torch.randn(1000, 2)).detach()
    near = (drawn.abs() - torch.tensor([2.0, 1.0])).abs().amax(1) < 0.8
    assert near.float().mean() > 0.8


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
