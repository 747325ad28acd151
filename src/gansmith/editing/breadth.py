"""How many of its latents a generator uses: in how many independent ways small steps change its images."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor

STEP = 0.05  # deviations to either side


def breadth(draw: Callable[[Tensor], Tensor], coords: Tensor) -> float:
    """1 to d: the participation ratio of the mean J^T J at coordinates (N, d), (sum of eigenvalues)^2 / sum of squares.

    J: the slopes of all values by all coordinates, by central differences. draw: coordinates (d, d) -> images, or
    anything (d, ...), under one condition. Where it is far below the number of things that vary in the data, they are
    folded into each other, and no straight line changes one of them alone.
    """
    size = coords.shape[1]
    steps = STEP * torch.eye(size)
    mean = torch.zeros(size, size, dtype=torch.float64)
    for place in coords:
        slopes = (draw(place + steps) - draw(place - steps)).flatten(1).double() / (2 * STEP)
        mean += slopes @ slopes.t() / len(coords)
    return float(mean.trace().square() / mean.square().sum().clamp(min=1e-300))
