"""An edit that leaves the rest of each image alone: from where a direction leads, back towards the image before it.

A straight direction changes what its attribute goes along with in the generator. Here each point moves on by itself,
down the difference to the image before the edit, where a classifier of the attribute does not look, and no further than
that classifier allows.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn.functional import avg_pool2d

from gansmith.editing.coordinates import coordinates, points_at
from gansmith.editing.examples import Classifier
from gansmith.editing.space import Given, Space

STEPS = 120
RATE = 0.15  # Adam's at the start, in deviations; it falls to nothing
FREE = 0.2  # share of the pixels that the edit may change as it likes: those its classifiers weigh most
WINDOW = 5  # pixels over which weights are averaged for that, of a classifier of few examples
FIRM, LOOSE = 1.1, 0.95  # how fast what is wanted gains weight while it is not there, and loses it
DIFFERENT = 20.0  # weight of the difference of the other pixels, which is about a tenth
LIKELY = 0.01  # weight of latents being of the usual length


@dataclass(frozen=True)
class Wish:
    """Log odds that a classifier is to give: at least so much where sign is 1, at most so much where it is -1."""

    classifier: Classifier
    least: float
    sign: float = 1.0

    def lacking(self, images: Tensor) -> Tensor:
        """(N,): how far images (N, C, H, W) are from it, in typical log odds; 0 where they have it."""
        apart = self.sign * (self.least - self.classifier(images))
        return apart.clamp(min=0) / self.classifier.typical.abs().clamp(min=0.1)


def careful(
    space: Space,
    before: Tensor,
    points: Tensor,
    wishes: Sequence[Wish],
    keep: Sequence[Classifier] = (),
    *,
    given: Given,
    steps: int = STEPS,
    progress: Callable[[int, int], None] = lambda done, count: None,
) -> Tensor:
    """Points (N, *shape) whose images fulfil the wishes and are otherwise as `before` (N, C, H, W), or nearly so.

    points: where to begin, as a direction has led there. keep: classifiers whose answers are to stay as they are.
    given: conditions of N rows. Lowers the mean absolute difference of pixels outside the free ones, each image's
    wishes gaining weight as long as they are not met (the method of multipliers' dual ascent).
    """
    start = coordinates(space, points)
    usual = start.square().mean(1)
    coords = start.clone().requires_grad_()
    rest = outside([wish.classifier for wish in wishes])
    weights = torch.ones(len(points), len(wishes))
    answers = [(one, one(before)) for one in keep]
    optimizer = torch.optim.Adam([coords], RATE, betas=(0.8, 0.95))
    for step in range(steps):
        progress(step, steps)
        optimizer.param_groups[0]["lr"] = RATE * (1 - step / steps)
        images = space.images(points_at(space, coords), given)
        lacking = torch.stack([wish.lacking(images) for wish in wishes], 1)
        apart = ((images - before) * rest).abs().mean((1, 2, 3)) / rest.mean()
        loss = (weights * lacking).sum(1) + DIFFERENT * apart
        for one, answer in answers:
            loss = loss + (one(images) - answer).abs() / one.typical.abs().clamp(min=0.1)
        if space.prior:
            loss = loss + LIKELY * (coords.square().mean(1) - usual).square()
        optimizer.zero_grad()
        loss.sum().backward()  # type: ignore[no-untyped-call]
        optimizer.step()
        weights = weights * torch.where(lacking.detach() > 0, FIRM, LOOSE)
    return points_at(space, coords.detach())


def outside(classifiers: Sequence[Classifier]) -> Tensor:
    """(1, H, W): 1 for the pixels that are to stay, 0 for the `FREE` ones that classifiers weigh most."""
    free = torch.zeros_like(classifiers[0].weight[:1])
    for one in classifiers:
        energy = one.weight.square().sum(0, keepdim=True)
        energy = avg_pool2d(energy[None], WINDOW, 1, WINDOW // 2, count_include_pad=False)[0]
        free = torch.maximum(free, (energy > energy.flatten().quantile(1 - FREE)).to(free))
    return 1 - free
