"""The balance follows the discriminator's success on fakes and lets it wait while it wins."""

from __future__ import annotations

import pytest
import torch

from gansmith.game.balance import Balance, watch, winning
from gansmith.game.game import Step
from gansmith.runs.state import Training
from tests import games


def test_it_follows_the_share_seen_through() -> None:
    """Closed form: from 0 towards a constant share p, p (1 - 0.9^n) after n steps."""
    networks = {"balance": Balance()}
    step = Step(0, 0, next(games.batches()))
    step.note("duel/seen through", torch.tensor(0.8))
    for n in range(1, 30):
        watch()(networks, step)
        assert networks["balance"].accuracy.item() == pytest.approx(0.8 * (1 - 0.9**n), rel=1e-5)
    assert winning(0.7)(networks)
    assert not winning(0.79)(networks)


def test_a_step_without_a_generator_turn_changes_nothing() -> None:
    networks = {"balance": Balance()}
    watch()(networks, Step(0, 0, next(games.batches())))
    assert networks["balance"].accuracy.item() == 0


def test_a_winning_discriminator_waits() -> None:
    training = Training.begin(games.game("gan", "points", skip_d=0.6))
    games.advance(training, "points", 2)
    balance = training.game.networks["balance"]
    assert isinstance(balance, Balance)
    balance.accuracy.fill_(1.0)
    before = games.copied(training)
    (step,) = games.advance(training, "points", 1)
    changed = games.differing(before, games.tensors(training))
    assert not any("discriminator" in name for name in changed)
    assert any("networks/generator" in name for name in changed)
    assert "discriminator/loss" not in step.facts
    balance.accuracy.fill_(0.0)
    (step,) = games.advance(training, "points", 1)
    assert "discriminator/loss" in step.facts
