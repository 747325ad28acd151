"""Gradient penalties on the discriminator: pure functions of what it was shown and what it answered."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

Image = Tensor | list[Tensor]  # a list is one image at several sizes


@dataclass(frozen=True)
class Shown:
    """One discriminator pass. Images require grad and are float32; `judge` asks the discriminator again.

    Of images at several sizes a slope is that of all of them together, where a pixel of a smaller one weighs as the
    pixels it is the mean of: to look at means costs the same by either way.
    """

    real: Image
    fake: Image
    real_logits: Tensor
    fake_logits: Tensor
    judge: Callable[[Any], Tensor]


Penalty = Callable[[Shown], Tensor]


def sizes(*images: Image) -> list[Tensor]:
    """Every tensor of some images."""
    return [one for image in images for one in ([image] if isinstance(image, Tensor) else image)]


def _squared_slope(logits: Tensor, *images: Image) -> Tensor:
    """Mean over samples of the squared gradient norm, summed over pixels (and over the images given)."""
    slopes = _slopes(logits, sizes(*images))
    return torch.stack([slope.square().sum(1).mean() for slope in slopes]).sum()


def _slopes(logits: Tensor, images: list[Tensor]) -> list[Tensor]:
    """Each image's slope, (N, its values), times the root of its share of the largest image's values."""
    slopes = torch.autograd.grad(logits.sum(), images, create_graph=True)
    largest = max(image[0].numel() for image in images)
    return [slope.flatten(1) * math.sqrt(slope[0].numel() / largest) for slope in slopes]


def r1(shown: Shown) -> Tensor:
    """Half the squared slope on reals (Mescheder et al. 2018, eq. 9)."""
    return _squared_slope(shown.real_logits, shown.real) / 2


def r2(shown: Shown) -> Tensor:
    """Half the squared slope on fakes (Mescheder et al. 2018, eq. 10)."""
    return _squared_slope(shown.fake_logits, shown.fake) / 2


def r1_and_r2(shown: Shown) -> Tensor:
    """r1 + r2 with one backward pass through both (Huang et al. 2024)."""
    logits = torch.cat([shown.real_logits, shown.fake_logits])
    return _squared_slope(logits, shown.real, shown.fake) / 2


def gradient_penalty(shown: Shown) -> Tensor:
    """(slope - 1)^2 between reals and fakes (Gulrajani et al. 2017, eq. 3)."""
    reals, fakes = sizes(shown.real), sizes(shown.fake)
    mix = torch.rand(len(reals[0]), device=reals[0].device, dtype=reals[0].dtype)
    return _unit_slope(
        shown, [torch.lerp(f.detach(), r.detach(), mix.view(-1, *[1] * (r.dim() - 1))) for f, r in zip(fakes, reals)]
    )


def dragan(shown: Shown) -> Tensor:
    """(slope - 1)^2 around the reals (Kodali et al. 2017, algorithm 1): x + 0.5 std(x) u, u uniform in [0, 1]."""
    reals = [real.detach() for real in sizes(shown.real)]
    return _unit_slope(shown, [real + 0.5 * real.std(correction=0) * torch.rand_like(real) for real in reals])


def _unit_slope(shown: Shown, images: list[Tensor]) -> Tensor:
    images = [image.requires_grad_(True) for image in images]
    logits = shown.judge(images[0] if isinstance(shown.real, Tensor) else images)
    return (torch.cat(_slopes(logits, images), 1).norm(dim=1) - 1).square().mean()


PENALTIES: Mapping[str, Penalty] = {
    "r1": r1,
    "r2": r2,
    "r1+r2": r1_and_r2,
    "gp": gradient_penalty,
    "dragan": dragan,
}
