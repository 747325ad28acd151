"""Lengths of training in every spelling, and nothing else."""

from __future__ import annotations

import pytest

from gansmith.errors import UsageError
from gansmith.verbs.duration import read_duration, readable


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("10m", 600), ("1h30m", 5400), ("90s", 90), ("2d", 172_800), ("1.5h", 5400), (" 5MIN ", 300), ("1h1m1s", 3661)],
)
def test_times(text: str, seconds: float) -> None:
    duration = read_duration(text)
    assert (duration.seconds, duration.images, duration.epochs) == (seconds, None, None)
    assert duration.in_images(100, 20.0) == seconds * 20


@pytest.mark.parametrize(
    ("text", "images"), [("500kimg", 500_000), ("2Mimg", 2_000_000), ("1.5kimg", 1500), ("7img", 7)]
)
def test_images(text: str, images: int) -> None:
    duration = read_duration(text)
    assert (duration.seconds, duration.images, duration.epochs) == (None, images, None)
    assert duration.in_images(100, 1e9) == images


@pytest.mark.parametrize(("text", "epochs"), [("20ep", 20), ("0.5ep", 0.5), ("3epochs", 3)])
def test_epochs(text: str, epochs: float) -> None:
    duration = read_duration(text)
    assert (duration.seconds, duration.images, duration.epochs) == (None, None, epochs)
    assert duration.in_images(1000, 1.0) == 1000 * epochs


WRONG = [
    "",
    "10",
    "m",
    "-5m",
    "0m",
    "0kimg",
    "0ep",
    "10 parsecs",
    "1h20ep",
    "10m500kimg",
    "1e3kimg",
    "nan",
    "∞",
    "5 m x",
]


@pytest.mark.parametrize("text", WRONG)
def test_anything_else_is_refused_in_words(text: str) -> None:
    with pytest.raises(UsageError, match="no length of training") as caught:
        read_duration(text)
    assert "20ep" in caught.value.do


@pytest.mark.parametrize("unit", ["m", "kimg", "ep"])
def test_absurd_lengths_are_numbers_still(unit: str) -> None:
    assert read_duration("9" * 400 + unit).in_images(10, 10.0) > 10**15


def test_never_less_than_one_image() -> None:
    assert read_duration("1s").in_images(10, 1e-9) == 1
    assert read_duration("0.001ep").in_images(10, 1.0) == 1


@pytest.mark.parametrize(
    ("seconds", "words"),
    [(0.4, "0 s"), (59, "59 s"), (60, "1 min"), (200, "3 min 20 s"), (3000, "50 min"), (7500, "2 h 5 min")],
)
def test_readable(seconds: float, words: str) -> None:
    assert readable(seconds) == words
