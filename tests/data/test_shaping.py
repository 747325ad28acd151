"""Shaping: sizes are chosen sensibly, and crop, pad and stretch do what they say."""

from __future__ import annotations

import numpy as np
import pytest
from PIL import Image

from gansmith.data.shaping import choose_size, fitted
from tests.data.making import noise, smooth


@pytest.mark.parametrize(
    ("sizes", "chosen"),
    [
        ([(28, 28)] * 3, (28, 28)),
        ([(8, 8)], (8, 8)),
        ([(48, 64)] * 3, (48, 64)),
        ([(128, 128)] * 3, (64, 64)),
        ([(256, 512)] * 3, (64, 64)),
        ([(28, 28), (30, 30)], (16, 16)),
        ([(50, 90), (64, 64), (200, 80)], (64, 64)),
        ([(1, 1)], (8, 8)),
        ([(10, 20_000)], (8, 8)),
    ],
)
def test_the_size_follows_from_the_data(sizes: list[tuple[int, int]], chosen: tuple[int, int]) -> None:
    assert choose_size(sizes) == chosen


def test_an_image_of_the_right_size_is_not_touched() -> None:
    image = Image.fromarray(noise(12, 20, 3))
    for fit in ("crop", "pad", "stretch"):
        assert fitted(image, (12, 20), fit) is image


def test_crop_keeps_the_middle() -> None:
    image = noise(10, 30, 3)
    assert (np.asarray(fitted(Image.fromarray(image), (10, 10), "crop")) == image[:, 10:20]).all()
    tall = noise(30, 10, 3)
    assert (np.asarray(fitted(Image.fromarray(tall), (10, 10), "crop")) == tall[10:20]).all()


def test_pad_keeps_everything_between_white_edges() -> None:
    image = noise(10, 30, 3)
    padded = np.asarray(fitted(Image.fromarray(image), (30, 30), "pad"))
    assert (padded[10:20] == image).all()
    assert (padded[:10] == 255).all()
    assert (padded[20:] == 255).all()


def test_pad_is_transparent_where_there_is_alpha() -> None:
    padded = np.asarray(fitted(Image.fromarray(noise(10, 30, 4)), (30, 30), "pad"))
    assert (padded[:10, :, 3] == 0).all()


def test_stretch_shows_the_whole_image() -> None:
    image = smooth(64, 16)
    stretched = np.asarray(fitted(Image.fromarray(image), (16, 16), "stretch"))
    reference = image.reshape(16, 4, 16, 3).mean(axis=1)
    assert abs(stretched - reference).mean() < 2
