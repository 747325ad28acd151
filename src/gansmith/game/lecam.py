"""LeCam regularisation: logits are held near what the other side's lately were (Tseng et al. 2021, eq. 3)."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn.functional import relu

from gansmith.game.duel import Regulariser
from gansmith.game.game import Networks, Rule, Step

MEMORY = 0.99


class Anchors(nn.Module):
    """The logits' moving means, for reals and for fakes; never learns, checkpoints keep it."""

    real: Tensor
    fake: Tensor

    def __init__(self) -> None:
        super().__init__()
        self.register_buffer("real", torch.zeros(()))
        self.register_buffer("fake", torch.zeros(()))


def lecam(weight: float, memory: str = "lecam") -> Regulariser:
    """weight (E relu(D(real) - fake anchor)^2 + E relu(real anchor - D(fake))^2), as in the authors' code."""

    def regulariser(networks: Networks, real: Tensor, fake: Tensor) -> Tensor:
        at = anchors(networks, memory)
        return weight * (relu(real - at.fake).square().mean() + relu(at.real - fake).square().mean())

    return regulariser


def anchored(duel: str = "duel", memory: str = "lecam") -> Rule:
    """After each step, let the anchors follow the logits of the discriminator's turn."""

    def rule(networks: Networks, step: Step) -> None:
        at = anchors(networks, memory)
        for anchor, side in ((at.real, "real"), (at.fake, "fake")):
            logits = step.facts.get(f"{duel}/{side}")
            if logits is not None:
                anchor.lerp_(logits.mean(), 1 - MEMORY)

    return rule


def anchors(networks: Networks, memory: str) -> Anchors:
    found = networks[memory]
    assert isinstance(found, Anchors)
    return found
