"""Spaces without a network behind them: images are a linear map of the points."""

from __future__ import annotations

import torch
from torch import Tensor

from gansmith.editing.space import Given, Space
from gansmith.game.game import noise


def linear(pixels: Tensor, prior: str = "normal", shape: tuple[int, int, int] = (1, 4, 4)) -> Space:
    """Points (N, z), images their product with `pixels` (z, C * H * W)."""
    size = len(pixels)

    def points(count: int, seed: int, given: Given) -> Tensor:
        return noise(count, size, "normal" if prior == "" else prior, torch.Generator().manual_seed(seed))

    return Space(
        "z" if prior else "w",
        (size,),
        prior,
        lambda found, given: (found @ pixels).view(len(found), *shape),
        points,
        torch.zeros(size),
        3**-0.5 if prior == "uniform" else 1.0,
    )
