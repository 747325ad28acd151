"""Large pictures looked at in tiles: each with so much around it that its own maps come out as in the whole picture."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

from torch import Tensor

from gansmith.styling.features import Extractor


@dataclass(frozen=True)
class Tile:
    """A part of a picture: its own (top, bottom), (left, right) in pixels, and those of what is looked at with it."""

    own: tuple[tuple[int, int], tuple[int, int]]
    around: tuple[tuple[int, int], tuple[int, int]]
    whole: bool = False

    def cut(self, image: Tensor) -> Tensor:
        """The tile of an image (N, C, H, W), with what is around it."""
        (top, bottom), (left, right) = self.around
        return image[..., top:bottom, left:right]

    def inner(self, image: Tensor) -> Tensor:
        """The tile's own part of an image (N, C, H, W)."""
        (top, bottom), (left, right) = self.own
        return image[..., top:bottom, left:right]

    def maps(self, extractor: Extractor, image: Tensor, layers: Collection[str]) -> dict[str, Tensor]:
        """The tile's own part of the maps of an image, by layer."""
        return self.cropped(extractor, extractor.features(self.cut(image), layers))

    def cropped(self, extractor: Extractor, maps: dict[str, Tensor]) -> dict[str, Tensor]:
        """The tile's own part of the maps of what `cut` gave."""
        return (
            maps if self.whole else {layer: self._own(found, extractor.strides[layer]) for layer, found in maps.items()}
        )

    def _own(self, maps: Tensor, stride: int) -> Tensor:
        rows, columns = (
            slice((start - first) // stride, None if end == last else (end - first) // stride)
            for (start, end), (first, last) in zip(self.own, self.around, strict=True)
        )
        return maps[..., rows, columns]


def tiles_of(size: tuple[int, int], side: int, extractor: Extractor) -> tuple[Tile, ...]:
    """A picture of (height, width) cut into tiles of about side x side pixels; one for all of it where that is enough.

    So is it for an extractor that cannot look at tiles. Tiles begin where the coarsest maps' positions do.
    """
    high, across = size
    if high * across <= side**2 or not extractor.reach:
        place = ((0, high), (0, across))
        return (Tile(place, place, whole=True),)
    step = max(extractor.strides.values())
    side, margin = max(step, side // step * step), -(-extractor.reach // step) * step
    return tuple(
        Tile((down, right), (_wider(down, margin, high), _wider(right, margin, across)))
        for down in _cuts(high, side, step)
        for right in _cuts(across, side, step)
    )


def _cuts(length: int, side: int, step: int) -> list[tuple[int, int]]:
    """(start, end) of pieces of `side`; a last one without room for one position of the maps joins its neighbour."""
    starts = list(range(0, max(1, length - step + 1), side))
    return list(zip(starts, [*starts[1:], length], strict=True))


def _wider(place: tuple[int, int], margin: int, length: int) -> tuple[int, int]:
    return max(0, place[0] - margin), min(length, place[1] + margin)
