"""LeCam: the regulariser by hand, and anchors that follow the logits."""

from __future__ import annotations

import pytest
import torch

from gansmith.game.game import Step
from gansmith.game.lecam import MEMORY, Anchors, anchored, lecam
from tests import games


def test_the_regulariser_by_hand() -> None:
    """Tseng et al. 2021: reals are held down to the fakes' anchor 0.5, fakes up to the reals' anchor 2."""
    anchors = Anchors()
    anchors.real.fill_(2.0)
    anchors.fake.fill_(0.5)
    real = torch.tensor([3.0, 0.0], requires_grad=True)
    fake = torch.tensor([-1.0, 4.0], requires_grad=True)
    value = lecam(0.3)({"lecam": anchors}, real, fake)
    assert value.item() == pytest.approx(0.3 * (2.5**2 / 2 + 3.0**2 / 2))
    of_real, of_fake = torch.autograd.grad(value, [real, fake])
    assert of_real.tolist() == pytest.approx([0.3 * 2.5, 0])
    assert of_fake.tolist() == pytest.approx([-0.3 * 3.0, 0])


def test_anchors_follow_the_logits_and_wait_where_there_are_none() -> None:
    networks, step = {"lecam": Anchors()}, Step(0, 0, next(games.batches()))
    anchored()(networks, step)
    assert networks["lecam"].real.item() == 0
    step.note("duel/real", torch.tensor([1.0, 3.0]))
    step.note("duel/fake", torch.tensor([-1.0, -1.0]))
    for n in range(1, 40):
        anchored()(networks, step)
        assert networks["lecam"].real.item() == pytest.approx(2 * (1 - MEMORY**n), rel=1e-4)
        assert networks["lecam"].fake.item() == pytest.approx(-(1 - MEMORY**n), rel=1e-4)
