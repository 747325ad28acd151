"""stylegan2 from a folder as people have them, and what its truncation shows."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from gansmith.runs.pictures import read_recipe
from gansmith.verbs import plan
from gansmith.verbs.sample import sample
from gansmith.verbs.train import train
from gansmith.verbs.truncation import truncation

SIZES = ((40, 30), (30, 40), (33, 33), (64, 20), (17, 23))


@pytest.fixture(scope="module")
def out(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run on 300 colour photos of five sizes and shapes, PNG and JPEG."""
    folder = tmp_path_factory.mktemp("faces")
    photos, chance = folder / "faces", np.random.default_rng(0)
    photos.mkdir()
    for number in range(300):
        coarse = Image.fromarray(chance.integers(0, 256, (4, 4, 3), dtype=np.uint8))
        photo = coarse.resize(SIZES[number % len(SIZES)], Image.Resampling.BICUBIC)
        photo.save(photos / f"{number:03}.{'png' if number % 2 else 'jpg'}")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(plan, "measure_speed", lambda *args, **kwargs: 1000.0)
        train(photos, family="stylegan2", duration="128img", name="faces", size_dial=1 / 64, z=8, out=folder)
    return folder


def test_a_mixed_folder_of_300_photos_just_works(out: Path) -> None:
    (run,) = (path for path in out.iterdir() if path.name.endswith("-faces"))
    words = (run / "run.json").read_text("utf-8")
    assert "300 images can give" in words
    assert "ada=0.6: few images" in words
    assert "no path lengths" in words
    with Image.open(run / "grid.png") as picture:
        assert picture.mode == "RGB"


def test_truncated_to_the_mean_every_sample_is_one(out: Path, tmp_path: Path) -> None:
    images = [
        np.load(sample("faces", 6, truncation=psi, to=tmp_path / "a.npz", out=out))["images"].astype(float)
        for psi in (0.0, 0.5, 1.0)
    ]
    spreads = [float(one.std(0).mean()) for one in images]
    assert spreads[0] == 0
    assert 0 < spreads[1] < spreads[2]


def test_the_curve_has_the_familys_own_values(out: Path, tmp_path: Path) -> None:
    found = truncation("faces", count=16, to=tmp_path / "curve.png", out=out)
    assert [point.truncation for point in found.points] == [0.0, 0.25, 0.5, 0.7, 0.85, math.inf]
    assert read_recipe(found.sheet)["truncations"][-1] == "inf"
