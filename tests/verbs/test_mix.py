"""Style mixing: each image of the sheet is what its styles say, and layers are named as papers name them."""

from __future__ import annotations

import itertools
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image, ImageSequence

import gansmith
from gansmith.cli.mix import read_seeds
from gansmith.errors import GansmithError, UsageError
from gansmith.runs.model import load
from gansmith.runs.pictures import read_recipe, to_uint8
from gansmith.verbs import frames, plan
from gansmith.verbs.mix import layers_of, mix
from gansmith.verbs.sample import sample
from gansmith.verbs.styles import styles
from gansmith.verbs.train import train
from gansmith.verbs.video import video
from tests.data.making import write

SMALL: dict[str, Any] = {"size_dial": 0.02, "z": 8, "mixing": 0.5, "batch": 8, "precision": "32"}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run of stylegan2 on colour squares of two classes, and one whose generator knows no styles."""
    out = tmp_path_factory.mktemp("runs")
    for index in range(40):
        colour = np.full((12, 16, 3), (6 * index, 255 - 6 * index, 128), np.uint8)
        write(out / "squares" / "ab"[index % 2] / f"{index}.png", colour)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(plan, "measure_speed", lambda *args, **kwargs: 1000.0)
        patch.setattr(frames, "FRAMES", 2)
        train(out / "squares", family="stylegan2", duration="16img", out=out, name="styled", **SMALL)
        train(out / "squares", family="gan", duration="16img", out=out, name="plain", width=8, d_width=8, batch=8)
    return out


def cells(path: Path, rows: int, columns: int) -> np.ndarray[Any, Any]:
    """The images of a sheet (rows, columns, H, W, C), each brought back to one pixel per pixel."""
    with Image.open(path) as picture:
        pixels = np.asarray(picture.convert("RGB"))
    gap = next(g for g in range(2, 9) if (pixels.shape[0] + g) % rows == 0 == ((pixels.shape[0] + g) // rows - g) % 12)
    scale = ((pixels.shape[0] + gap) // rows - gap) // 12
    high, wide = 12 * scale + gap, 16 * scale + gap
    found = np.empty((rows, columns, 12, 16, 3), np.uint8)
    for row, column in itertools.product(range(rows), range(columns)):
        part = pixels[row * high : row * high + 12 * scale, column * wide : column * wide + 16 * scale]
        found[row, column] = part[::scale, ::scale]
    return found


def test_a_sheet_shows_both_sides_and_every_mixture(folder: Path, tmp_path: Path) -> None:
    to = tmp_path / "mix.png"
    wish: dict[str, Any] = {"rows": (1, 2), "columns": (3, 4, 5), "label": "b", "truncation": 0.8}
    assert gansmith.mix("styled", layers="0-1", to=to, out=folder, **wish) == to
    found = cells(to, 3, 4)
    model = load("styled", out=folder)
    given = {"label": torch.tensor([1]), "truncation": torch.tensor([0.8])}
    own = {seed: model.sample(1, seed, given)[0] for seed in range(1, 6)}
    assert (found[0, 0] == 255).all()
    for column, seed in enumerate((3, 4, 5), start=1):
        assert np.abs(found[0, column].astype(int) - own[seed]).max() <= 1
    for row, seed in enumerate((1, 2), start=1):
        assert np.abs(found[row, 0].astype(int) - own[seed]).max() <= 1
    latent = {seed: torch.randn(1, 8, generator=torch.Generator().manual_seed(seed)) for seed in (2, 5)}
    made = styles(model, latent[2], given).clone()
    made[:, :2] = styles(model, latent[5], given)[:, :2]
    expected = to_uint8(model.draw(1, given={"styles": made}))[0]
    assert np.abs(found[2, 3].astype(int) - expected).max() <= 1
    assert np.abs(expected.astype(int) - own[2]).max() > 1
    assert read_recipe(to) == {
        **{"run": "001-styled", "checkpoint": model.checkpoint, "rows": [1, 2], "columns": [3, 4, 5]},
        **{"layers": [0, 1], "noise": "fixed", "label": "b", "truncation": 0.8},
    }


def test_all_layers_of_another_are_the_other(folder: Path, tmp_path: Path) -> None:
    layers = styles(load("styled", out=folder), torch.zeros(1, 8), {"label": torch.tensor([0])}).shape[1]
    path = mix(
        "styled", rows=[1, 2], columns=[7], layers=f"0-{layers - 1}", label="a", to=tmp_path / "x.png", out=folder
    )
    found = cells(path, 3, 2)
    for row in (1, 2):
        assert np.array_equal(found[row, 1], found[0, 1])


def test_parts_are_as_published_and_cover_every_layer_once() -> None:
    assert layers_of("coarse", 18) == [0, 1, 2, 3]  # of 1024 pixels: 4 and 8
    assert layers_of("middle", 18) == [4, 5, 6, 7]  # 16 and 32
    assert layers_of("fine", 18) == list(range(8, 18))
    for count in (4, 6, 8, 10, 14):
        parts = [layers_of(part, count) for part in ("coarse", "middle", "fine")]
        assert all(parts)
        assert list(itertools.chain(*parts)) == list(range(count))
    assert layers_of("5,0-2, 1", 6) == [0, 1, 2, 5]


@pytest.mark.parametrize("text", ["", "course", "1-", "-1", "0-6", "3-2", "0,,1", "a-b", "9" * 30])
def test_layers_that_are_none_are_refused(text: str) -> None:
    with pytest.raises(UsageError) as caught:
        layers_of(text, 6)
    assert caught.value.do


@pytest.mark.parametrize(
    ("run", "wish", "words"),
    [
        ("plain", {}, "has no styles: it is a gan"),
        ("styled", {"rows": []}, "0 rows make no sheet"),
        ("styled", {"columns": range(100)}, "100 columns make no sheet"),
        ("styled", {"to": "x.jpg"}, "cannot be written as '.jpg'"),
        ("styled", {"label": "c"}, "no class 'c'"),
        ("styled", {"noise": "lots"}, "no noise 'lots'"),
    ],
)
def test_what_cannot_be_mixed_is_refused_in_words(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, run: str, wish: dict[str, Any], words: str
) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(UsageError, match=words) as caught:
        mix(run, out=folder, **wish)
    assert caught.value.do
    assert list(tmp_path.iterdir()) == []


def test_seeds_on_the_command_line() -> None:
    assert read_seeds("rows", "1, 2,30") == [1, 2, 30]
    for text in ("", "1,", "a", "1-3"):
        with pytest.raises(UsageError, match="no seeds"):
            read_seeds("rows", text)


def test_a_place_that_cannot_be_written_to_is_told(folder: Path, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("here")
    with pytest.raises(GansmithError, match="Cannot write"):
        mix("styled", to=tmp_path / "file" / "x.png", out=folder)


def test_noise_is_what_one_asks_for(folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    model = load("styled", out=folder)
    for name, strength in model.networks["generator"].named_parameters():
        if name.endswith("loudness"):  # so short a training leaves noise all but unheard
            strength.fill_(0.3)
    monkeypatch.setattr("gansmith.verbs.sample.load", lambda *args, **kwargs: model)

    def drawn(noise: str | None) -> np.ndarray[Any, Any]:
        path = sample("styled", 3, noise=noise, label="a", to=tmp_path / "x.npz", out=folder)
        return np.asarray(np.load(path)["images"])

    every = {how: drawn(how) for how in ("fixed", "random", "none")}
    assert np.array_equal(drawn(None), every["fixed"])
    assert np.array_equal(drawn("random"), every["random"])
    for one, other in itertools.combinations(every.values(), 2):
        assert np.abs(one.astype(int) - other).mean() > 1


def test_noise_means_nothing_where_there_is_none(folder: Path, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="--noise means nothing to this run"):
        sample("plain", 3, noise="none", to=tmp_path / "y.png", out=folder)
    sample("styled", 3, noise="none", to=tmp_path / "x.png", out=folder)
    assert read_recipe(tmp_path / "x.png")["noise"] == "none"


def test_a_film_goes_through_styles_from_the_samples_of_its_seed(folder: Path, tmp_path: Path) -> None:
    wish: dict[str, Any] = {"seed": 3, "truncation": 0.7, "labels": "a,b"}
    path = video("styled", seconds=0.5, fps=16, grid="1x2", scale=1, to=tmp_path / "x.png", out=folder, **wish)
    with Image.open(path) as picture:
        frames = [np.asarray(frame.convert("RGB")).astype(int) for frame in ImageSequence.Iterator(picture)]
    given = {"label": torch.tensor([0, 1]), "truncation": torch.full((2,), 0.7)}
    first, second = load("styled", out=folder).sample(2, 3, given)
    assert len(frames) == 8
    assert np.abs(frames[0][:, :16] - first).max() <= 1
    assert np.abs(frames[0][:, 18:] - second).max() <= 1
