"""How far a score would move with other samples: intervals and floors."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping

import torch
from torch import Tensor

REPLICATES = 50
NORMAL = 1.96  # 95 %

Interval = tuple[float, float]


def intervals(
    scores: Callable[[Tensor, Tensor], Mapping[str, float]],
    values: Mapping[str, float],
    real: int,
    fake: int,
    replicates: int = REPLICATES,
    seed: int = 0,
) -> dict[str, Interval]:
    """95 % intervals of `values`, from `scores(rows of the real side, rows of the fake side)` on random halves.

    Drawing with replacement, as the plain bootstrap does, makes duplicates: zero distances, which ruin every score
    that rests on neighbours or on pairs. Half the rows without replacement vary about their mean exactly as much
    as all rows about the truth (the delete-d jackknife, Shao and Wu 1989), so the interval is value +- 1.96 of their
    deviation. `scores` picks rows from matrices made once; nothing is computed again. Near a floor of 0 it is
    somewhat too wide for scores of pairs, such as KID. (nan, nan) where a replicate is not finite.
    """
    chance = torch.Generator().manual_seed(seed)
    found: dict[str, list[float]] = {name: [] for name in values}
    for _ in range(replicates):
        half = scores(_half(real, chance), _half(fake, chance))
        for name, several in found.items():
            several.append(half[name])
    return {name: _around(values[name], several) for name, several in found.items()}


def interval(
    score: Callable[[Tensor, Tensor], float],
    value: float,
    real: int,
    fake: int,
    replicates: int = REPLICATES,
    seed: int = 0,
) -> Interval:
    """`intervals` of one score."""
    return intervals(lambda a, b: {"": score(a, b)}, {"": value}, real, fake, replicates, seed)[""]


def floor(score: Callable[[Tensor, Tensor], float], a: Tensor, b: Tensor) -> float:
    """A score of real against real, cut to equal n: what a perfect generator would get."""
    n = min(len(a), len(b))
    return score(a[:n], b[:n])


def clipped(around: Interval, least: float = -math.inf, most: float = math.inf) -> Interval:
    """The interval within the range of the score."""
    return min(max(around[0], least), most), min(max(around[1], least), most)


def _half(count: int, chance: torch.Generator) -> Tensor:
    return torch.randperm(count, generator=chance)[: max(count // 2, 1)]


def _around(value: float, several: list[float]) -> Interval:
    deviation = float(torch.tensor(several, dtype=torch.float64).std())
    return value - NORMAL * deviation, value + NORMAL * deviation
