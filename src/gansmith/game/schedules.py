"""Schedules: values as pure functions of images seen, so that a resumed run needs no memory of them."""

from __future__ import annotations

import math
from collections.abc import Callable

Schedule = Callable[[int], float]


def constant(value: float) -> Schedule:
    return lambda seen: value


def linear(start: float, end: float, images: int) -> Schedule:
    """From start to end over `images`, then end."""
    return lambda seen: start + (end - start) * _share(seen, images)


def cosine(start: float, end: float, images: int) -> Schedule:
    """Half a cosine from start to end over `images`, then end."""
    return lambda seen: end + (start - end) * (1 + math.cos(math.pi * _share(seen, images))) / 2


def late(start: float, end: float, images: int) -> Schedule:
    """Start over the first half of `images`, then straight to end (Isola et al. 2017, Zhu et al. 2017)."""
    return lambda seen: start + (end - start) * max(0.0, 2 * _share(seen, images) - 1)


def exponential(start: float, end: float, images: int) -> Schedule:
    """Geometric from start to end (both > 0) over `images`, then end."""
    return lambda seen: start * (end / start) ** _share(seen, images)


def _share(seen: int, images: int) -> float:
    return min(seen / images, 1.0) if images > 0 else 1.0
