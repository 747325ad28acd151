"""A space of latents: its points, how they are drawn, and what is usual there; where every edit takes place."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Literal

from torch import Tensor

Name = Literal["z", "w", "w+"]
NAMES: tuple[Name, ...] = ("z", "w", "w+")
Given = Mapping[str, Tensor]


@dataclass(frozen=True)
class Space:
    """Latents of one kind: "z", what samples are drawn from; "w", the styles made of them; "w+", a style per layer.

    shape: of a point: (d,), or (layers, w). prior: of z, "normal", "uniform" or "spherical"; of styles "", for what
    they are distributed like is learnt. images: points (N, *shape), conditions of N rows each -> images (N, C, H, W) in
    [-1, 1] on the CPU; with a graph behind them where points ask for gradients, and faster where they do not.
    points: (count, seed, conditions) -> points (count, *shape) as samples of that seed have them. centre (*shape) and
    scale: their mean, and the root mean square of how far a coordinate lies from it.
    """

    name: Name
    shape: tuple[int, ...]
    prior: str
    images: Callable[[Tensor, Given], Tensor]
    points: Callable[[int, int, Given], Tensor]
    centre: Tensor
    scale: float
