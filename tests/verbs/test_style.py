"""gansmith style: what it writes, in whose colours and where, how it is stopped, and what it refuses."""

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
from safetensors.torch import save_file
from typer.testing import CliRunner

from gansmith.cli.app import app
from gansmith.errors import GansmithError, UsageError
from gansmith.networks.vgg import VGG
from gansmith.runs.pictures import read_recipe
from gansmith.styling.features import extractor
from gansmith.verbs import style as verb
from gansmith.verbs.style import style
from tests.verbs.runs import quick, tiny

__all__ = ["quick"]

QUICK: dict[str, Any] = {"size": 32, "smallest": 32, "first_steps": 4, "features": "random", "precision": "32"}


def written(path: Path, colour: tuple[int, int, int], high: int = 30, across: int = 40) -> Path:
    """A picture of one colour and some noise."""
    noise = np.random.default_rng(sum(colour)).integers(-40, 40, (high, across, 1))
    Image.fromarray(np.clip(np.array(colour) + noise, 0, 255).astype(np.uint8)).save(path)
    return path


@pytest.fixture
def photo(tmp_path: Path) -> Path:
    return written(tmp_path / "photo.png", (120, 150, 90))


@pytest.fixture
def red(tmp_path: Path) -> Path:
    return written(tmp_path / "red.png", (220, 40, 40), 36, 36)


@pytest.fixture
def blue(tmp_path: Path) -> Path:
    return written(tmp_path / "blue.png", (40, 40, 220), 36, 36)


def means(path: Path) -> np.ndarray[Any, Any]:
    """(H, W, 3) of a picture as floats."""
    with Image.open(path) as picture:
        return np.asarray(picture.convert("RGB")).astype(float)


def test_a_photo_is_painted_and_the_picture_says_how(photo: Path, red: Path, tmp_path: Path) -> None:
    told: list[Mapping[str, Any]] = []
    found = style(photo, red, to=tmp_path / "deep" / "x.png", watch=told.append, **QUICK)
    assert means(found.path).shape == (24, 32, 3) and found.size == (24, 32)
    assert means(found.path)[..., 0].mean() > means(photo)[..., 0].mean() + 40
    recipe = read_recipe(found.path)
    assert (recipe["content"], recipe["styles"], recipe["taken"]) == ("photo.png", ["red.png"], 4)
    assert [report["progress"][1:] for report in told] == [(step, 4) for step in (1, 2, 3, 4)]
    assert not found.stopped and set(found.losses) == {"content", "style", "roughness"}
    assert found.notes == () and style(photo, red, to=found.path, **{**QUICK, "size": 48, "smallest": 48}).notes


@pytest.mark.parametrize("colours", ["match", "histogram", "luminance"])
def test_the_contents_colours_are_kept(colours: str, photo: Path, red: Path, tmp_path: Path) -> None:
    found = style(photo, red, to=tmp_path / "x.png", colours=colours, **QUICK)
    assert np.abs(means(found.path).mean((0, 1)) - means(photo).mean((0, 1))).max() < 12


def test_masks_say_where(photo: Path, red: Path, blue: Path, tmp_path: Path) -> None:
    masks = []
    for number in range(2):
        mask = np.zeros((30, 40), np.uint8)
        mask[:, 10 * number : 10 * number + 10] = 255
        masks.append(tmp_path / f"{number}.png")
        Image.fromarray(mask).save(masks[-1])
    found = means(style(photo, [red, blue], masks=masks, to=tmp_path / "x.png", **QUICK).path)
    left, middle, rest = found[:, :6].mean((0, 1)), found[:, 10:14].mean((0, 1)), found[:, 18:].mean((0, 1))
    assert left[0] > left[2] + 60 and middle[2] > middle[0] + 60
    assert np.abs(rest - means(photo).mean((0, 1))).max() < 4, "where no style is wanted the photo stays"


def test_while_it_paints_it_shows_how_far_it_is(
    photo: Path, red: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(verb, "SHOWN_EVERY", 0.0)
    there = []

    def watch(report: Mapping[str, Any]) -> None:
        if (tmp_path / "x.part.png").exists():
            there.append(means(tmp_path / "x.part.png").shape)

    style(photo, red, to=tmp_path / "x.png", watch=watch, **QUICK)
    assert there == [(24, 32, 3)] * 3
    assert sorted(path.name for path in tmp_path.iterdir()) == ["photo.png", "red.png", "x.png"]


def test_ctrl_c_keeps_what_there_is(photo: Path, red: Path, tmp_path: Path) -> None:
    def watch(report: Mapping[str, Any]) -> None:
        if report["progress"][1] == 3:
            os.kill(os.getpid(), signal.SIGINT)

    found = style(photo, red, to=tmp_path / "x.png", watch=watch, **{**QUICK, "first_steps": 500})
    assert found.stopped and found.steps == 3 and means(found.path).shape == (24, 32, 3)


def test_vgg19_is_read_from_a_file_and_never_fetched_unasked(
    photo: Path, red: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("TORCH_HOME", "HF_HOME", "HF_HUB_CACHE", "XDG_CACHE_HOME", "GANSMITH_CACHE"):
        monkeypatch.setenv(name, str(tmp_path / "none"))
    monkeypatch.setattr(torch.hub, "download_url_to_file", lambda *_: pytest.fail("asked the network"))
    with pytest.raises(UsageError, match="not on this machine"):
        style(photo, red, **{**QUICK, "features": "vgg19"})
    numbers = (0, 2, 5, 7, 10, 12, 14, 16, 19, 21, 23, 25, 28, 30, 32, 34)
    torch.manual_seed(0)
    tensors = {
        f"features.{number}.{name}": value.detach().clone()
        for number, convolution in zip(numbers, VGG().stack.values(), strict=True)
        for name, value in convolution.named_parameters()
    }
    save_file(tensors, tmp_path / "vgg.safetensors")
    looking = extractor(f"vgg19:{tmp_path / 'vgg.safetensors'}")
    assert looking.name == "vgg19" and not looking.relative
    with torch.no_grad():
        assert looking.features(torch.zeros(1, 3, 16, 16))["relu4_2"].shape == (1, 512, 2, 2)
    (tmp_path / "bad.pth").write_bytes(b"not weights")
    with pytest.raises(GansmithError, match="cannot read the weights"):
        extractor(f"vgg19:{tmp_path / 'bad.pth'}")


@pytest.mark.usefixtures("quick")
@pytest.mark.parametrize("family", ["dcgan", "gan"])
def test_a_runs_discriminator_can_look(family: str, photo: Path, red: Path, tmp_path: Path) -> None:
    """Of grey digits of 8 pixels, at pictures of any size and colour; one without grids cannot."""
    tiny(tmp_path / "runs", name="judge", duration="16img", family=family)
    wish = {**QUICK, "features": "judge", "out": tmp_path / "runs", "to": tmp_path / "x.png"}
    if family == "gan":
        with pytest.raises(UsageError, match="cannot look at pictures"):
            style(photo, red, **wish)
        return
    found = style(photo, red, **wish)
    assert found.features.endswith("judge") and found.losses["style"] > 0


@pytest.mark.parametrize(
    ("wishes", "words"),
    [
        ({"weights": [1, 2]}, "2 weights do not mix 1 styles"),
        ({"weights": [0]}, "above 0"),
        ({"weights": [float("nan")]}, "above 0"),
        ({"masks": ["a.png", "b.png"]}, "2 masks"),
        ({"masks": ["a.png"]}, "a.png cannot be read"),
        ({"features": "lernt"}, "no features 'lernt'"),
        ({"colours": "green"}, "no colours 'green'"),
        ({"pooling": "min"}, "no pooling 'min'"),
        ({"to": "x.jpg"}, "written as PNG"),
        ({"size": 8}, "size"),
        ({"steps": 0}, "steps"),
    ],
    ids=lambda value: str(value) if isinstance(value, dict) else "",
)
def test_what_cannot_be_is_refused(wishes: dict[str, Any], words: str, photo: Path, red: Path, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=words):
        style(photo, red, **{"out": tmp_path, **QUICK, **wishes})


def test_black_masks_and_other_tensors_are_refused(photo: Path, red: Path, tmp_path: Path) -> None:
    Image.new("L", (20, 20)).save(tmp_path / "black.png")
    with pytest.raises(UsageError, match="is black"):
        style(photo, red, masks=[tmp_path / "black.png"], **QUICK)
    with pytest.raises(UsageError, match="shape"):
        style(torch.zeros(3, 20, 20), red, **QUICK)
    with pytest.raises(UsageError, match="no style"):
        style(photo, [], **QUICK)


def test_the_command(photo: Path, red: Path, blue: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    words = ["style", str(photo), str(red), str(blue), "--weights", "2,1", "-s", "32", "--steps", "2"]
    ran = CliRunner().invoke(app, [*words, "--features", "random", "--json", "-o", "x.png"])
    assert ran.exit_code == 0, ran.output
    assert json.loads(ran.stdout)["steps"] == 4 and read_recipe(tmp_path / "x.png")["weights"] == [2.0, 1.0]
    ran = CliRunner().invoke(app, ["style", "--demo", "-s", "24", "--steps", "1", "--features", "random"])
    assert ran.exit_code == 0 and "24x16, 2 steps" in ran.stdout
    for wrong in ([str(photo)], ["--demo", str(photo)], [*words[1:4], "--weights", "a"]):
        assert isinstance(CliRunner().invoke(app, ["style", *wrong]).exception, UsageError)
