"""Penalties are slopes of the discriminator: checked against finite differences and closed forms."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from gansmith.losses.penalties import PENALTIES, Shown, dragan, gradient_penalty, r1, r1_and_r2, r2, sizes


def net(inputs: int = 5) -> nn.Module:
    torch.manual_seed(4)
    return nn.Sequential(nn.Flatten(), nn.Linear(inputs, 12), nn.Softplus(), nn.Linear(12, 1), nn.Flatten(0)).double()


def shown(network: nn.Module, size: int = 6, inputs: int = 5) -> Shown:
    chance = torch.Generator().manual_seed(5)
    real = torch.randn(size, inputs, generator=chance, dtype=torch.float64).requires_grad_(True)
    fake = torch.randn(size, inputs, generator=chance, dtype=torch.float64).requires_grad_(True)
    return Shown(real, fake, network(real), network(fake), network)


def slopes(network: nn.Module, points: Tensor, width: float = 1e-6) -> Tensor:
    """Central differences, one coordinate of one point at a time."""
    points, found = points.detach(), torch.zeros_like(points)
    with torch.no_grad():
        for place in np.ndindex(*points.shape):
            nudge = torch.zeros_like(points)
            nudge[place] = width
            found[place] = (network(points + nudge)[place[0]] - network(points - nudge)[place[0]]) / (2 * width)
    return found


def test_r1_and_r2_are_half_the_mean_squared_slope() -> None:
    network = net()
    seen = shown(network)
    on_real = slopes(network, sizes(seen.real)[0]).square().sum(1).mean() / 2
    on_fake = slopes(network, sizes(seen.fake)[0]).square().sum(1).mean() / 2
    torch.testing.assert_close(r1(seen), on_real, rtol=1e-6, atol=0)
    torch.testing.assert_close(r2(seen), on_fake, rtol=1e-6, atol=0)
    torch.testing.assert_close(r1_and_r2(seen), on_real + on_fake, rtol=1e-6, atol=0)


def test_both_at_once_pull_the_weights_as_both_apart() -> None:
    network = net()
    parameters = list(network.parameters())
    together = torch.autograd.grad(r1_and_r2(shown(network)), parameters, materialize_grads=True)
    apart = torch.autograd.grad(r1(shown(network)) + r2(shown(network)), parameters, materialize_grads=True)
    torch.testing.assert_close(together, apart)


def test_gradient_penalty_looks_between_reals_and_fakes() -> None:
    network = net()
    seen = shown(network)
    torch.manual_seed(6)
    found = gradient_penalty(seen)
    torch.manual_seed(6)
    share = torch.rand(6, 1, dtype=torch.float64)
    between = share * sizes(seen.real)[0].detach() + (1 - share) * sizes(seen.fake)[0].detach()
    expected = (slopes(network, between).norm(dim=1) - 1).square().mean()
    torch.testing.assert_close(found, expected, rtol=1e-6, atol=0)


def test_dragan_looks_around_the_reals() -> None:
    network = net()
    seen = shown(network)
    torch.manual_seed(7)
    found = dragan(seen)
    torch.manual_seed(7)
    real = sizes(seen.real)[0].detach()
    around = real + 0.5 * real.std(correction=0) * torch.rand_like(real)
    expected = (slopes(network, around).norm(dim=1) - 1).square().mean()
    torch.testing.assert_close(found, expected, rtol=1e-6, atol=0)


class Sloped(nn.Module):
    """D(x) = k . x: its slope is k everywhere."""

    def __init__(self, slope: Tensor) -> None:
        super().__init__()
        self.slope = nn.Parameter(slope)

    def forward(self, x: Tensor) -> Tensor:
        return x.flatten(1) @ self.slope


@pytest.mark.parametrize("name", PENALTIES)
def test_closed_form_on_a_linear_discriminator(name: str) -> None:
    """Slope (3, 4) everywhere: half its square is 12.5, (5 - 1)^2 is 16; images of two pixels."""
    network = Sloped(torch.tensor([3.0, 4.0], dtype=torch.float64))
    real, fake = (torch.randn(7, 1, 1, 2, dtype=torch.float64).requires_grad_(True) for _ in range(2))
    value = PENALTIES[name](Shown(real, fake, network(real), network(fake), network))
    assert value.item() == pytest.approx({"r1": 12.5, "r2": 12.5, "r1+r2": 25, "gp": 16, "dragan": 16}[name])


@pytest.mark.parametrize("name", PENALTIES)
def test_the_pull_on_the_weights_is_the_slope_of_the_penalty(name: str) -> None:
    """Second derivatives: nudge each weight and watch the penalty, the random draws held fixed."""
    network = net()

    def penalty() -> Tensor:
        torch.manual_seed(8)
        return PENALTIES[name](shown(network))

    weight = next(network.parameters())
    (found,) = torch.autograd.grad(penalty(), weight)
    for place in [(0, 0), (3, 2), (11, 4)]:
        with torch.no_grad():
            kept = weight[place].item()
            weight[place] = kept + 1e-6
        high = penalty().item()
        with torch.no_grad():
            weight[place] = kept - 1e-6
        low = penalty().item()
        with torch.no_grad():
            weight[place] = kept
        assert found[place].item() == pytest.approx((high - low) / 2e-6, rel=1e-5, abs=1e-9)


@pytest.mark.parametrize("name", ["gp", "dragan"])
def test_a_flat_discriminator_has_a_penalty_and_no_nan(name: str) -> None:
    """At slope 0 the norm has no derivative; the weights must not hear of it as NaN."""
    network = Sloped(torch.zeros(2, dtype=torch.float64))
    real, fake = (torch.randn(4, 2, dtype=torch.float64).requires_grad_(True) for _ in range(2))
    value = PENALTIES[name](Shown(real, fake, network(real), network(fake), network))
    (pull,) = torch.autograd.grad(value, network.slope)
    assert value.item() == pytest.approx(1)
    assert bool(torch.isfinite(pull).all())


def test_dragan_of_a_single_number_is_a_number() -> None:
    network = Sloped(torch.tensor([3.0]))
    one = torch.ones(1, 1, requires_grad=True)
    assert dragan(Shown(one, one, network(one), network(one), network)).item() == pytest.approx(4)


def test_the_penalised_equilibrium_of_a_line() -> None:
    """For D(x) = w x, R1 is w^2 / 2: its pull is w itself (Mescheder et al. 2018, section 4.1)."""
    for w in (-2.0, 0.5, math.pi):
        network = Sloped(torch.tensor([w], dtype=torch.float64))
        real = torch.zeros(3, 1, dtype=torch.float64).requires_grad_(True)
        (pull,) = torch.autograd.grad(r1(Shown(real, real, network(real), network(real), network)), network.slope)
        assert pull.item() == pytest.approx(w)


@pytest.mark.parametrize("name", PENALTIES)
def test_several_sizes_are_one_image(name: str) -> None:
    """Cut into two halves, an image has the slope it has whole."""
    network = net(6)
    whole = shown(network, inputs=6)
    real, fake = (
        [part.detach().requires_grad_(True) for part in sizes(one)[0].chunk(2, 1)] for one in (whole.real, whole.fake)
    )

    def judge(image: list[Tensor]) -> Tensor:
        return network(torch.cat(image, 1))

    cut = Shown(real, fake, judge(real), judge(fake), judge)
    found = []
    for one in (whole, cut):
        torch.manual_seed(5)
        found.append(PENALTIES[name](one))
    # DRAGAN goes by the deviation of what it is given, which differs between parts.
    torch.testing.assert_close(*found, rtol=0.3 if name == "dragan" else 1e-5, atol=1e-6)


@pytest.mark.parametrize("name", ["r1", "r2", "r1+r2", "gp"])
def test_looking_at_means_costs_the_same_by_either_way(name: str) -> None:
    """Means of four, taken by the judge of the large image, or come to it as a smaller one."""
    network, chance = net(5), torch.Generator().manual_seed(5)
    real, fake = (torch.randn(6, 20, generator=chance, dtype=torch.float64).requires_grad_(True) for _ in range(2))

    def by_itself(image: Tensor) -> Tensor:
        return network(image.view(6, 5, 4).mean(2))

    def judge(image: list[Tensor]) -> Tensor:
        small, large = image
        return network(small) + 0 * large.sum(1)

    reals, fakes = [
        [one.detach().view(6, 5, 4).mean(2).requires_grad_(True), one.detach().requires_grad_(True)]
        for one in (real, fake)
    ]
    found = []
    for one in (
        Shown(real, fake, by_itself(real), by_itself(fake), by_itself),
        Shown(reals, fakes, judge(reals), judge(fakes), judge),
    ):
        torch.manual_seed(5)
        found.append(PENALTIES[name](one))
    torch.testing.assert_close(*found)
