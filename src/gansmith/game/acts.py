"""Acts: the parts a training is made of, measured in images seen."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Act:
    """`images` of training in which only the named turns are taken (None: all of them).

    size: (height, width) the images are reduced to (None: their own). batch: images per step (None: the training's);
    `images` are then a multiple of it. fresh: optimizers begin it as if nothing had been learnt.
    """

    images: int
    name: str = "main"
    turns: tuple[str, ...] | None = None
    size: tuple[int, int] | None = None
    batch: int | None = None
    fresh: bool = False


def remaining(acts: Sequence[Act], seen: int) -> Iterator[tuple[Act, int]]:
    """The acts not yet over after `seen` images, each with the image count at which it ends."""
    end = 0
    for act in acts:
        end += act.images
        if seen < end:
            yield act, end
