"""Fakes made once a step: the generator learns from those the discriminator was just shown, as in DCGAN's code."""

from __future__ import annotations

from dataclasses import replace

import torch

from gansmith.game.duel import Duel, Sample
from gansmith.game.game import Networks, Step


def made_once(duel: Duel) -> Duel:
    """The same duel, one pass through the generator fewer: the graph of the discriminator's fakes is kept in the step.

    The discriminator's turn has to come first, and the generator must not learn in between. Where the generator's turn
    finds nothing kept, it makes its own.
    """

    def fake(networks: Networks, step: Step) -> Sample:
        if torch.is_grad_enabled():
            kept: Sample | None = step.kept.pop(duel.name, None)
            return kept or duel.fake(networks, step)
        maker = networks[duel.generator]
        maker.requires_grad_(True)  # frozen: it is the discriminator's turn
        with torch.enable_grad():
            made = duel.fake(networks, step)
        maker.requires_grad_(False)
        step.kept[duel.name] = made
        return made.mapped(torch.Tensor.detach)

    return replace(duel, fake=fake)
