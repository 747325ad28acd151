"""Outlines: where they must be on figures whose edges are known, and nowhere else."""

from __future__ import annotations

import numpy as np
import pytest

from gansmith.data.outlines import outline


def lines(pixels: np.ndarray) -> np.ndarray:
    """(n, 2) rows and columns of what was drawn; nothing but black and white is."""
    drawn = outline(pixels)
    assert drawn.shape == pixels.shape
    assert set(np.unique(drawn).tolist()) <= {0, 255}
    return np.argwhere(drawn[..., 0] == 0)


def disc(size: int = 64, radius: float = 20, colour: tuple[int, ...] = (220, 40, 60)) -> np.ndarray:
    """A coloured disc on white."""
    y, x = np.mgrid[:size, :size] - (size - 1) / 2
    pixels = np.full((size, size, len(colour)), 255, np.uint8)
    pixels[np.hypot(y, x) < radius] = colour
    return pixels


@pytest.mark.parametrize("colour", [(220, 40, 60), (0,), (255, 255, 200), (0, 0, 0, 255)])
def test_a_disc_has_one_thin_closed_outline(colour: tuple[int, ...]) -> None:
    found = lines(disc(colour=colour))
    middle = found - 31.5
    assert (abs(np.hypot(*middle.T) - 20) < 1.6).all()
    angles = np.sort(np.arctan2(*middle.T))
    assert np.diff(angles, append=angles[0] + 2 * np.pi).max() < np.radians(8)  # of 126 pixels, about 3 degrees each
    assert len(found) < 1.3 * 2 * np.pi * 20


def test_nothing_has_no_outline() -> None:
    assert len(lines(np.full((20, 30, 3), 90, np.uint8))) == 0
    faint = np.random.default_rng(0).integers(120, 126, (40, 40, 3)).astype(np.uint8)
    assert len(lines(faint)) == 0


def test_edges_of_colour_alone_are_seen() -> None:
    pixels = np.zeros((32, 32, 3), np.uint8)
    pixels[:, :16, 0], pixels[:, 16:, 2] = 200, 200  # red beside blue
    assert {15, 16} & set(lines(pixels)[:, 1].tolist())


def test_weak_edges_count_where_they_continue_strong_ones() -> None:
    fading = np.full((64, 64, 1), 255, np.uint8)
    fading[20:] = np.linspace(0, 240, 64).astype(np.uint8)[None, :, None]  # an edge along row 20, ever weaker
    found = lines(fading)
    assert set(found[:, 0].tolist()) <= {19, 20}
    assert set(range(2, 62)) <= set(found[:, 1].tolist())
    apart = np.full((64, 64, 1), 255, np.uint8)
    apart[20:, :24], apart[44:, 40:] = 0, 225  # as weak as the other is at column 55, and alone
    assert lines(apart)[:, 1].max() < 36


def test_what_is_transparent_draws_no_lines() -> None:
    hidden = np.zeros((32, 32, 4), np.uint8)
    hidden[8:24, 8:24, :3] = np.random.default_rng(0).integers(0, 256, (16, 16, 3))
    assert len(lines(hidden)) == 0
    assert (outline(hidden)[..., 3] == 255).all()


def test_a_turned_image_has_turned_outlines() -> None:
    rough = np.random.default_rng(1).normal(size=(6, 6))
    pixels = np.kron(rough, np.ones((8, 8)))[..., None]
    pixels = (127 + 100 * pixels / abs(pixels).max()).astype(np.uint8)
    straight, turned = outline(pixels)[..., 0], np.rot90(outline(np.ascontiguousarray(np.rot90(pixels)))[..., 0], -1)
    padded = np.pad(turned == 0, 1)
    near = np.any([padded[y : y + 48, x : x + 48] for y in range(3) for x in range(3)], axis=0)
    assert near[straight == 0].mean() > 0.97
