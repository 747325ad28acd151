"""Transfer networks as folders: learnt, interrupted and gone on with exactly, painted with, refused in words."""

from __future__ import annotations

import json
import os
import signal
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image
from safetensors.torch import load_file

from gansmith.errors import GansmithError, UsageError
from gansmith.networks.vgg import random_vgg
from gansmith.runs import disk
from gansmith.runs.pictures import read_recipe
from gansmith.styling.features import Extractor, through_vgg
from gansmith.verbs import fast_style, lesson, transfers
from gansmith.verbs.fast_style import paint_adain, paint_fast, train_adain, train_fast
from gansmith.verbs.session import Interrupted

TINY: dict[str, Any] = {"width": 4, "blocks": 1, "size": 32, "style_size": 32, "batch": 4, "duration": "16img"}


def tiny(name: str = "random") -> Extractor:
    return through_vgg(random_vgg(2, "average"), name, relative=True, content_weight=0.2)


@pytest.fixture
def pictures(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder of eight photos, two styles beside it; features of two channels; `transfers/` within."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(lesson, "extractor", tiny)
    monkeypatch.setattr(fast_style, "extractor", tiny)
    chance = np.random.default_rng(0)
    (tmp_path / "photos").mkdir()
    for number in range(8):
        save(tmp_path / "photos" / f"{number}.png", chance.integers(0, 256, (5, 5, 3)), (40, 40))
    save(tmp_path / "red.png", np.array([[[255, 0, 0], [0, 0, 0]]]), (40, 48))
    save(tmp_path / "blue.png", np.array([[[0, 0, 255]], [[0, 0, 0]]]), (48, 40))
    save(tmp_path / "photo.jpg", chance.integers(0, 256, (4, 6, 3)), (75, 50))
    return tmp_path


def save(path: Path, pixels: np.ndarray, size: tuple[int, int]) -> None:
    Image.fromarray(pixels.astype(np.uint8)).resize(size, Image.Resampling.BICUBIC).save(path)


def weights(folder: Path) -> dict[str, torch.Tensor]:
    newest = max((folder / "checkpoints").iterdir())
    return {f"{file.name}/{name}": x for file in newest.glob("*.safetensors") for name, x in load_file(file).items()}


def test_two_styles_are_learnt_and_mixed(pictures: Path) -> None:
    found = train_fast(["red.png", "blue.png"], "photos", **TINY | {"duration": "400img", "smooth": 0.1})
    assert found.path == Path("transfers/red-blue")
    assert json.loads((found.path / "transfer.json").read_text())["styles"] == ["red", "blue"]
    with Image.open(found.path / "learnt.png") as sheet:
        assert sheet.width > sheet.height  # four photos a row, above each style
    made = {}
    for name, mix in {"red": (1, 0), "blue": (0, 1), "both": None}.items():
        path = paint_fast("photo.jpg", "red-blue", to=f"{name}.png", weights=mix)
        with Image.open(path) as picture:
            assert picture.size == (75, 50)
            made[name] = np.asarray(picture, float)
    apart = (made["red"] - made["blue"]).mean((0, 1))
    assert apart[0] > 1 > -1 > apart[2], "each style has its colour"
    assert read_recipe(Path("both.png"))["styles"] == {"red": 0.5, "blue": 0.5}
    with Image.open(paint_fast("photo.jpg", found.path, to="large.png", size=120)) as picture:
        assert picture.size == (120, 80)


def test_interrupted_it_is_saved_and_goes_on_exactly(pictures: Path) -> None:
    whole = train_fast("red.png", "photos", to="whole", **TINY)

    def interrupt(report: Mapping[str, Any]) -> None:
        if report.get("progress", ("", 0))[:2] == ("learning", 8):
            os.kill(os.getpid(), signal.SIGINT)

    with pytest.raises(Interrupted, match="saved at 8 of 16"):
        train_fast("red.png", "photos", to="parts", watch=interrupt, **TINY)
    parts = train_fast("red.png", "photos", to="parts", **TINY)
    before, after = weights(whole.path), weights(parts.path)
    assert before.keys() == after.keys()
    assert all(torch.equal(before[name], after[name]) for name in before)
    longer = train_fast("red.png", "photos", to="parts", **TINY | {"duration": "20img"})
    assert longer.notes["images"] == 20
    assert any(not torch.equal(after[name], tensor) for name, tensor in weights(longer.path).items())


def test_a_decoder_paints_in_any_style(pictures: Path) -> None:
    found = train_adain("photos", size=32, batch=4, duration="16img")
    assert found.path == Path("transfers/any")
    made = {}
    for name, strength in {"red": 1.0, "blue": 1.0, "plain": 0.0}.items():
        style = "red.png" if name == "plain" else f"{name}.png"
        path = paint_adain("photo.jpg", style, "any", to=f"{name}-ed.png", strength=strength)
        with Image.open(path) as picture:
            assert picture.size == (75, 50)
            made[name] = np.asarray(picture, float)
    assert abs(made["red"] - made["blue"]).max() > 0
    assert abs(made["red"] - made["plain"]).max() > 0


def test_time_becomes_images_once(pictures: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lesson, "images_a_second", lambda *given: 2.0)
    timed = TINY | {"duration": "6s"}
    assert train_fast("red.png", "photos", **timed).notes["images"] == 12
    monkeypatch.setattr(lesson, "images_a_second", lambda *given: 1000.0)
    assert train_fast("red.png", "photos", **timed).notes["images"] == 12


def test_what_cannot_be_is_refused_in_words(pictures: Path) -> None:
    train_fast("red.png", "photos", to="mine", **TINY)
    with pytest.raises(UsageError, match="Another transfer network lies in mine") as refused:
        train_fast("blue.png", "photos", to="mine", **TINY)
    assert "styles, pictures" in refused.value.why
    with pytest.raises(UsageError, match="no transfer network 'nobody'"):
        paint_fast("photo.jpg", "nobody")
    with pytest.raises(UsageError, match="another kind") as other:
        paint_adain("photo.jpg", "red.png", "mine")
    assert other.value.do == "--fast mine"
    with pytest.raises(UsageError, match="2 weights do not mix 1 styles"):
        paint_fast("photo.jpg", "mine", weights=[1, 2])
    with pytest.raises(UsageError, match=r"not '\.jpg'"):
        paint_fast("photo.jpg", "mine", to="made.jpg")
    with pytest.raises(UsageError, match=r"missing.png cannot be read"):
        train_fast("missing.png", "photos", **TINY)
    with pytest.raises(UsageError, match="holds no images"):
        train_fast("red.png", "ring", **TINY)
    with pytest.raises(UsageError, match="names of their own"):
        train_fast(["red.png", "red.png"], "photos", **TINY)
    with pytest.raises(UsageError, match="no strength"):
        paint_adain("photo.jpg", "red.png", "mine", strength=2)
    for folder in (Path("mine/checkpoints")).iterdir():
        disk.remove(folder)
    with pytest.raises(GansmithError, match="no checkpoint that verifies"):
        paint_fast("photo.jpg", "mine")
    (Path("mine") / transfers.NOTES).write_text("[]")
    with pytest.raises(GansmithError, match="does not describe"):
        paint_fast("photo.jpg", "mine")
