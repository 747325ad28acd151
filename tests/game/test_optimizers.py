"""Adam is Kingma & Ba's, a bad gradient moves nothing at all, and every moment is kept in its parameter's layout."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import nn

from gansmith.game.game import Adam, Game, players
from gansmith.game.optimizers import Optimizers
from gansmith.game.schedules import constant, linear
from tests import games


def one(network: nn.Module, adam: Adam) -> Optimizers:
    return Optimizers(Game(players(net=network), (), lambda n, r: torch.empty(0), {"net": adam}, (), averaged=()))


def test_steps_are_those_of_the_paper() -> None:
    """Reference: algorithm 1 of Kingma & Ba 2015 in numpy, lr and beta2 moving with images seen, lr halved by gain."""
    adam = Adam(linear(0.1, 0.01, 50), 0.5, linear(0.9, 0.99, 50))
    network = nn.Linear(3, 1, bias=False).double()
    optimizers = one(network, adam)
    optimizers.gain = 0.5
    w = network.weight.detach().numpy().copy()
    m, v = np.zeros_like(w), np.zeros_like(w)
    chance = np.random.default_rng(0)
    for t in range(1, 8):
        seen, g = 10 * (t - 1), chance.normal(size=w.shape)
        beta2 = adam.beta2(seen)
        m, v = 0.5 * m + 0.5 * g, beta2 * v + (1 - beta2) * g**2
        w = w - 0.5 * adam.lr(seen) * (m / (1 - 0.5**t)) / (np.sqrt(v / (1 - beta2**t)) + 1e-8)
        network.weight.grad = torch.tensor(g)
        norm = optimizers.step("net", adam, seen)
        assert norm.item() == pytest.approx(np.linalg.norm(g))
        assert network.weight.grad is None
        np.testing.assert_allclose(network.weight.detach().numpy(), w, rtol=1e-9)


@pytest.mark.parametrize("bad", [float("nan"), float("inf"), -float("inf")])
def test_one_bad_number_anywhere_stops_the_whole_network_and_nothing_else(bad: float) -> None:
    adam = Adam(constant(0.1), 0.5, constant(0.9))
    last = nn.Linear(4, 1)
    network = nn.Sequential(nn.Linear(3, 4), last)
    optimizers = one(network, adam)

    def gradients(value: float) -> None:
        torch.manual_seed(0)
        for p in network.parameters():
            p.grad = torch.randn_like(p)
        last.bias.grad = torch.full_like(last.bias, value)

    gradients(1.0)
    optimizers.step("net", adam, 0)
    before = {k: v.clone() for k, v in (optimizers.state() | network.state_dict()).items()}
    gradients(bad)
    norm = optimizers.step("net", adam, 0)
    after = optimizers.state() | network.state_dict()
    assert not torch.isfinite(norm)
    assert games.differing(before, after) == []
    assert optimizers.skipped.item() == 1
    gradients(1.0)
    optimizers.step("net", adam, 0)
    assert optimizers.skipped.item() == 1
    assert optimizers.state()["net/0.weight/step"].item() == 2
    assert len(games.differing(before, optimizers.state() | network.state_dict())) == len(before)


def test_moments_lie_in_memory_as_their_parameters_do() -> None:
    game = games.game("dcgan", "colour")
    optimizers = Optimizers(game)
    strided = 0
    for name, moments in optimizers.moments.items():
        for parameter, (_, mean, square) in zip(game.networks[name].parameters(), moments, strict=True):
            assert mean.stride() == square.stride() == parameter.stride()
            strided += not parameter.is_contiguous()
    assert strided > 0


def test_state_names_every_parameter_of_every_learner() -> None:
    game = games.game("robust", "grey")
    names = {
        f"{network}/{parameter}/{slot}"
        for network in ("generator", "discriminator")
        for parameter, _ in game.networks[network].named_parameters()
        for slot in ("step", "exp_avg", "exp_avg_sq")
    }
    assert Optimizers(game).state().keys() == names


def test_what_is_forgotten_begins_again() -> None:
    """The step after is the first of a new Adam: as long as the learning rate, whatever came before."""
    network = nn.Linear(3, 1, bias=False)
    optimizers = one(network, Adam(constant(0.1), 0.9, constant(0.99)))
    for gradient in (5.0, -3.0, 0.5):
        network.weight.grad = torch.full((1, 3), gradient)
        optimizers.step("net", Adam(constant(0.1), 0.9, constant(0.99)), 0)
    optimizers.forget()
    assert not any(value.any() for value in optimizers.state().values())
    before = network.weight.detach().clone()
    network.weight.grad = torch.full((1, 3), -0.2)
    optimizers.step("net", Adam(constant(0.1), 0.9, constant(0.99)), 0)
    torch.testing.assert_close(network.weight.detach() - before, torch.full((1, 3), 0.1))
