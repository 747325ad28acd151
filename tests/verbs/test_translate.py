"""Translations of files: same names and sizes, alpha kept, bad files named, nothing overwritten."""

from __future__ import annotations

import io
import json
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from PIL import Image

from gansmith.cli import main
from gansmith.data.options import DataOptions, Direction
from gansmith.errors import GansmithError, UsageError
from gansmith.runs.folder import Run
from gansmith.runs.pictures import read_recipe
from gansmith.verbs import plan
from gansmith.verbs.translate import Translator, Way, named, translate, way_of, written
from tests.data.making import encoded, noise, smooth, write
from tests.verbs.runs import tiny

SMALL: dict[str, Any] = {"family": "pix2pix", "width": 4, "d_width": 4, "batch": 8, "duration": "16img"}


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of runs: `pairs` turns A into B, `edges` outlines into images, `digits` makes digits of nothing."""
    home = tmp_path_factory.mktemp("trained")
    for number in range(40):
        image = smooth(16, 16, number)
        write(home / "data" / "A" / f"{number}.png", 255 - image)
        write(home / "data" / "B" / f"{number}.png", image)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(plan, "measure_speed", lambda *args, **kwargs: 1000.0)
        made = {"depth": None, "z": None, "out": home}
        for name, where, options in (
            ("pairs", home / "data", {"layout": "paired"}),
            ("edges", home / "data" / "B", {"layout": "edges"}),
        ):
            wishes = {key: value for key, value in (SMALL | made).items() if value is not None}
            run_of(where, name, options, wishes)
        tiny(home, "digits", name="digits", duration="16img")
    return home


def run_of(where: Path, name: str, options: dict[str, Any], wishes: dict[str, Any]) -> Run:
    from gansmith.verbs.train import train

    return train(where, name=name, options=DataOptions.read(options), precision="32", **wishes)


def opened(path: Path) -> Image.Image:
    image = Image.open(path)
    image.load()
    return image


def test_a_folder_comes_out_under_the_same_names_in_the_same_sizes(trained: Path, tmp_path: Path) -> None:
    sizes = {"a.png": (16, 16), "deep/b.jpg": (37, 21), "deep/c.webp": (5, 90), "d.bmp": (1, 1), "e.tif": (130, 40)}
    for name, (width, height) in sizes.items():
        kind = {"jpg": "JPEG", "tif": "TIFF"}.get(name[-3:], Path(name).suffix[1:].upper())
        write(tmp_path / "in" / name, encoded(smooth(height, width), kind))
    found = translate("pairs", tmp_path / "in", to=tmp_path / "out", out=trained)
    assert {path.relative_to(tmp_path / "out").as_posix() for path in found.files} == set(sizes)
    for name, size in sizes.items():
        made = opened(tmp_path / "out" / name)
        assert made.size == size and made.mode == "RGB"
    assert found.skipped == ()
    assert read_recipe(tmp_path / "out" / "a.png")["source"] == "a.png"
    assert read_recipe(found.sheet)["run"].endswith("pairs")
    assert opened(found.sheet).size[0] > 2 * 192
    assert "--as-trained" in found.notes[0]


def test_what_is_made_depends_on_what_is_given_and_on_the_seed(trained: Path, tmp_path: Path) -> None:
    def made(name: str, image: np.ndarray, **wishes: Any) -> np.ndarray:
        path = write(tmp_path / "in" / f"{name}.png", image)
        return np.asarray(opened(translate("pairs", path, to=tmp_path / "out", out=trained, **wishes).files[0]))

    one = made("one", smooth(20, 20))
    assert np.array_equal(one, made("again", smooth(20, 20)))
    assert not np.array_equal(one, made("other", smooth(20, 20, 5)))
    assert not np.array_equal(one, made("seed", smooth(20, 20), seed=1))
    assert made("small", smooth(64, 48), as_trained=True).shape == (64, 48, 3)


def test_alpha_is_kept_and_files_that_cannot_hold_it_become_png(trained: Path, tmp_path: Path) -> None:
    image = np.concatenate([smooth(18, 22), noise(18, 22, 1)], 2)
    write(tmp_path / "in" / "clear.png", image)
    write(tmp_path / "in" / "moving.gif", encoded(Image.fromarray(image[..., :3]).quantize(), "GIF"))
    found = translate("pairs", tmp_path / "in", to=tmp_path / "out", out=trained)
    made = np.asarray(opened(tmp_path / "out" / "clear.png"))
    assert np.array_equal(made[..., 3], image[..., 3])
    assert [path.name for path in found.files] == ["clear.png", "moving.gif.png"]


def test_photographs_are_turned_upright(trained: Path, tmp_path: Path) -> None:
    lying = Image.fromarray(smooth(20, 32))
    turned = lying.getexif()
    turned[0x0112] = 6
    write(tmp_path / "photo.jpg", encoded(lying, "JPEG", exif=turned))
    (path,) = translate("pairs", tmp_path / "photo.jpg", to=tmp_path / "out", out=trained).files
    made = opened(path)
    assert made.size == (20, 32)
    assert 0x0112 not in made.getexif()


def test_bad_files_are_named_and_left_out(trained: Path, tmp_path: Path) -> None:
    write(tmp_path / "in" / "good.png")
    write(tmp_path / "in" / "broken.png", b"not an image")
    write(tmp_path / "in" / "cut.jpg", encoded(smooth(40, 40), "JPEG")[:300])
    found = translate("pairs", tmp_path / "in", to=tmp_path / "out", out=trained)
    assert [path.name for path in found.files] == ["good.png"]
    assert dict(found.skipped).keys() == {"broken.png", "cut.jpg"}
    assert all(why for _, why in found.skipped)
    with pytest.raises(GansmithError, match="could be translated"):
        translate("pairs", tmp_path / "in" / "broken.png", to=tmp_path / "out", out=trained)


def test_outlines_are_taken_of_photographs_but_not_of_outlines(trained: Path, tmp_path: Path) -> None:
    path = write(tmp_path / "in" / "photo.png", smooth(16, 16, 3))
    photo, as_it_is = (
        np.asarray(opened(translate("edges", path, to=tmp_path / str(as_is), as_is=as_is, out=trained).files[0]))
        for as_is in (False, True)
    )
    assert not np.array_equal(photo, as_it_is)


def test_inputs_are_never_overwritten_and_results_never_translated(trained: Path, tmp_path: Path) -> None:
    path = write(tmp_path / "in" / "a.png")
    for images in (tmp_path / "in", path):
        with pytest.raises(UsageError, match="overwritten"):
            translate("pairs", images, to=tmp_path / "in", out=trained)
    for _ in range(2):
        found = translate("pairs", tmp_path / "in", to=tmp_path / "in" / "made", out=trained)
        assert [made.relative_to(tmp_path) for made in found.files] == [Path("in/made/a.png")]


def test_a_picture_called_sheet_is_not_lost(trained: Path, tmp_path: Path) -> None:
    write(tmp_path / "in" / "sheet.png", smooth(12, 12))
    found = translate("pairs", tmp_path / "in", to=tmp_path / "out", out=trained)
    assert found.sheet.name == "-sheet.png"
    assert opened(tmp_path / "out" / "sheet.png").size == (12, 12)


def test_what_cannot_be_asked_is_said(trained: Path, tmp_path: Path) -> None:
    path = write(tmp_path / "a.png")
    with pytest.raises(UsageError, match="does not translate"):
        translate("digits", path, to=tmp_path / "out", out=trained)
    with pytest.raises(UsageError, match="AtoB only"):
        translate("pairs", path, to=tmp_path / "out", direction="BtoA", out=trained)
    with pytest.raises(UsageError, match="no direction"):
        translate("pairs", path, to=tmp_path / "out", direction="sideways", out=trained)
    with pytest.raises(UsageError, match="no file or folder"):
        translate("pairs", tmp_path / "nowhere", to=tmp_path / "out", out=trained)
    (tmp_path / "empty").mkdir()
    with pytest.raises(UsageError, match="no images"):
        translate("pairs", tmp_path / "empty", to=tmp_path / "out", out=trained)


@pytest.mark.parametrize("channels", [1, 2, 3, 4])
@pytest.mark.parametrize("mode", ["L", "LA", "RGB", "RGBA"])
def test_every_file_fits_every_network(channels: int, mode: str, tmp_path: Path) -> None:
    """A network that makes negatives: of what training would have seen, with the file's alpha where it knows none."""
    image = Image.fromarray(np.concatenate([smooth(9, 12), noise(9, 12, 1)], 2)).convert(mode)
    negatives: Any = SimpleNamespace(
        spec=SimpleNamespace(shape=(channels, 16, 16)), draw=lambda count, seed, given, way: -given["source"]
    )
    seen, made = Translator(negatives, "AtoB", outlines=False, as_trained=False, seed=0)(encoded(image))
    alpha = np.asarray(image)[..., -1:] if mode.endswith("A") else np.full((9, 12, 1), 255, np.uint8)
    assert seen.shape == (9, 12, channels)
    assert np.array_equal(made[..., :channels], 255 - seen)
    if channels in (1, 3) and mode.endswith("A"):
        assert np.array_equal(made[..., channels:], alpha)
    else:
        assert made.shape == seen.shape
    if channels in (2, 4):
        assert np.array_equal(seen[..., -1:], alpha)
    for suffix in ("png", "jpg", "webp", "tif", "bmp"):
        path = written(made, tmp_path, f"a.{suffix}", {})
        assert opened(path).size == (12, 9)
        assert opened(path).has_transparency_data == (made.shape[2] in (2, 4))


@pytest.mark.parametrize("own", ["AtoB", "BtoA"])
def test_directions_are_those_of_the_data(own: Direction) -> None:
    """The game's first way is from the side it was given as the source, whichever that was."""
    options = DataOptions(direction=own)
    config: Any = SimpleNamespace(family="cyclegan", options=options)
    model: Any = SimpleNamespace(run="there-and-back", config=config)
    other: Direction = "BtoA" if own == "AtoB" else "AtoB"
    assert [way_of(model, way) for way in (None, own, other)] == ["AtoB", "AtoB", "BtoA"]
    ways: list[Way] = ["AtoB", "BtoA"]
    assert [named(way, options) for way in ways] == [own, other]


def test_the_command(
    trained: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    write(tmp_path / "in" / "a.png")
    write(tmp_path / "in" / "b.png", b"")
    words = ["gansmith", "translate", "pairs", str(tmp_path / "in"), "--out", str(tmp_path / "out")]
    monkeypatch.setattr("sys.argv", [*words, "--runs", str(trained)])
    with pytest.raises(SystemExit, match="0"):
        main()
        raise SystemExit(0)
    told = capsys.readouterr().out
    assert "1 translated" in told and "skipped b.png: an empty file" in told
    monkeypatch.setattr("sys.argv", [*words, "--runs", str(trained), "--json"])
    with pytest.raises(SystemExit, match="0"):
        main()
        raise SystemExit(0)
    found = json.load(io.StringIO(capsys.readouterr().out))
    assert found["files"] == [str(tmp_path / "out" / "a.png")]
    assert found["skipped"][0]["name"] == "b.png"
