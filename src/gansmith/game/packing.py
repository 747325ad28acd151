"""Packing: several samples are judged together, so that sameness is seen (Lin et al. 2018, PacGAN)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import torch
from torch import Tensor

from gansmith.errors import UsageError
from gansmith.game.duel import seen_through
from gansmith.game.game import Duel, Networks, Sample, Step


def packed(duel: Duel, size: int) -> Duel:
    """The same duel with `size` samples behind one another as channels (or columns), all real or all fake.

    The discriminator is one of `packed_shape`. What is left over of a batch is not judged.
    """

    def view(sample: Sample, networks: Networks, step: Step) -> Sample:
        return replace(sample.mapped(lambda image: pack(image, size)), given=_given(sample.given, size))

    return seen_through(duel, view)


def pack(image: Tensor, size: int) -> Tensor:
    """(N, C, H, W) -> (N // size, size C, H, W); rows (N, D) -> (N // size, size D). UsageError where N < size."""
    image = _grouped(image, size).flatten(1, 2)
    return image.contiguous(memory_format=torch.channels_last) if image.dim() == 4 else image


def packed_shape(shape: tuple[int, ...], size: int) -> tuple[int, ...]:
    """What a discriminator of packs is shown: (C, H, W) -> (size C, H, W)."""
    return (size * shape[0], *shape[1:])


def _given(given: Mapping[str, Tensor], size: int) -> dict[str, Tensor]:
    with torch.enable_grad():  # samples are made outside the graph, but what reads their captions learns
        return {key: _grouped(value, size) for key, value in given.items()}


def _grouped(rows: Tensor, size: int) -> Tensor:
    packs = len(rows) // size
    if not packs:
        raise UsageError(
            f"{len(rows)} samples do not fill one pack of {size}.",
            why="the batch, or the part of it that fits into memory, is smaller than a pack",
            do="a larger batch=, or a smaller pack=",
        )
    return rows[: packs * size].view(packs, size, *rows.shape[1:])
