"""Tiles cover an image, and what keeps every pixel keeps the image."""

from __future__ import annotations

from itertools import pairwise

import pytest
import torch

from gansmith.verbs.tiles import in_tiles, ramp, starts


@pytest.mark.parametrize("size", [(20, 30), (50, 33), (17, 90), (64, 64)])
def test_what_keeps_pixels_keeps_the_image(size: tuple[int, int]) -> None:
    image = torch.randn(2, 3, *size)
    shapes = []

    def doubled(part: torch.Tensor) -> torch.Tensor:
        shapes.append(part.shape[2:])
        return 2 * part

    torch.testing.assert_close(in_tiles(image, doubled, 24, 8), 2 * image)
    assert all(max(shape) <= 24 for shape in shapes) or len(shapes) == 1


def test_small_images_are_not_cut() -> None:
    image = torch.randn(1, 1, 12, 48)
    assert in_tiles(image, lambda part: part, 24, 8) is image


@pytest.mark.parametrize("side", [24, 25, 40, 41, 57, 200])
def test_neighbours_overlap_enough(side: int) -> None:
    places = starts(side, 24, 8)
    assert places[0] == 0 and places[-1] + 24 >= side
    assert all(after - before <= 24 - 8 for before, after in pairwise(places))


def test_seams_fade() -> None:
    """Two tiles that differ: from one to the other in small steps."""
    tiles = iter([torch.zeros(1, 1, 32, 32), torch.ones(1, 1, 32, 32)])
    blended = in_tiles(torch.zeros(1, 1, 32, 48), lambda part: next(tiles), 32, 16)[0, 0]
    assert blended[:, :15].max() == 0
    assert blended[:, -15:].min() == 1
    assert blended.diff(dim=1).abs().max() < 0.08
    assert ramp(5, 2).tolist() == [0.5, 1, 1, 1, 0.5]
