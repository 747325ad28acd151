"""Films in every format: the right frames for the right time, whole or not at all."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageSequence

from gansmith.errors import GansmithError, UsageError
from gansmith.runs.animation import animate, check, durations

FFMPEG = """#!/bin/sh
for last in "$@"; do :; done
{ echo "$@"; cat; } > "$last"
"""


def shades(count: int) -> Iterator[Image.Image]:
    return (Image.new("L", (31, 21), index * 20) for index in range(count))


@pytest.fixture
def ffmpeg(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A program of that name that writes down how it was called, and all it was sent."""
    folder = tmp_path / "bin"
    folder.mkdir()
    program = folder / "ffmpeg"
    program.write_text(FFMPEG)
    program.chmod(program.stat().st_mode | stat.S_IXUSR)
    monkeypatch.setenv("PATH", f"{folder}{os.pathsep}{os.environ['PATH']}")
    return program


@pytest.mark.parametrize("ending", ["webp", "gif", "png"])
def test_a_film_shows_its_frames_for_their_time_and_repeats(tmp_path: Path, ending: str) -> None:
    out = tmp_path / "new" / f"film.{ending}"
    animate(shades(12), [1 / 24] * 12, out)
    with Image.open(out) as picture:
        assert picture.size == (31, 21)
        assert picture.info["loop"] == 0
        found = [(int(np.asarray(f.convert("L"))[10, 15]), f.info["duration"]) for f in ImageSequence.Iterator(picture)]
    assert [shade for shade, _ in found] == pytest.approx([index * 20 for index in range(12)], abs=4)
    assert sum(time for _, time in found) == 500
    assert [path.name for path in out.parent.iterdir()] == [out.name]


def test_rounded_times_never_drift() -> None:
    times = durations([1 / 24] * 240, 10)
    assert set(times) == {40, 50}
    sums = np.cumsum(times)
    assert np.abs(sums - 1000 * np.arange(1, 241) / 24).max() <= 5
    assert durations([0.001, 0.001], 10) == [10, 10]


def test_an_mp4_is_piped_frame_by_frame_even_in_size_and_the_longer_repeated(tmp_path: Path, ffmpeg: Path) -> None:
    out = tmp_path / "film.mp4"
    animate(shades(3), [0.125, 0.125, 0.5], out)
    words, _, pixels = out.read_bytes().partition(b"\n")
    assert b"-pix_fmt rgb24 -s 32x22 -r 8.000000 -i -" in words
    frames = np.frombuffer(pixels, np.uint8).reshape(-1, 22, 32, 3)
    assert frames[:, 0, 0, 0].tolist() == [0, 20, 40, 40, 40, 40]
    assert set(frames[:, 21, 31].flatten().tolist()) == {255}  # what was added
    assert {path.name for path in tmp_path.iterdir()} == {"bin", "film.mp4"}


@pytest.mark.parametrize("ending", ["mp4", "gif"])
def test_what_is_transparent_becomes_white_where_nothing_can_be(tmp_path: Path, ffmpeg: Path, ending: str) -> None:
    out = tmp_path / f"film.{ending}"
    animate([Image.new("RGBA", (8, 8), (0, 0, 0, 0)), Image.new("RGBA", (8, 8), (255, 0, 0, 255))], [0.1, 0.1], out)
    if ending == "mp4":
        found = np.frombuffer(out.read_bytes().partition(b"\n")[2], np.uint8).reshape(2, 8, 8, 3)[:, 4, 4].tolist()
    else:
        with Image.open(out) as picture:
            found = [list(frame.convert("RGB").getpixel((4, 4))) for frame in ImageSequence.Iterator(picture)]  # type: ignore[arg-type]
    assert found == [[255, 255, 255], [255, 0, 0]]


@pytest.mark.parametrize("ending", ["webp", "gif", "png", "mp4"])
def test_a_film_that_is_broken_off_leaves_nothing_and_the_old_one_stands(
    tmp_path: Path, ffmpeg: Path, ending: str
) -> None:
    def until_interrupted() -> Iterator[Image.Image]:
        yield from shades(3)
        raise KeyboardInterrupt

    out = tmp_path / f"film.{ending}"
    out.write_bytes(b"older")
    with pytest.raises(KeyboardInterrupt):
        animate(until_interrupted(), [0.1] * 10, out)
    assert out.read_bytes() == b"older"
    assert {path.name for path in tmp_path.iterdir()} == {"bin", out.name}


def test_a_program_that_fails_is_quoted(tmp_path: Path, ffmpeg: Path) -> None:
    ffmpeg.write_text("#!/bin/sh\necho 'Unknown encoder libx264' >&2\nexit 1\n")
    with pytest.raises(GansmithError, match="ffmpeg could not") as caught:
        animate((Image.new("RGB", (400, 400)) for _ in range(50)), [0.1] * 50, tmp_path / "film.mp4")
    assert "Unknown encoder libx264" in caught.value.why
    assert not (tmp_path / "film.mp4").exists()


@pytest.mark.parametrize(
    ("name", "wish", "words"),
    [
        ("film.avi", {}, "no kind of film"),
        ("film", {}, "no kind of film"),
        ("film.gif", {"rate": 60}, "60 frames a second"),
        ("film.webp", {"rate": 0}, "0 frames a second"),
        ("film.webp", {"rate": float("nan")}, "nan frames a second"),
        ("film.webp", {"frames": 10_000}, "too much for one .webp"),
        ("film.mp4", {"frames": 100_000}, "too much for one .mp4"),
    ],
)
def test_what_cannot_be_filmed_is_refused_in_words(name: str, wish: dict[str, float], words: str, ffmpeg: Path) -> None:
    plain: dict[str, float] = {"rate": 24, "frames": 100}
    with pytest.raises(UsageError, match=words) as caught:
        check(Path(name), size=(512, 512), **(plain | wish))  # type: ignore[arg-type]
    assert caught.value.do


def test_without_ffmpeg_another_kind_is_offered(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(GansmithError, match="ffmpeg") as caught:
        check(Path("x.mp4"), rate=24, frames=10, size=(8, 8))
    assert "x.webp" in caught.value.do
