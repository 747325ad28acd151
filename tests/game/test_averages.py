"""The moving average has the half-life it says, copies buffers, and never learns."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from gansmith.game.averages import Averages
from gansmith.game.game import Game, players
from tests import games


def averaged(network: nn.Module) -> Averages:
    game = Game(players(generator=network), (), lambda networks, request: torch.empty(0), {}, ())
    return Averages(game)


def test_after_a_half_life_half_of_the_old_is_left() -> None:
    """Closed form: old 1, new 0; after n steps of b images, 2^(-n b / half-life) is left."""
    network = nn.Linear(1, 1, bias=False).double()
    nn.init.ones_(network.weight)
    averages = averaged(network)
    nn.init.zeros_(network.weight)
    for step in range(1, 101):
        averages.follow(10, 500.0)
        left = averages.state()["generator.weight"].item()
        assert left == pytest.approx(0.5 ** (10 * step / 500), rel=1e-12)


def test_it_does_not_matter_how_images_are_cut_into_batches() -> None:
    network = nn.Linear(1, 1, bias=False).double()
    nn.init.ones_(network.weight)
    many, few = averaged(network), averaged(network)
    nn.init.constant_(network.weight, 3.0)
    for _ in range(12):
        many.follow(5, 70.0)
    for _ in range(3):
        few.follow(20, 70.0)
    torch.testing.assert_close(many.state()["generator.weight"], few.state()["generator.weight"])


@pytest.mark.parametrize("half_life", [0.0, -1.0])
def test_no_half_life_means_no_memory(half_life: float) -> None:
    network = nn.Linear(2, 2)
    averages = averaged(network)
    nn.init.normal_(network.weight)
    averages.follow(1, half_life)
    assert torch.equal(averages.state()["generator.weight"], network.weight)


def test_buffers_are_copied_and_the_mode_stays_eval() -> None:
    network = nn.Sequential(nn.Linear(2, 3), nn.BatchNorm1d(3))
    averages = averaged(network)
    network(torch.randn(8, 2))
    averages.follow(1, 1e9)
    state, source = averages.state(), network.state_dict()
    for name in ("1.running_mean", "1.running_var", "1.num_batches_tracked"):
        assert torch.equal(state[f"generator.{name}"], source[name])
    assert not any(module.training for module in averages.networks.modules() if module is not averages.networks)
    assert not any(p.requires_grad for p in averages.networks.parameters())
    assert network.training


def test_the_half_life_of_a_game_grows_with_the_images_seen() -> None:
    """Karras et al. 2020: 5 % of the images seen, until the half-life that was asked for."""
    half_life = games.game("robust", ema=2.0).half_life
    assert [half_life(seen) for seen in (0, 1000, 40_000, 10**9)] == pytest.approx([0, 50, 2000, 2000])
