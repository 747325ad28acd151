"""A picture drawn again from its own recipe: the same pixels, or the same but for a wish."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from gansmith.cli import main
from gansmith.errors import GansmithError, UsageError
from gansmith.runs.model import load
from gansmith.runs.pictures import read_recipe, save_png
from gansmith.verbs import frames, plan
from gansmith.verbs.recall import agreed, recalled
from gansmith.verbs.sample import sample
from tests.verbs.runs import tiny


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("runs")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(plan, "measure_speed", lambda *args, **kwargs: 1000.0)
        patch.setattr(frames, "FRAMES", 2)
        tiny(out, name="told", family="cgan", duration="64img")
        tiny(out, name="plain", duration="64img")
    return out


def pixels(path: Path) -> np.ndarray[Any, Any]:
    with Image.open(path) as picture:
        return np.asarray(picture.convert("RGB"))


@pytest.mark.parametrize(
    ("run", "wish"),
    [
        ("told", {"count": 7, "seed": 3, "label": "4", "columns": 2}),
        ("told", {"count": 12, "labels": "1,2,3"}),
        ("plain", {"seed": 9}),
    ],
)
def test_the_same_recipe_gives_the_same_pixels(folder: Path, tmp_path: Path, run: str, wish: dict[str, Any]) -> None:
    first = sample(run, to=tmp_path / "first.png", out=folder, **wish)
    again = sample(from_image=first, to=tmp_path / "again.png", out=folder)
    assert np.array_equal(pixels(first), pixels(again)) and read_recipe(first) == read_recipe(again)


def test_a_wish_is_put_on_top(folder: Path, tmp_path: Path) -> None:
    first = sample("told", 4, seed=3, label="4", to=tmp_path / "first.png", out=folder)
    other = sample(from_image=first, seed=0, labels="1,2", to=tmp_path / "other.png", out=folder)
    plain = sample("told", 4, seed=0, labels="1,2", to=tmp_path / "plain.png", out=folder)
    assert np.array_equal(pixels(other), pixels(plain)) and read_recipe(other) == read_recipe(plain)


def test_one_of_several_is_that_one_again(folder: Path, tmp_path: Path) -> None:
    sample("plain", 5, seed=3, to=tmp_path / "all", out=folder)
    again = sample(from_image=tmp_path / "all" / "3.png", to=tmp_path / "again.npz", out=folder)
    images = np.load(again)["images"]
    assert len(images) == 1
    assert np.array_equal(images[0], load("plain", out=folder).sample(5, 3)[3])
    assert len(np.load(sample(from_image=tmp_path / "all" / "3.png", count=2, to=again, out=folder))["images"]) == 2


def test_wishes_that_say_nothing_change_nothing() -> None:
    recipe = {"run": "003-x", "checkpoint": "000", "seed": 1, "count": 4, "label": "a", "index": 2}
    nothing = {"run": "last", "checkpoint": "last", "seed": None, "count": None, "label": None, "text": ()}
    assert agreed(recipe, nothing) == recipe
    assert agreed(recipe, {"seed": 0}) == {**{k: v for k, v in recipe.items() if k != "index"}, "seed": 0}
    assert agreed(recipe, {"run": "004"}) == {**recipe, "run": "004", "checkpoint": "last"}
    assert agreed(recipe, {"labels": "a,b"})["labels"] == "a,b" and "label" not in agreed(recipe, {"labels": "a,b"})


def test_pictures_of_others_are_refused_with_what_to_type(folder: Path, tmp_path: Path) -> None:
    picture = Image.new("L", (4, 4))
    save_png(picture, tmp_path / "mix.png", {"run": "7", "rows": [1, 2], "columns": [3], "layers": [0, 1]})
    with pytest.raises(UsageError) as caught:
        recalled(tmp_path / "mix.png")
    assert caught.value.do == "gansmith mix 7 --rows 1,2 --columns 3 --layers 0,1"
    save_png(picture, tmp_path / "step.png", {"run": "7", "seen": 100, "seed": 0})
    with pytest.raises(UsageError, match="not made by gansmith sample"):
        recalled(tmp_path / "step.png")
    picture.save(tmp_path / "plain.png")
    with pytest.raises(GansmithError, match="no recipe"):
        recalled(tmp_path / "plain.png")


def test_the_command_recalls_a_picture(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    first = sample("plain", 3, seed=5, to=tmp_path / "first.png", out=folder)
    to = tmp_path / "again.png"
    words = ["gansmith", "sample", "--from-image", str(first), "-o", str(to), "--runs", str(folder)]
    monkeypatch.setattr(sys, "argv", words)
    with pytest.raises(SystemExit) as end:
        main()
    assert not end.value.code and capsys.readouterr().out.strip() == str(to)
    assert np.array_equal(pixels(first), pixels(to))
