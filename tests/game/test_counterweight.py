"""A counterweight: two terms pull equally hard at one place, whatever their scales; the balance is no loss itself."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor, nn

from gansmith.data.batch import Batch
from gansmith.game.counterweight import LEAST, MOST, counterweighed
from gansmith.game.game import Networks, Step, Terms


def step() -> Step:
    return Step(0, 0, Batch(torch.randn(4, 3, generator=torch.Generator().manual_seed(0))))


def terms(scale: float, other: float) -> object:
    def loss(networks: Networks, step: Step) -> Terms:
        made = networks["generator"](step.batch.image)
        return {"loss": scale * made.square().mean(), "surprise": other * made.abs().mean()}

    return loss


def place(networks: Networks) -> Tensor:
    weight = networks["generator"].weight
    assert isinstance(weight, Tensor)
    return weight


@pytest.mark.parametrize(("scale", "other"), [(1.0, 1.0), (1e-3, 5.0), (300.0, 0.2)])
@pytest.mark.parametrize("share", [1.0, 0.25])
def test_gradients_have_the_ratio_asked_for(scale: float, other: float, share: float) -> None:
    torch.manual_seed(0)
    networks = {"generator": nn.Linear(3, 2)}
    found = counterweighed(terms(scale, other), share, "surprise", place)(networks, one := step())  # type: ignore[arg-type]
    pulls = [torch.autograd.grad(found[name], place(networks), retain_graph=True)[0] for name in ("loss", "surprise")]
    assert (pulls[0].norm() / pulls[1].norm()).item() == pytest.approx(share, rel=0.2 if scale < 0.01 else 0.01)
    assert not one.facts["counterweight"].requires_grad


def test_a_silent_term_is_not_amplified_without_bound() -> None:
    networks = {"generator": nn.Linear(3, 2)}
    for scale, other, expected in ((0.0, 1e9, MOST), (0.0, 0.0, 0.0)):
        one = step()
        counterweighed(terms(scale, other), 1.0, "surprise", place)(networks, one)  # type: ignore[arg-type]
        assert one.facts["counterweight"].item() == expected
    assert LEAST > 0


def test_where_nothing_learns_nothing_is_weighed() -> None:
    networks = {"generator": nn.Linear(3, 2).requires_grad_(False)}
    one = step()
    found = counterweighed(terms(7.0, 1.0), 1.0, "surprise", place)(networks, one)  # type: ignore[arg-type]
    assert one.facts == {} and found.keys() == {"loss", "surprise"}
