"""Draws of ADA made by hand: these operations, with these numbers, for every image."""

from __future__ import annotations

from collections.abc import Mapping

import torch

from gansmith.losses.ada_draws import PLACE, ROWS, Draws


def decided(
    count: int = 1,
    *,
    uniform: Mapping[str, tuple[float, ...]] | None = None,
    normal: Mapping[str, tuple[float, ...]] | None = None,
    also: tuple[str, ...] = (),
) -> Draws:
    """What is named is applied to all `count` images, by one or two uniform or normal numbers; nothing else is."""
    draws = Draws(torch.zeros(len(ROWS), count, dtype=torch.bool), *torch.zeros(2, 2, len(ROWS), count))
    for table, given in ((draws.uniform, uniform or {}), (draws.normal, normal or {})):
        for name, numbers in given.items():
            draws.on[PLACE[name]] = True
            for which, number in enumerate(numbers):
                table[which, PLACE[name]] = number
    for name in also:
        draws.on[PLACE[name]] = True
    return draws
