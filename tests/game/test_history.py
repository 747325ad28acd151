"""A history of fakes: empty at first, then the stated share of what the discriminator is shown, older and older."""

from __future__ import annotations

import pytest
import torch

from gansmith.game.history import RENEWED, History
from gansmith.runs.state import Training
from tests import games


def numbered(step: int, count: int = 16) -> torch.Tensor:
    return torch.full((count, 2), float(step))


def test_at_first_there_is_nothing_to_remember() -> None:
    torch.manual_seed(0)
    assert torch.equal(History(32, (2,)).mixed(numbered(7), 0.9), numbered(7))


def test_later_the_share_is_older_and_as_old_as_the_replacing_makes_it() -> None:
    """Closed form: a place is renewed with chance r = (N / 8) / size a step, so ages are geometric with mean 1 / r."""
    torch.manual_seed(0)
    history, size, share = History(32, (2,)), 32, 0.5
    ages, older = [], []
    for step in range(1500):
        shown = history.mixed(numbered(step), share)
        assert torch.equal(shown[:, 0], shown[:, 1])
        if step >= 200:
            age = step - shown[:, 0]
            older.append((age > 0).float().mean())
            ages += age[age > 0].tolist()
    mean_age = size / (16 / RENEWED)
    assert torch.stack(older).mean().item() == pytest.approx(share, abs=0.02)
    assert sum(ages) / len(ages) == pytest.approx(mean_age, rel=0.1)


def test_only_the_discriminator_is_shown_the_past() -> None:
    """The generator's turn must learn from its own fakes: a history full of one constant reaches D's logits alone."""
    training = Training.begin(games.game("gan", "points", history=0.99, dropout=0.0))
    past = training.game.networks["history"]
    assert isinstance(past, History)
    past.images.fill_(1e3)
    past.known.fill_(True)
    (step,) = games.advance(training, "points", 1)
    assert step.facts["duel/fake"].abs().max() > 1
    assert step.facts["generator/loss"].abs() < 100
    assert step.facts["gradient/generator"] > 0
