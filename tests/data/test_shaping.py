"""Shaping: sizes are chosen sensibly, and crop, pad and stretch do what they say."""

from __future__ import annotations

import re

import numpy as np
import pytest
from PIL import Image

from gansmith.data.options import Fit
from gansmith.data.shaping import choose_size, fitted, told
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


@pytest.mark.parametrize("fit", ["crop", "pad", "stretch"])
@pytest.mark.parametrize("shape", [(60, 90), (100, 50), (31, 200)])
def test_what_is_said_of_shaping_is_what_is_done(fit: Fit, shape: tuple[int, int]) -> None:
    """Counted on a picture: how much of it is still there, and how much of what is there is new."""
    height, width = shape
    words = told([(64, 64), shape], (64, 64), fit)
    said = float(re.findall(r"([\d.]+)(?:%| times)", words)[0])
    black = np.asarray(fitted(Image.new("L", (width, height)), (64, 64), fit))
    ramp = np.linspace(0, 255, max(shape)).astype(np.uint8)
    longer = np.broadcast_to(ramp if width > height else ramp[:, None], shape)
    kept = np.ptp(np.asarray(fitted(Image.fromarray(np.ascontiguousarray(longer)), (64, 64), "crop")).astype(int)) / 255
    if fit == "crop":
        assert said == pytest.approx(100 * (1 - kept), abs=4)
    elif fit == "pad":
        assert said == pytest.approx(100 * (black > 128).mean(), abs=2)
    else:
        assert said == pytest.approx(max(shape) / min(shape), rel=0.06)


def test_where_nothing_is_lost_nothing_is_said() -> None:
    assert told([(64, 64)] * 2, (64, 64), "crop") == "keep 64x64"
    assert told([(128, 128), (30, 30)], (64, 64), "pad") == "pad to 64x64"
    assert told([(300, 600)], (32, 64), "crop") == "crop to 32x64"
