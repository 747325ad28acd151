"""Adaptive augmentation (ADA): as often as keeps the discriminator from learning the reals by heart, and no oftener.

Karras et al. 2020, section 3: r = E[sign D(real)] tells overfitting, and the probability p follows it towards a target.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from gansmith.game.duel import alike, seen_through
from gansmith.game.game import Duel, Networks, Rule, Sample, Step
from gansmith.losses.augmentation import augmentation

MEMORY = 0.9  # of the overfitting between two steps; Karras et al. average over four
HIGHEST = 0.8  # beyond, augmentations leak into samples (ibid., section 2.2)
FULL = 500_000  # images over which p may go from 0 to 1, where the training is long enough


class Strength(nn.Module):
    """How often augmentation is applied, and the overfitting it answers; never learns, checkpoints keep it."""

    p: Tensor
    overfitting: Tensor

    def __init__(self) -> None:
        super().__init__()
        self.register_buffer("p", torch.zeros(()))
        self.register_buffer("overfitting", torch.zeros(()))


def adaptively_augmented(duel: Duel, kinds: str) -> Duel:
    """The same duel, every kind of augmentation applied to each image with the probability reached."""
    augment = augmentation(kinds)

    def view(sample: Sample, networks: Networks, step: Step) -> Sample:
        return alike(sample, lambda image: augment(image, strength(networks).p))

    return seen_through(duel, view)


def towards(target: float, images: int) -> Rule:
    """After each step, more augmentation where reals are told right oftener than the target, else less.

    target: of 2 P(told right) - 1, in [0, 1), which is E[sign D(real)] where logits have a sign. images: of the
    whole training; p takes at least a fifth of it to go from 0 to 1.
    """
    full = min(FULL, images / 5)

    def rule(networks: Networks, step: Step) -> None:
        right = step.facts.get("accuracy/real")
        if right is None:
            return
        now = strength(networks)
        now.overfitting.lerp_(2 * right - 1, 1 - MEMORY)
        now.p.add_((now.overfitting - target).sign() * (len(step.batch) / full)).clamp_(0, HIGHEST)
        step.note("ada", now.p.clone())

    return rule


def strength(networks: Networks) -> Strength:
    found = networks["ada"]
    assert isinstance(found, Strength)
    return found
