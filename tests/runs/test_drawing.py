"""Networks in their form for drawing give the same pictures, by fewer layers and in bfloat16 where asked."""

from __future__ import annotations

import pytest
import torch

from gansmith.engine import Engine
from gansmith.game.game import Request
from gansmith.runs.model import drawn_fast
from gansmith.runs.state import Training
from tests import games


@pytest.mark.parametrize(("precision", "tolerance"), [("32", 1e-4), ("bf16", 0.05)])
def test_pictures_stay_the_same(precision: str, tolerance: float) -> None:
    training = Training.begin(games.game("dcgan", "colour"))
    games.advance(training, "colour", 5)
    game = training.game
    game.networks.eval()
    plain = game.draw(game.networks, Request(70, seed=3))
    fast = {name: drawn_fast(network, Engine("cpu", precision)) for name, network in game.networks.items()}
    assert not any(isinstance(module, torch.nn.BatchNorm2d) for module in fast["generator"].modules())
    drawn = game.draw(fast, Request(70, seed=3))
    assert drawn.dtype == torch.float32
    assert (drawn - plain).abs().max() < tolerance
    assert (drawn - plain).abs().mean() < tolerance / 10


def test_what_has_nothing_to_fold_is_left_alone() -> None:
    generator = games.game("robust", "grey").networks["generator"].eval()
    assert drawn_fast(generator, Engine("cpu", "bf16")) is generator
