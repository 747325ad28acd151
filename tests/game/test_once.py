"""Fakes made once a step: one pass of the generator serves both turns, and teaches it the same as a pass of its own."""

from __future__ import annotations

from dataclasses import replace

import pytest
import torch
from torch import Tensor, nn

from gansmith.data.batch import Batch
from gansmith.game.duel import Duel, Sample
from gansmith.game.game import Networks, Step
from gansmith.game.once import made_once
from gansmith.runs.state import Training
from tests import games


def passes(training: Training) -> list[int]:
    """Count of generator passes, kept up to date."""
    count = [0]

    def counted(module: nn.Module, inputs: object) -> None:
        count[0] += 1

    training.game.networks["generator"].register_forward_pre_hook(counted)
    return count


@pytest.mark.parametrize(("settings", "parts", "expected"), [({}, 1, 3), ({}, 2, 12), ({"g_every": 3}, 1, 4)])
def test_passes_of_the_generator_in_three_steps(settings: dict[str, int], parts: int, expected: int) -> None:
    training = Training.begin(games.game("dcgan", "grey", **settings))
    count = passes(training)
    steps = games.advance(training, "grey", 3, parts=parts)
    assert count[0] == expected
    assert all(step.kept == {} for step in steps)


def test_the_generator_learns_as_from_a_pass_of_its_own() -> None:
    networks = nn.ModuleDict({"generator": nn.Linear(3, 2), "discriminator": nn.Linear(2, 1)})
    latent = torch.randn(4, 3)

    def fake(networks: Networks, step: Step) -> Sample:
        return Sample(networks["generator"](latent))

    def gradient(duel: Duel) -> Tensor:
        step = Step(0, 0, Batch(torch.zeros(4, 2)))
        networks["generator"].requires_grad_(False)
        with torch.no_grad():
            shown = duel.fake(networks, step).one
        assert not shown.requires_grad
        assert not any(p.requires_grad for p in networks["generator"].parameters())
        networks["generator"].requires_grad_(True)
        logits = duel.judge(networks, duel.fake(networks, replace(step)), step)
        return torch.autograd.grad(logits.sum(), networks["generator"].get_parameter("weight"))[0]

    duel = Duel(
        fake=fake,
        real=lambda networks, step: Sample(step.batch.image),
        judge=lambda networks, sample, step: networks["discriminator"](sample.one),
    )
    assert torch.equal(gradient(made_once(duel)), gradient(duel))


def test_a_turn_that_comes_first_makes_its_own() -> None:
    training = Training.begin(games.game("dcgan", "grey", d_every=2))
    count = passes(training)
    games.advance(training, "grey", 2)
    assert count[0] == 2
