"""Lookahead: the players' steps back, worked out by hand, also when it is switched on in the middle."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from gansmith.game.game import Step
from gansmith.game.lookahead import SlowWeights, lookahead
from gansmith.runs.state import Training
from tests import games


def walked(start: int, steps: int, at: int, every: int = 3, alpha: float = 0.25) -> tuple[list[float], SlowWeights]:
    """A weight that every step moves by 1 on its own, after each step's rule."""
    player = nn.Linear(1, 1, bias=False)
    nn.init.zeros_(player.weight)
    networks: dict[str, nn.Module] = {"player": player, "lookahead": SlowWeights({"player": player})}
    slow = networks["lookahead"]
    assert isinstance(slow, SlowWeights)
    slow.at.fill_(at)
    rule, places = lookahead(every, alpha), []
    for number in range(start, start + steps):
        with torch.no_grad():
            player.weight += 1
        rule(networks, Step(number, 0, next(games.batches())))
        places.append(player.weight.item())
    return places, slow


def test_every_third_step_goes_a_quarter_of_the_way() -> None:
    places, slow = walked(0, 7, at=0)
    assert places == [1, 2, 0.75, 1.75, 2.75, 1.5, 2.5]
    assert slow.get_buffer("player/weight").item() == 1.5
    assert slow.at.item() == 6


@pytest.mark.parametrize("start", [100, 102, 103])
def test_switched_on_in_the_middle_it_first_takes_the_weights_it_finds(start: int) -> None:
    """The slow weights are those of the build, at step 0: returning to them would undo the training."""
    places, _ = walked(start, 3, at=0)
    assert places == [1, 2, 3]
    later, _ = walked(start, 6, at=0)
    assert later[:3] == [1, 2, 3]
    assert later[-1] < 6


def test_alpha_one_is_no_lookahead() -> None:
    assert walked(0, 6, at=0, alpha=1.0)[0] == [1, 2, 3, 4, 5, 6]


def test_the_slow_weights_never_learn() -> None:
    game = games.game("gan", "points", lookahead=5)
    slow = game.networks["lookahead"]
    assert list(slow.parameters()) == []
    weights = dict(game.networks["generator"].named_parameters())
    assert all(torch.equal(slow.get_buffer(f"generator/{name.replace('.', '/')}"), p) for name, p in weights.items())


def test_the_average_follows_what_the_players_went_back_to() -> None:
    """With a half-life of next to nothing the average is what it follows: the weights after the rule, not before."""
    training = Training.begin(games.game("gan", "points", lookahead=2, ema=1e-12))
    games.advance(training, "points", 4)
    slow, average = training.game.networks["lookahead"], training.averages.networks["generator"]
    for name, weight in average.named_parameters():
        torch.testing.assert_close(weight, slow.get_buffer(f"generator/{name.replace('.', '/')}"))
