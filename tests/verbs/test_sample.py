"""Samples in every form, from runs whose data and optimizers are gone."""

from __future__ import annotations

import csv
import json
import shutil
import warnings
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image

import gansmith
from gansmith.errors import GansmithError, UsageError
from gansmith.game.game import noise
from gansmith.runs.folder import Run
from gansmith.runs.model import load
from gansmith.runs.pictures import grid, read_recipe
from gansmith.verbs import plan
from gansmith.verbs.sample import sample
from tests.data.making import write
from tests.verbs.runs import tiny


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Three runs whose data is gone: RGB images of 13 x 20, height and weight, digits; no optimizer file is left."""
    out = tmp_path_factory.mktemp("runs")
    images, table = out / "images", out / "people.csv"
    for index in range(20):
        random = np.random.default_rng(index)
        write(images / f"{index}.png", random.integers(0, 256, (13, 20, 3), dtype=np.uint8))
    rows = np.random.default_rng(0).normal([170, 70], [10, 15], (300, 2))
    table.write_text("height (cm),weight\n" + "".join(f"{a:.1f},{b:.3f}\n" for a, b in rows))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(plan, "measure_speed", lambda *args, **kwargs: 1000.0)
        tiny(out, images, family="robust", duration="64img", name="images")
        tiny(out, table, family="robust", duration="64img", name="people")
        tiny(out, "digits", duration="64img", name="digits")
    shutil.rmtree(images)
    table.unlink()
    for path in out.glob("*/checkpoints/*/optimizers.safetensors"):
        path.unlink()
    return out


def test_python_and_shell_draw_the_same(folder: Path, tmp_path: Path) -> None:
    drawn = gansmith.load("001", out=folder).sample(5, seed=7)
    assert drawn.shape == (5, 13, 20, 3)
    assert drawn.dtype == np.uint8
    path = sample("images", 5, seed=7, to=tmp_path / "x.npz", out=folder)
    assert np.array_equal(np.load(path)["images"], drawn)
    assert not np.array_equal(gansmith.load("001", out=folder).sample(5, seed=8), drawn)


def test_a_grid_carries_its_recipe_and_can_be_made_again(folder: Path, tmp_path: Path) -> None:
    path = sample("last", 9, seed=2, to=tmp_path / "deep" / "grid.png", out=folder)
    recipe = read_recipe(path)
    assert recipe == {"run": "003-digits", "checkpoint": "000000064", "seed": 2, "count": 9}
    again = sample(
        recipe["run"],
        recipe["count"],
        seed=recipe["seed"],
        which=recipe["checkpoint"],
        to=tmp_path / "again.png",
        out=folder,
    )
    assert again.read_bytes() == path.read_bytes()


def test_a_folder_of_pictures(folder: Path, tmp_path: Path) -> None:
    to = sample("images", 12, to=tmp_path / "many", out=folder)
    paths = sorted(to.iterdir())
    assert [path.name for path in paths] == [f"{index:02d}.png" for index in range(12)]
    drawn = load("images", out=folder).sample(12)
    for index, path in enumerate(paths):
        with Image.open(path) as picture:
            assert np.array_equal(np.asarray(picture), drawn[index])
        assert read_recipe(path)["index"] == index


def test_points_come_with_their_columns_and_units(folder: Path, tmp_path: Path) -> None:
    path = sample("people", 200, to=tmp_path / "people.csv", out=folder)
    with path.open(newline="", encoding="utf-8") as file:
        header, *rows = csv.reader(file)
    assert header == ["height (cm)", "weight"]
    assert len(rows) == 200
    assert {len(height.split(".")[1]) for height, _ in rows} == {1}
    assert {len(weight.split(".")[1]) for _, weight in rows} == {3}
    drawn = load("people", out=folder).sample(200)
    assert np.array_equal(np.array(rows, float), drawn)
    assert np.array_equal(np.load(sample("people", 200, to=tmp_path / "p.npz", out=folder))["points"], drawn)
    assert read_recipe(sample("people", 50, to=tmp_path / "p.png", out=folder))["count"] == 50
    assert (sample("people", 3, to=tmp_path / "d", out=folder) / "samples.csv").exists()


def test_default_targets(folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert sample("people", 3, out=folder) == Path("samples.csv")
    assert sample("digits", 3, out=folder) == Path("grid.png")
    assert {path.name for path in tmp_path.iterdir()} == {"samples.csv", "grid.png"}


@pytest.mark.parametrize("name", ["images", "people", "digits"])
def test_drawing_leaves_the_global_randomness_alone(name: str, folder: Path) -> None:
    model = load(name, out=folder)
    before = torch.get_rng_state()
    first = model.draw(3, seed=1)
    assert torch.equal(before, torch.get_rng_state())
    assert torch.equal(first, model.draw(3, seed=1))
    latent = noise(2, 8, "normal", torch.Generator().manual_seed(0))
    assert torch.equal(model.draw(2, 0, latent), model.draw(2, 5, latent))
    assert model.draw(1, seed=2**70).shape[0] == 1


@pytest.mark.parametrize(
    ("wish", "words"),
    [
        ({"count": 0}, "0 samples"),
        ({"count": -3}, "-3 samples"),
        ({"count": 10**12}, "samples cannot be drawn"),
        ({"to": "x.jpg"}, "cannot be written as '.jpg'"),
        ({"to": "x.csv"}, "Images do not go into a table"),
        ({"which": "123"}, "has no checkpoint 123"),
        ({"which": "../../x"}, "has no checkpoint"),
        ({"device": "gpu"}, "There is no device 'gpu'"),
        ({"run": "none"}, "there is no run 'none'"),
    ],
    ids=str,
)
def test_impossible_wishes(
    wish: dict[str, object], words: str, folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(UsageError, match=words) as caught:
        sample(**{"run": "digits", "out": folder, **wish})  # type: ignore[arg-type]
    assert caught.value.do or caught.value.why
    assert list(tmp_path.iterdir()) == []


def test_a_target_that_cannot_be(folder: Path, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("here")
    with pytest.raises(GansmithError, match="Cannot write") as caught:
        sample("digits", 2, to=tmp_path / "file" / "x.png", out=folder)
    assert "--out" in caught.value.do
    with pytest.raises(GansmithError, match="Cannot write"):
        sample("digits", 2, to=tmp_path / "file", out=folder)
    assert (tmp_path / "file").read_text() == "here"


def two(folder: Path, tmp_path: Path) -> Run:
    """A copy of the run of digits that has two checkpoints, the older one called the best."""
    run = Run(shutil.copytree(folder / "003-digits", tmp_path / "003-digits"))
    assert sorted(path.name for path in run.checkpoints.iterdir()) == ["000000000", "000000064"]
    return run


def test_last_best_and_named_checkpoints(folder: Path, tmp_path: Path) -> None:
    run = two(folder, tmp_path)
    drawn = {which: load(run.path, which=which).checkpoint for which in ("last", "best", "000000000")}
    best = json.loads((run.checkpoints / "000000064" / "state.json").read_text())["best"]["name"]
    assert drawn == {"last": "000000064", "best": best, "000000000": "000000000"}


def test_a_damaged_checkpoint_is_passed_over(folder: Path, tmp_path: Path) -> None:
    run = two(folder, tmp_path)
    path = run.checkpoints / "000000064" / "averages.safetensors"
    path.write_bytes(path.read_bytes()[:-1])
    with pytest.warns(UserWarning, match="passing over"):
        assert load(run.path).checkpoint == "000000000"
    with pytest.raises(GansmithError, match="cannot use checkpoint"):
        load(run.path, which="000000064")
    (run.checkpoints / "000000000" / "networks.safetensors").unlink()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        with pytest.raises(GansmithError, match="no checkpoint that verifies"):
            load(run.path)


def test_a_run_of_a_newer_gansmith(folder: Path, tmp_path: Path) -> None:
    run = two(folder, tmp_path)
    config = json.loads(run.config_path.read_text())
    run.config_path.write_text(json.dumps(config | {"schema_version": 99, "hologram": True}))
    with pytest.raises(GansmithError, match="cannot use") as caught:
        load(run.path)
    assert "newer gansmith" in caught.value.why
    assert "upgrade" in caught.value.do


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run of cgan on squares of four classes, and one of robust on the same."""
    out = tmp_path_factory.mktemp("told")
    images = out / "squares"
    for index in range(60):
        write(images / "abcd"[index % 4] / f"{index}.png", np.full((8, 8), 4 * index, np.uint8))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(plan, "measure_speed", lambda *args, **kwargs: 1000.0)
        tiny(out, images, family="cgan", duration="64img", name="told", batch=8)
        tiny(out, images, family="robust", duration="64img", name="plain", batch=8)
    return out


def test_several_classes_have_a_row_each(told: Path, tmp_path: Path) -> None:
    """-n is rounded up to whole rows; the grid is four rows of three."""
    path = sample("told", 10, labels="all", to=tmp_path / "grid.png", out=told)
    recipe = read_recipe(path)
    assert (recipe["count"], recipe["labels"]) == (12, "all")
    model = load("told", out=told)
    drawn = model.sample(12, 0, {"label": torch.arange(4).repeat_interleave(3)})
    with Image.open(path) as picture:
        found, expected = np.asarray(picture), np.asarray(grid(drawn, 3))
    assert np.array_equal(found, expected)


def test_samples_of_a_class_are_those_of_its_number_and_carry_its_name(told: Path, tmp_path: Path) -> None:
    found = [np.load(sample("told", 5, label=word, to=tmp_path / "x.npz", out=told)) for word in ("c", "C", "2")]
    assert all(np.array_equal(found[0]["images"], other["images"]) for other in found)
    assert found[0]["labels"].tolist() == ["c"] * 5
    assert not np.array_equal(
        np.load(sample("told", 5, label="b", to=tmp_path / "b.npz", out=told))["images"], found[0]
    )
    both = np.load(sample("told", 4, labels="d,a", to=tmp_path / "y.npz", out=told))
    assert both["labels"].tolist() == ["d", "d", "a", "a"]


@pytest.mark.parametrize(
    ("run", "asked", "words"),
    [
        ("told", {"label": "e"}, "no class 'e'"),
        ("told", {"label": "4"}, "no class '4'"),
        ("told", {"labels": "a,b,e"}, "no class 'e'"),
        ("told", {"labels": ","}, "names no class"),
        ("told", {"label": "a", "labels": "all"}, "exclude each other"),
        ("plain", {"label": "a"}, "means nothing to this run"),
        ("plain", {"labels": "all"}, "means nothing to this run"),
        ("plain", {"text": ["a"]}, "means nothing to this run"),
        ("told", {"code": "3"}, "means nothing to this run"),
    ],
)
def test_what_a_run_cannot_make_is_refused_in_words(
    told: Path, tmp_path: Path, run: str, asked: dict[str, Any], words: str
) -> None:
    with pytest.raises(UsageError, match=words):
        sample(run, 4, to=tmp_path / "x.png", out=told, **asked)
    assert not (tmp_path / "x.png").exists()
