"""Path lengths: against Jacobians worked out in full, and a turn that moves towards its own mean."""

from __future__ import annotations

import math

import pytest
import torch
from torch import Tensor

from gansmith.game.pathlength import MEMORY, PathLength, follow_lengths, lengths, path_turn
from gansmith.networks.stylegan2 import Synthesis
from gansmith.runs.state import Training
from tests import games


def test_a_linear_image_has_the_length_of_its_matrix() -> None:
    """E |J^T y|^2 = |J|^2 / pixels, and per layer the same J."""
    torch.manual_seed(0)
    matrix = torch.randn(2 * 5 * 6, 4)
    styles = torch.randn(4_000, 3, 4, requires_grad=True)
    image = (styles.sum(dim=1) @ matrix.t()).reshape(-1, 2, 5, 6)
    squares = lengths(image, styles).square().mean().item()
    assert squares == pytest.approx(matrix.square().sum().item() / 30, rel=0.05)


def test_its_gradient_is_that_of_finite_differences() -> None:
    torch.manual_seed(0)
    synthesis = Synthesis((2, 8, 8), 5, [8, 8]).double()
    styles, noises = torch.randn(3, synthesis.layers, 5, dtype=torch.float64), synthesis.noises(3, "fixed")
    weights = [synthesis.start, *(one.get_parameter("weight") for one in synthesis.convolutions)]

    def penalty() -> Tensor:
        torch.manual_seed(1)  # the same direction each time
        given = styles.clone().requires_grad_(True)
        return (lengths(synthesis(given, noises), given) - 0.5).square().mean()

    slopes = torch.autograd.grad(penalty(), weights)
    steps = [torch.randn_like(weight) for weight in weights]
    for weight, slope, step in zip(weights, slopes, steps, strict=True):
        found = []
        for way in (1, -2):
            with torch.no_grad():
                weight.add_(step, alpha=way * 1e-6)
            found.append(penalty().item())
        with torch.no_grad():
            weight.add_(step, alpha=1e-6)
        assert (found[0] - found[1]) / 2e-6 == pytest.approx((slope * step).sum().item(), rel=1e-4)


def test_the_turn_takes_half_a_batch_and_the_mean_follows() -> None:
    game = games.game("stylegan2", "grey", path_length=2.0, mixing=0.9)
    (turn,) = (turn for turn in game.turns if turn.name == "path")
    assert (turn.every, turn.gain, turn.learners) == (4, 4, ("generator",))
    training = Training.begin(game)
    steps = games.advance(training, "grey", 5)
    memory = game.networks["path_length"]
    assert isinstance(memory, PathLength)
    first, second = (steps[at].facts["path/length"] for at in (0, 4))
    torch.testing.assert_close(memory.mean, (1 - MEMORY) * (MEMORY * first + second))
    assert ["path/length" in step.facts for step in steps] == [True, False, False, False, True]
    assert steps[0].facts["path/loss"].item() > 0


def test_the_turn_counts_its_images() -> None:
    asked: list[int] = []

    def styles(networks: object, step: object, count: int) -> Tensor:
        asked.append(count)
        return torch.randn(count, 2, 3, requires_grad=True)

    turn = path_turn(styles, lambda networks, given: given[:, :, None], weight=2.0, every=4)
    step = games.advance(Training.begin(games.game("stylegan2", "grey")), "grey", 1)[0]
    memory = PathLength()
    value = turn.loss({"path_length": memory}, step)["loss"]
    assert asked == [4]
    assert math.isfinite(value.item())
    follow_lengths({"path_length": memory}, step)
    assert memory.mean > 0
