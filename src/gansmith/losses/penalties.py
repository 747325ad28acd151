"""Gradient penalties on the discriminator: pure functions of what it was shown and what it answered."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import torch
from torch import Tensor


@dataclass(frozen=True)
class Shown:
    """One discriminator pass. Images require grad and are float32; `judge` asks the discriminator again."""

    real: Tensor
    fake: Tensor
    real_logits: Tensor
    fake_logits: Tensor
    judge: Callable[[Tensor], Tensor]


Penalty = Callable[[Shown], Tensor]


def _squared_slope(logits: Tensor, *images: Tensor) -> Tensor:
    """Mean over samples of the squared gradient norm, summed over pixels (and over the image tensors given)."""
    slopes = torch.autograd.grad(logits.sum(), images, create_graph=True)
    return torch.stack([slope.square().flatten(1).sum(1).mean() for slope in slopes]).sum()


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
    real, fake = shown.real.detach(), shown.fake.detach()
    mix = torch.rand(len(real), *[1] * (real.dim() - 1), device=real.device, dtype=real.dtype)
    return _unit_slope(shown.judge, torch.lerp(fake, real, mix))


def dragan(shown: Shown) -> Tensor:
    """(slope - 1)^2 around the reals (Kodali et al. 2017, algorithm 1): x + 0.5 std(x) u, u uniform in [0, 1]."""
    real = shown.real.detach()
    return _unit_slope(shown.judge, real + 0.5 * real.std(correction=0) * torch.rand_like(real))


def _unit_slope(judge: Callable[[Tensor], Tensor], image: Tensor) -> Tensor:
    image = image.requires_grad_(True)
    (slope,) = torch.autograd.grad(judge(image).sum(), image, create_graph=True)
    return (slope.flatten(1).norm(dim=1) - 1).square().mean()


PENALTIES: Mapping[str, Penalty] = {
    "r1": r1,
    "r2": r2,
    "r1+r2": r1_and_r2,
    "gp": gradient_penalty,
    "dragan": dragan,
}
