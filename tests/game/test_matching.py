"""Feature matching: the distance of mean features, by hand, and the generator's own loss untouched."""

from __future__ import annotations

from collections.abc import Mapping

import pytest
import torch
from torch import nn

from gansmith.game.duel import generator_loss
from gansmith.game.game import Duel, Sample, Step
from gansmith.game.matching import matching
from gansmith.losses.objectives import OBJECTIVES
from tests import games


@pytest.mark.parametrize("objective", ["hinge", "relativistic"])
def test_it_is_the_squared_distance_of_the_means(objective: str) -> None:
    torch.manual_seed(0)
    body, last = nn.Sequential(nn.Linear(2, 3), nn.Tanh()), nn.Linear(3, 1)
    networks: Mapping[str, nn.Module] = {"discriminator": nn.Sequential(body, last)}
    made, real = torch.randn(6, 2, requires_grad=True), torch.randn(6, 2)
    duel = Duel(
        lambda n, s: Sample(made), lambda n, s: Sample(real), lambda n, sample, s: n["discriminator"](sample.one)[:, 0]
    )
    step = Step(0, 0, next(games.batches()))
    plain = generator_loss(duel, OBJECTIVES[objective])
    terms = matching(plain, duel, 10.0)(networks, step)
    assert torch.equal(terms["loss"], plain(networks, step)["loss"])
    expected = 10 * (body(made).mean(0) - body(real).mean(0)).square().sum()
    torch.testing.assert_close(terms["matching"], expected)
    (slope,) = torch.autograd.grad(terms["matching"], made, retain_graph=True)
    torch.testing.assert_close(slope, torch.autograd.grad(expected, made)[0])
    assert not last._forward_pre_hooks
