"""A film shows the samples of a run in order, and bad files do not stop it."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageSequence

from gansmith.errors import GansmithError, UsageError
from gansmith.runs.film import film, frames


@pytest.fixture
def run(tmp_path: Path) -> Path:
    """Eleven samples, each brighter than the one before, and one that is no picture."""
    (tmp_path / "samples").mkdir()
    for index in range(11):
        Image.new("L", (100, 60), index * 20).save(tmp_path / "samples" / f"{index * 1000:09d}.png")
    (tmp_path / "samples" / "000003000.png").write_bytes(b"rubbish")
    return tmp_path


def test_frames_are_spread_from_first_to_last(run: Path) -> None:
    assert [seen for seen, _ in frames(run)] == [n * 1000 for n in range(11) if n != 3]
    assert [seen for seen, _ in frames(run, 5)] == [0, 2000, 5000, 8000, 10000]
    assert [seen for seen, _ in frames(run, 1)] == [10000]


@pytest.mark.parametrize("ending", ["webp", "gif"])
def test_a_film_plays_them_and_rests_on_the_last(run: Path, ending: str) -> None:
    out = film(run, run / f"out.{ending}", width=50, milliseconds=100)
    with Image.open(out) as picture:
        assert picture.size == (50, 30)
        assert picture.info["loop"] == 0
        shades, times = [], []
        for frame in ImageSequence.Iterator(picture):
            shades.append(int(np.asarray(frame.convert("L"))[15, 25]))
            times.append(frame.info["duration"])
    assert shades == pytest.approx([n * 20 for n in range(11) if n != 3], abs=4)
    if ending == "gif":
        assert times == [100] * 9 + [1200]
    assert {path.name for path in run.iterdir()} == {"samples", out.name}


def test_what_cannot_be_filmed_is_refused_in_words(run: Path, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="no kind of film"):
        film(run, run / "film.avi")
    with pytest.raises(GansmithError, match="no samples"):
        film(tmp_path / "nothing")
