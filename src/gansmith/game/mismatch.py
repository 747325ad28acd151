"""Matching-aware discrimination: a real image under a wrong caption counts as fake (Reed et al. 2016, GAN-CLS)."""

from __future__ import annotations

import math
from dataclasses import dataclass

from torch import Tensor

from gansmith.game.game import Loss, Networks, Step, Terms
from gansmith.losses.objectives import Objective


@dataclass(frozen=True)
class Weighed:
    """What a projection discriminator found in one pass.

    alone: logits (N,) of the images whatever they are to show. direction: (N, size), whose product with the caption's
    vector (N, size), over sqrt(size), is the rest of the logit. captions: (N, ...), as they were given.
    """

    alone: Tensor
    direction: Tensor
    vector: Tensor
    captions: Tensor

    @property
    def logits(self) -> Tensor:
        """(N,), each image under its own caption."""
        return self.alone + (self.vector * self.direction).sum(1) / math.sqrt(self.vector.shape[1])

    def crossed(self, count: int) -> tuple[Tensor, Tensor]:
        """Of the first `count` images, logits under their own and under each other caption that says something else.

        Two vectors (K,), in pairs.
        """
        alone, direction, vector = (part[:count].float() for part in (self.alone, self.direction, self.vector))
        every = alone[:, None] + direction @ vector.T / math.sqrt(vector.shape[1])
        told = self.captions[:count].flatten(1)
        others = (told[:, None] != told[None]).any(2)
        return every.diagonal()[:, None].expand_as(every)[others], every[others]


def mismatched(objective: Objective, weight: float, pack: int) -> Loss:
    """weight times the objective of the turn's real images under their captions against all others of the batch.

    Reed et al. show each image one wrong caption (algorithm 1); a projection discriminator weighs all of them for the
    price of a product, and the mean is the same. The judge leaves `kept["weighed"]`, of the reals first.
    """

    def loss(networks: Networks, step: Step) -> Terms:
        right, wrong = step.kept.pop("weighed")[0].crossed(len(step.batch) // pack)
        if not len(right):  # all captions say the same
            return {"loss": wrong.sum()}
        step.note("mismatch/right", (right > wrong).float().mean())
        return {"loss": weight * objective.discriminator(right, wrong)}

    return loss
