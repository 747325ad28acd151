"""Films of runs: they begin with the samples of their seed, keep what was asked for, and refuse what cannot be."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image, ImageSequence

import gansmith
from gansmith.errors import GansmithError, UsageError
from gansmith.runs.folder import Run
from gansmith.runs.model import load
from gansmith.verbs import frames, plan
from gansmith.verbs.train import train
from gansmith.verbs.video import layout, video
from tests.data.making import write
from tests.verbs.runs import tiny

SIZES: dict[str, dict[str, Any]] = {
    "gan": {"width": 8, "d_width": 8},
    "cgan": {"width": 4},
    "infogan": {"width": 4},
    "naive-bayes": {},
}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Runs that know no conditions, classes, codes, no latents, and points."""
    out = tmp_path_factory.mktemp("runs")
    images = out / "squares"
    for index in range(60):
        write(images / "abc"[index % 3] / f"{index}.png", np.full((8, 10), 4 * index, np.uint8))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(plan, "measure_speed", lambda *args, **kwargs: 1000.0)
        patch.setattr(frames, "FRAMES", 2)
        for family, sizes in SIZES.items():
            train(images, family=family, duration="64img", out=out, name=family, batch=8, precision="32", **sizes)
        tiny(out, "ring", family="robust", duration="16img", name="ring")
    return out


def shown(path: Path) -> list[np.ndarray[Any, Any]]:
    with Image.open(path) as picture:
        return [np.asarray(frame.convert("RGB")) for frame in ImageSequence.Iterator(picture)]


@pytest.mark.parametrize("run", ["gan", "cgan", "infogan"])
def test_the_first_frame_is_what_is_sampled_and_the_last_leads_back_to_it(
    folder: Path, tmp_path: Path, run: str
) -> None:
    path = gansmith.video(run, seconds=1, fps=16, grid="2x3", seed=5, scale=1, to=tmp_path / "film.png", out=folder)
    frames = shown(path)
    assert len(frames) == 16
    assert frames[0].shape == (2 * 8 + 2, 3 * 10 + 2 * 2, 3)
    drawn = load(run, out=folder).sample(6, seed=5)
    assert np.array_equal(frames[0][:8, 12:22, 0], drawn[1, ..., 0])
    assert np.array_equal(frames[0][10:, 24:, 0], drawn[5, ..., 0])
    moves = [np.abs(a.astype(int) - b).mean() for a, b in zip(frames, [*frames[1:], frames[0]], strict=True)]
    assert 0 < moves[-1] < 2 * max(moves[:-1])


def test_classes_have_a_walk_each_and_keep_to_it(folder: Path, tmp_path: Path) -> None:
    path = video("cgan", seconds=0.5, fps=8, labels="all", seed=1, scale=1, to=tmp_path / "x.png", out=folder)
    first = shown(path)[0]
    drawn = load("cgan", out=folder).sample(4, seed=1, given={"label": torch.tensor([0, 0, 1, 2])})
    assert first.shape[:2] == (18, 22)
    assert np.array_equal(first[10:, 12:, 0], drawn[3, ..., 0])
    one = video("cgan", seconds=0.5, fps=8, label="b", seed=1, scale=1, to=tmp_path / "y.png", out=folder)
    assert np.array_equal(
        shown(one)[0][..., 0], load("cgan", out=folder).sample(1, 1, {"label": torch.tensor([1])})[0, ..., 0]
    )


def test_the_same_film_twice_is_the_same_and_another_seed_another(folder: Path, tmp_path: Path) -> None:
    wish: dict[str, Any] = {"seconds": 0.5, "fps": 8, "out": folder}
    first, again, other = (
        video("gan", seed=seed, to=tmp_path / f"{number}.webp", **wish).read_bytes()
        for number, seed in enumerate((3, 3, 4))
    )
    assert first == again != other


def test_the_film_of_a_training_shows_its_pictures(folder: Path, tmp_path: Path) -> None:
    path = video("ring", training=True, seconds=4, to=tmp_path / "film.gif", out=folder)
    pictures = len(list((Run.find("ring", folder).path / "samples").glob("*.png")))
    with Image.open(path) as film:
        times = [frame.info["duration"] for frame in ImageSequence.Iterator(film)]
    assert len(times) == pictures > 1
    assert sum(times) == pytest.approx(4000, rel=0.05)


def test_it_is_told_how_far_it_is(folder: Path, tmp_path: Path) -> None:
    told: list[Any] = []
    video("gan", seconds=0.5, fps=8, to=tmp_path / "x.webp", out=folder, watch=told.append)
    assert [report["progress"][1:] for report in told] == [(frame, 4) for frame in range(4)]


@pytest.mark.parametrize(
    ("run", "wish", "words"),
    [
        ("gan", {"seconds": 0}, "cannot last 0 seconds"),
        ("gan", {"seconds": float("nan")}, "cannot last nan seconds"),
        ("gan", {"seconds": 1e9}, "cannot last"),
        ("gan", {"fps": 0}, "0 frames a second"),
        ("gan", {"fps": -3}, "-3 frames a second"),
        ("gan", {"fps": float("inf")}, "inf frames a second"),
        ("gan", {"fps": 1e6}, "frames a second"),
        ("gan", {"grid": "3"}, "'3' is no grid"),
        ("gan", {"grid": "0x3"}, "'0x3' is no grid"),
        ("gan", {"grid": "100x100"}, "no grid"),
        ("gan", {"scale": 60, "grid": "8x8", "fps": 60, "seconds": 600}, "too much for one"),
        ("gan", {"to": "film.avi"}, "no kind of film"),
        ("gan", {"label": "a"}, "means nothing to this run"),
        ("gan", {"training": True, "grid": "2x2"}, "of its own pictures"),
        ("cgan", {"label": "z"}, "no class 'z'"),
        ("naive-bayes", {}, "no latents"),
        ("ring", {}, "makes points, not images"),
        ("nobody", {}, "there is no run"),
    ],
    ids=str,
)
def test_what_cannot_be_filmed_is_refused_in_words(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, run: str, wish: dict[str, Any], words: str
) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(UsageError, match=words) as caught:
        video(run, out=folder, **wish)
    assert caught.value.do or caught.value.why
    assert list(tmp_path.iterdir()) == []


def test_a_place_that_cannot_be_written_to_is_told(folder: Path, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("here")
    for training in (False, True):
        with pytest.raises(GansmithError, match="Cannot write"):
            video("gan", seconds=0.5, fps=8, training=training, to=tmp_path / "file" / "x.webp", out=folder)


def test_layouts() -> None:
    assert [layout(None, kinds) for kinds in (0, 1, 2, 3, 10)] == [(1, 1), (1, 1), (1, 2), (2, 2), (3, 4)]
    assert layout("2X5", 0) == (2, 5)
