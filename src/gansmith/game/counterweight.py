"""A term of a loss that pulls as hard as another does, however either is scaled (Esser et al. 2021, section 3.1)."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor

from gansmith.game.game import Loss, Networks, Step, Terms

LEAST, MOST = 1e-4, 1e4  # added to the pull that is divided by, and the largest weight: the authors' code


def counterweighed(loss: Loss, share: float, against: str, place: Callable[[Networks], Tensor]) -> Loss:
    """The loss, its term "loss" times share |pull of `against`| / |pull of "loss"|, no gradient through the ratio.

    A term's pull is its gradient in the weights at `place`, through which both act (ibid., eq. 7). Where those do not
    learn, nothing is weighed.
    """

    def weighed(networks: Networks, step: Step) -> Terms:
        terms, weights = loss(networks, step), place(networks)
        if not weights.requires_grad:
            return terms
        pulls = [torch.autograd.grad(terms[name], weights, retain_graph=True)[0] for name in (against, "loss")]
        theirs, own = (pull.float().norm() for pull in pulls)
        weight = share * (theirs / (own + LEAST)).clamp(max=MOST)
        step.note("counterweight", weight)
        return terms | {"loss": weight.detach() * terms["loss"]}

    return weighed
