"""Directions, edits and sums of whole runs of several families: kept, drawn before and after, refused in words."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import safetensors.torch
import torch
from PIL import Image

import gansmith
from gansmith.cli import main
from gansmith.editing.coordinates import coordinates
from gansmith.errors import GansmithError, UsageError
from gansmith.runs import directions as files
from gansmith.runs.model import load
from gansmith.runs.pictures import read_recipe
from gansmith.verbs import frames, plan, search
from gansmith.verbs.arithmetic import arithmetic
from gansmith.verbs.directions import directions
from gansmith.verbs.edit import edit, steps_of
from gansmith.verbs.latents import space_of
from gansmith.verbs.seeds import places_of, samples_at
from gansmith.verbs.train import train
from tests.data.making import write
from tests.verbs.runs import tiny

WITH, WITHOUT = "1-12", "13-24"


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Runs of four kinds, hardly trained: uniform z, styles told classes, z told classes, one with an encoder."""
    out = tmp_path_factory.mktemp("runs")
    for index in range(40):
        colour = np.full((12, 12, 3), (6 * index, 255 - 6 * index, 128), np.uint8)
        write(out / "squares" / "ab"[index % 2] / f"{index}.png", colour)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(plan, "measure_speed", lambda *args, **kwargs: 1000.0)
        patch.setattr(frames, "FRAMES", 2)
        tiny(out, name="gan", duration="160img")
        tiny(out, family="vae", name="vae", duration="64img")
        small: dict[str, Any] = {"z": 8, "batch": 8, "precision": "32", "duration": "16img", "out": out}
        train(out / "squares", family="stylegan2", name="styled", size_dial=0.02, mixing=0.5, **small)
        train(out / "squares", family="cgan", name="told", width=4, **small)
    return out


@pytest.fixture(autouse=True)
def few(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(search, "POOL", 400)
    monkeypatch.setattr(search, "TRIED", 32)


def run_of(folder: Path, name: str) -> Path:
    return next(path for path in folder.iterdir() if path.name.endswith(f"-{name}"))


@pytest.mark.parametrize(
    ("run", "method", "wish"),
    [
        ("gan", "sefa", {}),
        ("gan", "pca", {}),
        ("styled", "sefa", {}),
        ("styled", "pca", {"label": "a"}),
        ("styled", "sefa", {"space": "z"}),
        ("told", "sefa", {"label": "b"}),
        ("vae", "pca", {}),
    ],
)
def test_unnamed_directions_are_kept_and_edited_by(
    folder: Path, tmp_path: Path, run: str, method: Any, wish: dict[str, Any]
) -> None:
    found = gansmith.directions(run, method=method, name="found", count=2, to=tmp_path / "x.png", out=folder, **wish)
    assert [one.name for one in found.directions] == ["found1", "found2"]
    first, second = (one.vector for one in found.directions)
    assert float(first.norm()) == pytest.approx(1) and abs(float(first @ second)) < 0.8
    values, words, strip = found.files[0]
    assert values.parent == words.parent == strip.parent == run_of(folder, run) / "directions"
    about = json.loads(words.read_text())
    assert about["made"]["method"] == method and about["space"] == found.directions[0].space
    torch.testing.assert_close(safetensors.torch.load_file(values)["vector"], first)
    assert read_recipe(strip)["direction"] == "found1"
    with Image.open(tmp_path / "x.png") as sheet, Image.open(strip) as single:
        assert sheet.height > single.height
    label = {name: value for name, value in wish.items() if name == "label"}
    edited = edit(run, {"found1": 3.0, "found2": -1.0}, count=3, to=tmp_path / "y.png", out=folder, **label)
    model = load(run, out=folder)
    space = space_of(model, found.directions[0].space)
    start, _ = samples_at(model, space, [(0, 0), (0, 1), (0, 2)], label)
    if label:
        plain = model.sample(3, 0, {"label": torch.full((3,), "ab".index(label["label"]))})
    else:
        plain = model.sample(3, 0)
    assert np.abs(edited.before.astype(int) - plain).max() <= 1  # an edit begins at the samples of that seed
    moved = coordinates(space, edited.points) - coordinates(space, start)
    assert float((moved @ first).mean()) > float((moved @ second).mean())
    assert edited.reached is None


def test_directions_from_examples_know_how_sure_they_are(folder: Path, tmp_path: Path) -> None:
    asked: dict[str, Any] = {"method": "examples", "out": folder}
    found = directions("gan", name="mine", with_=WITH, without="0:30-40", **asked)
    one = found.directions[0]
    assert one.made["examples"] == [12, 11] and 0 <= one.made["accuracy"] <= 1
    assert one.strength > 0 and one.classifier["weight"].shape == (1, 8, 8)
    assert [note.split(" of its ")[0] for note in found.notes] == ["The generator uses about 4"]
    other = directions("gan", name="other", with_=WITHOUT, without=WITH, by="logistic", against=["mine"], **asked)
    assert abs(float(other.directions[0].vector @ one.vector)) < 1e-5
    assert other.directions[0].made["against"] == ["mine"]
    assert {"mine", "other"} <= set(files.names(run_of(folder, "gan")))
    kept = files.load(run_of(folder, "gan"), "mine")
    torch.testing.assert_close(kept.direction.vector, one.vector)
    assert kept.direction.strength == one.strength and kept.checkpoint == load("gan", out=folder).checkpoint
    careful = edit("gan", "mine", count=2, carefully=True, keep=["other"], to=tmp_path / "c.png", out=folder)
    straight = gansmith.edit("gan", "mine", count=2, to=tmp_path / "s.png", out=folder)
    assert careful.reached is not None and straight.reached is not None
    assert read_recipe(tmp_path / "c.png")["direction"] == {"mine": one.strength}
    assert read_recipe(tmp_path / "c.png")["careful"] is True
    few = directions("gan", name="few", with_="1-3", without="4-6", **asked)
    assert len(few.notes) == 3 and "10 to 50" in few.notes[1]


def test_examples_may_be_folders_or_latents(folder: Path, tmp_path: Path) -> None:
    for side, seed in (("have", 1), ("lack", 2)):
        for number, image in enumerate(load("vae", out=folder).sample(4, seed)):
            write(tmp_path / side / f"{number}.png", image[..., 0])
    asked: dict[str, Any] = {"method": "examples", "name": "seen", "out": folder}
    sides: dict[str, Any] = {"with_": str(tmp_path / "have"), "without": str(tmp_path / "lack")}
    assert directions("gan", **sides, **asked).directions[0].made["examples"] == [4, 4]
    assert directions("vae", by="mean", **sides, **asked).directions[0].space == "z"  # its encoder finds them
    with pytest.raises(UsageError, match="Latents of these images are not known"):
        directions("gan", by="mean", **sides, **asked)
    moved = edit("vae", "seen=1", count=5, to=tmp_path / "moved.npz", out=folder)
    again = edit("vae", "seen=0", latents=moved.path, to=tmp_path / "again.png", out=folder)
    assert np.abs(again.before.astype(int) - moved.after).max() <= 1
    assert directions("vae", with_=str(moved.path), without="1-5", **asked).directions[0].made["examples"] == [5, 5]
    (tmp_path / "empty").mkdir()
    with pytest.raises(GansmithError):
        directions("gan", with_=str(tmp_path / "empty"), without="1-5", **asked)


def test_labels_have_a_direction_each(folder: Path) -> None:
    found = directions("gan", method="labels", name="class_3", out=folder)
    assert [one.name for one in found.directions] == ["class_3"] and found.directions[0].made["accuracy"] > 0.8
    a, b = directions("styled", method="labels", out=folder).directions
    assert (a.name, b.name) == ("a", "b")
    assert float(a.vector @ b.vector) == pytest.approx(-1, abs=1e-4)  # of two, each less the mean of both


@pytest.mark.parametrize(
    ("run", "wish", "words"),
    [
        ("gan", {"method": "seffa"}, "Did you mean 'sefa'"),
        ("gan", {"method": "examples", "name": "x", "with_": "1,2"}, "Examples need --without"),
        ("gan", {"method": "examples", "name": "x", "with_": "1,2", "without": "3-9"}, "'1,2' is 2 images"),
        ("gan", {"method": "examples", "name": "x", "with_": "1,1", "without": "3"}, "twice"),
        ("gan", {"method": "examples", "name": "x", "with_": "nowhere/", "without": "3"}, "nothing called 'nowhere/'"),
        ("gan", {"with_": "1,2"}, "--method examples"),
        ("gan", {"name": "a b"}, "cannot name a direction"),
        ("gan", {"count": 0}, "0 directions"),
        ("gan", {"by": "magic"}, "Nothing is learnt by 'magic'"),
        ("gan", {"against": ["nobody"]}, "no direction 'nobody'"),
        ("gan", {"space": "w"}, "has no styles"),
        ("gan", {"to": "x.jpg"}, "written as '.jpg'"),
        ("gan", {"method": "labels", "name": "class_33"}, "Did you mean 'class_3'"),
        ("told", {"method": "labels"}, "Classes are no places"),
        ("told", {"label": "c"}, "no class 'c'"),
    ],
)
def test_what_cannot_be_found_is_refused(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, run: str, wish: dict[str, Any], words: str
) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(UsageError) as caught:
        directions(run, out=folder, **wish)
    assert words in str(caught.value) and caught.value.do
    assert list(tmp_path.iterdir()) == []


def test_edits_that_cannot_be_are_refused(folder: Path, tmp_path: Path) -> None:
    directions("gan", name="plain", count=1, out=folder)
    directions("styled", name="far", count=1, out=folder)
    source, target = (run_of(folder, name) / "directions" for name in ("styled", "gan"))
    for ending in ("json", "safetensors"):  # as somebody might bring it along
        (target / f"stolen.{ending}").write_bytes((source / f"far1.{ending}").read_bytes())
    to = tmp_path / "x.png"
    for wish, words in (
        ({"direction": "plain2=2"}, "Did you mean 'plain1'"),
        ({"direction": ""}, "No direction is named"),
        ({"direction": "plain1=much"}, "'much' is no strength"),
        ({"direction": "plain1=1e9"}, "too far"),
        ({"direction": "plain1=1,plain1=2"}, "named twice"),
        ({"direction": "stolen"}, "has no styles"),
        ({"direction": "plain1,stolen"}, "is not of this space"),
        ({"direction": "plain1", "carefully": True}, "Nothing can tell plain1 from an image"),
        ({"direction": "plain1", "keep": ["plain1"]}, "--careful"),
        ({"direction": "plain1", "count": 0}, "0 samples"),
        ({"direction": "plain1", "to": tmp_path / "x.jpg"}, "written as '.jpg'"),
        ({"direction": "plain1", "latents": tmp_path / "no.npz"}, "nothing called"),
    ):
        with pytest.raises(UsageError) as caught:
            edit("gan", out=folder, **{"to": to, **wish})  # type: ignore[arg-type]
        assert words in str(caught.value) and caught.value.do, wish
    assert not to.exists()
    (target / "plain1.safetensors").write_bytes(b"torn")
    with pytest.raises(GansmithError, match="cannot be read"):
        edit("gan", "plain1", to=to, out=folder)
    assert steps_of("a=+2, b=-1,c") == [("a", 2.0), ("b", -1.0), ("c", None)]


def test_a_sum_is_what_its_latents_say(folder: Path, tmp_path: Path) -> None:
    model = load("styled", out=folder)
    space = space_of(model)
    text = "mean(x) - mean(y) + mean(z)"
    groups = {"x": "1,2,3", "y": "0:0-4", "z": "label:a"}
    found = gansmith.arithmetic("styled", text, groups=groups, to=tmp_path / "sum.png", out=folder)
    x = samples_at(model, space, [(1, 0), (2, 0), (3, 0)], {})[0]
    y = samples_at(model, space, [(0, number) for number in range(5)], {})[0]
    z = samples_at(model, space, [(0, number) for number in range(64)], {"label": "a"})[0]
    torch.testing.assert_close(found.points, (x.mean(0) - y.mean(0) + z.mean(0))[None], rtol=1e-4, atol=1e-5)
    recipe = read_recipe(tmp_path / "sum.png")
    assert recipe["expression"] == text and recipe["groups"] == groups
    each = arithmetic("gan", "x + mean(y) - mean(y)", groups=groups, to=tmp_path / "each.npz", out=folder)
    assert np.abs(each.images.astype(int) - load("gan", out=folder).sample(1, 2)[0]).reshape(3, -1).max(1)[1] <= 1
    one = arithmetic("gan", "seed(3)", to=tmp_path / "one.png", out=folder)
    assert np.abs(one.images.astype(int) - load("gan", out=folder).sample(1, 3)).max() <= 1
    for wrong, words in (
        ("mean(x) - w + y", "no group or direction 'w'"),
        ("1 + 1", "is a number"),
        ("x - y", "cannot"),
    ):
        with pytest.raises(UsageError, match=words):
            arithmetic("gan", wrong, groups=groups, to=tmp_path / "no.png", out=folder)
    assert not (tmp_path / "no.png").exists()


def test_samples_are_named_by_seed_and_place() -> None:
    assert places_of("3,7-9") == [(3, 0), (7, 0), (8, 0), (9, 0)]
    assert places_of("0:3,7-8,5:1") == [(0, 3), (0, 7), (0, 8), (5, 1)]
    for text in ("", "a", "1,,2", "1-", "9-3", "1,1", "0:1,0:1", "1-99999999"):
        with pytest.raises(UsageError) as caught:
            places_of(text)
        assert caught.value.do


def test_on_the_command_line(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    runs = ["--runs", str(folder)]

    def said(*words: str) -> str:
        monkeypatch.setattr("sys.argv", ["gansmith", *words, *runs])
        try:
            main()
        except SystemExit as end:
            assert not end.code
        return capsys.readouterr().out

    monkeypatch.chdir(tmp_path)
    examples = ["--method", "examples", "--name", "it", "--with", WITH, "--without", WITHOUT]
    rows = json.loads(said("directions", "gan", *examples, "--json"))
    assert rows[0]["name"] == "it" and rows[0]["made"]["with"] == WITH
    assert "held out told right" in said("directions", "gan", *examples)
    done = json.loads(said("edit", "gan", "--direction", "it=2", "-n", "3", "--json"))
    assert done["count"] == 3
    assert f"{done['reached']} of 3 now look it" in said("edit", "gan", "--direction", "it=2", "-n", "3")
    halves = "mean(a) - mean(b) + 0.5*seed(1) + 0.5*seed(2)"
    assert said("arithmetic", "gan", halves, "--group", "a=1,2", "--group", "b=3,4").strip() == "sum.png"
