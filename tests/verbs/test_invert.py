"""Photos into latents: own samples are found and drawn again, conditions are guessed, strangers are named."""

from __future__ import annotations

import json
import sys
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

import gansmith
from gansmith.cli import main
from gansmith.editing import inversion, reading
from gansmith.errors import GansmithError, UsageError
from gansmith.runs.model import load
from gansmith.runs.pictures import grid, read_recipe, to_uint8
from gansmith.verbs import frames, invert, known, plan
from gansmith.verbs.latents import space_of
from gansmith.verbs.sample import sample
from gansmith.verbs.supposed import likeliest, supposed
from gansmith.verbs.train import train
from tests.data.making import write
from tests.verbs.runs import tiny


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Runs on digits: plain, told classes, with an encoder, with codes, with styles; and one of points."""
    out = tmp_path_factory.mktemp("runs")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(plan, "measure_speed", lambda *args, **kwargs: 1000.0)
        patch.setattr(frames, "FRAMES", 2)
        tiny(out, name="plain", family="robust", duration="160img")
        tiny(out, name="told", family="cgan", duration="160img")
        small: dict[str, Any] = {"z": 8, "batch": 8, "precision": "32", "duration": "16img", "out": out}
        tiny(out, name="vae", family="vae", duration="640img", batch=32, lr=4e-3, ema=0.5)
        train("digits", family="infogan", name="codes", width=8, **small)
        train("digits", family="stylegan2", name="styled", size_dial=0.02, **small)
        train("ring", family="robust", duration="64img", width=8, depth=1, batch=16, name="ring", out=out)
    return out


@pytest.fixture(autouse=True)
def little(monkeypatch: pytest.MonkeyPatch) -> None:
    """Few samples to begin from and to compare with, and encoders that learn next to nothing."""
    monkeypatch.setattr(inversion, "BANK", 64)
    monkeypatch.setattr(inversion, "MISSED", 1.0)
    monkeypatch.setattr(known, "OWN", 2)
    monkeypatch.setattr(known, "REAL", 4)
    monkeypatch.setattr(reading, "WIDTH", 8)
    monkeypatch.setattr("gansmith.verbs.readers.trained", partial(reading.trained, pairs=128))


def photos(folder: Path, run: str, to: Path, count: int = 3, **asked: Any) -> Path:
    """Samples of a run, as files."""
    return sample(run, count, seed=7, to=to, out=folder, **asked)


def test_own_samples_are_found_and_drawn_again(folder: Path, tmp_path: Path) -> None:
    photos(folder, "plain", tmp_path / "in")
    write(tmp_path / "in" / "broken.png", b"not an image")
    found = gansmith.invert("plain", tmp_path / "in", starts=4, steps=60, to=tmp_path / "out", out=folder)
    assert found.names == ("0.png", "1.png", "2.png") and [name for name, _ in found.skipped] == ["broken.png"]
    assert all(one["error"] < 0.02 and one["PSNR"] > 34 for one in found.scores)
    assert found.outside == () and found.unusual == () and len(found.known.real) == 4
    again = sample("plain", latents=found.latents, to=tmp_path / "again.npz", out=folder)
    wanted = load("plain", out=folder).sample(3, seed=7)
    assert np.abs(np.load(again)["images"].astype(int) - wanted).mean() < 4
    assert read_recipe(found.sheet)["run"] == "001-plain" and found.table.read_text().count("\n") == 4
    assert [path.name for path in found.files] == list(found.names)


def test_a_stranger_is_told_from_what_the_run_knows(folder: Path, tmp_path: Path) -> None:
    photos(folder, "plain", tmp_path / "in", 1)
    stripes = np.indices((8, 8)).sum(0) % 2 * 255
    write(tmp_path / "in" / "stranger.png", stripes.astype(np.uint8))
    found = gansmith.invert("plain", tmp_path / "in", starts=2, steps=20, to=tmp_path / "out", out=folder)
    assert found.outside == ("stranger.png",)
    assert known.Known((0.1,), (0.2, 0.3), (0.5, 0.6)).outside(0.31, 0.9)
    assert known.Known((0.1,), (0.2, 0.3), (0.5, 0.6)).outside(0.1, 0.49)
    assert not known.Known((0.1,), (0.2, 0.3), (0.5, 0.6)).outside(0.29, 0.51)
    assert not known.Known((0.1,), (), ()).outside(9.0, -1.0)


def test_what_was_found_out_about_a_run_is_kept_beside_it(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    photos(folder, "plain", tmp_path / "in", 1)
    wish: dict[str, Any] = {"to": tmp_path / "out", "out": folder, "encoder": True, "starts": 2, "steps": 5}
    told: list[str] = []
    first = gansmith.invert("plain", tmp_path / "in", watch=lambda one: told.append(str(one.get("progress"))), **wish)
    assert any("encoder" in words for words in told)
    kept = sorted(path.name for path in (folder / "001-plain" / "inversion").iterdir())
    checkpoint = load("plain", out=folder).checkpoint
    assert f"{checkpoint}-z.safetensors" in kept and f"{checkpoint}-z-2-5-0-read.json" in kept
    monkeypatch.setattr("gansmith.verbs.readers.trained", lambda *args, **kwargs: pytest.fail("trained again"))
    monkeypatch.setattr(known, "held_out", lambda *args: pytest.fail("looked at again"))
    assert gansmith.invert("plain", tmp_path / "in", **wish).known == first.known


def test_classes_are_guessed_or_as_stated(folder: Path, tmp_path: Path) -> None:
    model = load("told", out=folder)
    space = space_of(model)
    among = supposed(model, space, {})
    assert among["label"].tolist() == list(range(10))
    label = torch.tensor([2, 5, 7])
    wanted = space.images(space.points(3, 7, {"label": label}), {"label": label})
    ranked = likeliest(space, wanted, among, 10)
    bank = space.points(640, 0, {})
    apart = []
    for kind in range(10):
        of_kind = space.images(bank[64 * kind : 64 * kind + 64], {"label": torch.full((64,), kind)})
        apart.append(min_distance(wanted, of_kind))
    assert torch.equal(ranked, torch.stack(apart, 1).argsort(1))
    photos(folder, "told", tmp_path / "in", label="5")
    stated = gansmith.invert("told", tmp_path / "in", label="5", starts=2, steps=60, to=tmp_path / "a", out=folder)
    guessed = gansmith.invert("told", tmp_path / "in", starts=1, steps=40, to=tmp_path / "b", out=folder)
    with np.load(stated.latents) as file:
        assert file["label"].tolist() == [5, 5, 5]
    assert max(one["error"] for one in stated.scores) < 0.02
    assert guessed.mean["error"] < 0.03
    drawn = sample("told", latents=stated.latents, to=tmp_path / "again.npz", out=folder)
    given = {"label": torch.tensor([5, 5, 5])}
    assert np.abs(np.load(drawn)["images"].astype(int) - model.sample(3, 7, given)).mean() < 4


def min_distance(images: torch.Tensor, among: torch.Tensor) -> torch.Tensor:
    return (images[:, None] - among[None]).square().flatten(2).sum(2).amin(1)


@pytest.mark.parametrize("name", ["w", "w+"])
def test_styles_are_found_and_drawn_again(folder: Path, tmp_path: Path, name: str) -> None:
    photos(folder, "styled", tmp_path / "in", 2, label="3")
    found = gansmith.invert("styled", tmp_path / "in", space=name, starts=2, steps=60, to=tmp_path / "out", out=folder)
    assert found.space == name and found.mean["error"] < 0.03
    drawn = sample("styled", latents=found.latents, to=tmp_path / "again.npz", out=folder)
    wanted = load("styled", out=folder).sample(2, 7, {"label": torch.tensor([3, 3])})
    assert np.abs(np.load(drawn)["images"].astype(int) - wanted).mean() < 6
    with pytest.raises(UsageError, match="made already"):
        sample("styled", latents=found.latents, label="3", to=tmp_path / "x.png", out=folder)
    with pytest.raises(UsageError, match="has no styles"):
        sample("plain", latents=found.latents, to=tmp_path / "x.png", out=folder)


def test_a_run_that_has_an_encoder_is_searched_from_what_that_says(folder: Path, tmp_path: Path) -> None:
    photos(folder, "plain", tmp_path / "in")
    encoded = gansmith.reconstruct("vae", tmp_path / "in", to=tmp_path / "encoded", out=folder)
    found = gansmith.invert("vae", tmp_path / "in", starts=1, steps=5, to=tmp_path / "out", out=folder)
    for before, after in zip(encoded.scores, found.scores, strict=True):
        assert after["PSNR"] > before["PSNR"]


def test_codes_are_guessed(folder: Path, tmp_path: Path) -> None:
    photos(folder, "codes", tmp_path / "in", 1, code="k1=3")
    found = gansmith.invert("codes", tmp_path / "in", to=tmp_path / "out", starts=1, steps=20, out=folder)
    with np.load(found.latents) as file:
        assert file["code"].shape[0] == 1 and file["code"][0, :10].sum() == 1
    sample("codes", latents=found.latents, to=tmp_path / "again.png", out=folder)


def test_photos_of_the_same_name_are_told_apart_and_an_interruption_keeps_what_there_is(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for place in "ab":
        write(tmp_path / place / "0.png", to_uint8(load("plain", out=folder).draw(1))[0, ..., 0])
    sources = [tmp_path / "a", tmp_path / "b" / "0.png"]
    wish: dict[str, Any] = {"to": tmp_path / "out", "out": folder, "starts": 2, "steps": 3}
    assert gansmith.invert("plain", sources, **wish).names == ("0.png", "1/0.png")
    plain = invert.gather
    told: list[Any] = []
    done: list[Any] = []

    def once(*given: Any) -> None:
        if done:
            raise KeyboardInterrupt
        done.append(plain(*given))

    monkeypatch.setattr(invert, "gather", once)
    assert gansmith.invert("plain", sources, watch=told.append, **wish).names == ("0.png",)
    assert any("interrupted" in str(one) for one in told)
    with pytest.raises(KeyboardInterrupt):
        gansmith.invert("plain", sources, **wish)


@pytest.mark.parametrize(
    ("run", "wish", "words"),
    [
        ("ring", {}, "makes points, not images"),
        ("plain", {"space": "w"}, "has no styles"),
        ("plain", {"label": "3"}, "--label means nothing to this run"),
        ("told", {"label": "ten"}, "no class 'ten'"),
        ("plain", {"starts": 0}, "0 starts of"),
        ("plain", {"steps": 0}, "of 0 steps"),
    ],
)
def test_what_cannot_be_looked_for_is_refused(
    folder: Path, tmp_path: Path, run: str, wish: dict[str, Any], words: str
) -> None:
    write(tmp_path / "in" / "0.png", np.zeros((8, 8), np.uint8))
    with pytest.raises(UsageError, match=words) as caught:
        gansmith.invert(run, tmp_path / "in", to=tmp_path / "out", out=folder, **wish)
    assert caught.value.do and not (tmp_path / "out").exists()


def test_photos_that_are_not_there_are_told_before_anything_is_computed(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("gansmith.verbs.invert.known", lambda *args: pytest.fail("computed"))
    (tmp_path / "empty").mkdir()
    write(tmp_path / "broken" / "0.png", b"not an image")
    for name in ("nowhere", "empty", "broken"):
        with pytest.raises(GansmithError):
            gansmith.invert("plain", tmp_path / name, to=tmp_path / "out", out=folder)


def test_colour_is_brought_to_the_run_and_latents_of_others_are_refused(folder: Path, tmp_path: Path) -> None:
    write(tmp_path / "in" / "0.png", np.zeros((20, 13, 3), np.uint8))
    found = gansmith.invert("plain", tmp_path / "in" / "0.png", to=tmp_path / "out", starts=2, steps=3, out=folder)
    assert found.names == ("0.png",)
    with np.load(found.latents) as file:
        arrays = {name: file[name] for name in file.files}
    for further, words in (({"label": np.array([0, 1])}, "labels"), ({"label": np.array([11])}, "labels")):
        np.savez(tmp_path / "bad.npz", **{**arrays, **further})
        with pytest.raises(UsageError, match=words):
            sample("told", latents=tmp_path / "bad.npz", to=tmp_path / "x.png", out=folder)


def test_the_command_says_how_near_it_came(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    photos(folder, "plain", tmp_path / "in", 2)
    words = [
        "gansmith",
        "invert",
        "plain",
        str(tmp_path / "in"),
        "-o",
        str(tmp_path / "out"),
        "--runs",
        str(folder),
        "--steps",
        "5",
    ]
    monkeypatch.setattr(sys, "argv", words)
    main_ended(main)
    told = capsys.readouterr().out
    assert "2 photos in z" in told and "held out of its training" in told and "sheet.png" in told
    monkeypatch.setattr(sys, "argv", [*words, "--json"])
    main_ended(main)
    report = json.loads(capsys.readouterr().out)
    assert [one["name"] for one in report["photos"]] == ["0.png", "1.png"]
    assert grid(load("plain", out=folder).sample(1)).size[0] > 0


def main_ended(command: Any) -> None:
    with pytest.raises(SystemExit) as end:
        command()
    assert not end.value.code
