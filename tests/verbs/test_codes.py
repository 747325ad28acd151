"""codes, truncation, and what sample can be told of them: on runs that take a second."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image

from gansmith.errors import UsageError
from gansmith.game.codes import Codes
from gansmith.runs.model import load
from gansmith.runs.pictures import read_recipe
from gansmith.verbs import plan
from gansmith.verbs.codes import codes, errors, named, stacked
from gansmith.verbs.conditions import coded
from gansmith.verbs.evaluate import evaluate
from gansmith.verbs.sample import sample
from gansmith.verbs.train import train
from gansmith.verbs.truncation import truncation


@pytest.fixture(scope="module")
def out(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An InfoGAN and a BigGAN of 96 images in three shades, their factors beside them."""
    folder = tmp_path_factory.mktemp("codes")
    shade = np.arange(96) % 3
    images = (60 + 80 * shade[:, None, None] + np.random.default_rng(0).integers(0, 20, (96, 8, 8))).astype(np.uint8)
    factors = np.stack([shade, np.arange(96) % 2], 1).astype(np.uint8)
    source = folder / "shades.npz"
    np.savez(source, images=images, labels=shade, factors=factors, factor_names=np.array(["shade", "parity"]))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(plan, "measure_speed", lambda *args, **kwargs: 1000.0)
        some: dict[str, Any] = {"batch": 8, "width": 4, "z": 4, "precision": "32", "out": folder}
        train(source, family="infogan", duration="160img", name="info", categories="3,2", continuous=1, **some)
        train(source, family="biggan", duration="64img", name="big", shared=4, standing=2, **some)
        train(source, family="robust", duration="64img", name="plain", **some)
    return folder


def test_a_sheet_has_a_row_per_latent_and_a_column_per_value(out: Path, tmp_path: Path) -> None:
    found = codes("info", out=out, to=tmp_path / "sheet.png")
    assert read_recipe(found.sheet)["shows"] == "k1, k2, c1"
    with Image.open(found.sheet) as picture:
        assert picture.height > picture.width
    assert found.n == 96  # too few to hold any out
    assert [score.name for score in found.errors] == ["code error k1", "code error k2"]
    assert set(found.classes) == {"k1", "k2"}
    assert {one.factor for one in found.meanings} == {"shade", "parity"}
    json.dumps(found.to_json())


def test_errors_are_those_of_the_best_names() -> None:
    labels = np.arange(90) % 3
    wrong = np.where(np.arange(90) < 9, (labels + 1) % 3, labels)
    (score,) = errors({"k1": (wrong + 2) % 3, "c1": np.zeros(90, np.float32)}, labels)
    assert score.value == pytest.approx(0.1)
    assert score.low is not None
    assert score.high is not None
    assert score.low < 0.1 < score.high
    assert named({"k1": (wrong + 2) % 3}, labels, ("a", "b", "c")) == {"k1": ["b", "c", "a"]}
    assert errors({"k1": wrong}, None) == []


def test_an_evaluation_tells_the_error_of_the_code(out: Path) -> None:
    found = evaluate("info", out=out, count=16, features=["pixels"])
    score = found.score("code error k1")
    assert score.value is not None
    assert 0 <= score.value <= 1


def test_blocks_are_stacked_on_white() -> None:
    whole = stacked([Image.new("L", (10, 5), 0), Image.new("L", (20, 5), 0)])
    assert whole.width == 20
    assert whole.getpixel((15, 0)) == 255
    assert whole.getpixel((0, whole.height - 1)) == 0


def test_codes_may_be_stated_by_value_or_by_name() -> None:
    known = Codes((3, 2), 1)
    assert coded(known, 2, "2", 0)[:, :3].tolist() == [[0, 0, 1]] * 2
    assert coded(known, 2, "k2=1, c1=-2", 0)[:, 3:].tolist() == [[0, 1, -2]] * 2
    assert torch.equal(coded(known, 5, "1", 3), coded(known, 5, "1", 3))
    assert coded(known, 1, "c1=0.5", 0)[0, 5] == 0.5
    for text, words in (("seven", "is no code"), ("k9=1", "no code 'k9'"), ("3", "no value 3"), ("k1=", "is no code")):
        with pytest.raises(UsageError, match=words):
            coded(known, 1, text, 0)


def test_samples_have_the_code_and_the_truncation_asked_for(out: Path, tmp_path: Path) -> None:
    told = np.load(sample("info", 6, code="k1=1,c1=2", seed=4, to=tmp_path / "a.npz", out=out))["images"]
    model = load("info", out=out)
    given = {"code": coded(Codes((3, 2), 1), 6, "k1=1,c1=2", 4)}
    assert np.array_equal(told, model.sample(6, 4, given))
    few, many = (
        np.load(sample("big", 32, label="1", truncation=limit, to=tmp_path / "b.npz", out=out))["images"].astype(float)
        for limit in (0.01, 3.0)
    )
    assert few.std(0).mean() < 0.8 * many.std(0).mean()


def test_a_curve_scores_each_truncation_beside_real_images(out: Path, tmp_path: Path) -> None:
    found = truncation("big", values=(2.0, 0.5, math.inf), count=32, to=tmp_path / "curve.png", out=out)
    assert [point.truncation for point in found.points] == [0.5, 2.0, math.inf]
    assert found.real.precision > max(point.precision for point in found.points) - 0.5
    assert found.n == 32
    assert read_recipe(found.sheet)["truncations"] == read_recipe(found.curve)["truncations"] == ["0.5", "2.0", "inf"]
    told = json.loads(json.dumps(found.to_json(), allow_nan=False))
    assert told["points"][2]["truncation"] is None


def test_runs_without_codes_or_truncation_are_refused(out: Path, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="has no codes"):
        codes("big", out=out, to=tmp_path / "x.png")
    with pytest.raises(UsageError, match="has no truncation"):
        truncation("plain", out=out, to=tmp_path / "x.png")
    with pytest.raises(UsageError, match="means nothing to this run"):
        sample("plain", 4, truncation=0.5, to=tmp_path / "x.png", out=out)
    with pytest.raises(UsageError, match="cannot be truncated at"):
        sample("big", 4, truncation=-1.0, to=tmp_path / "x.png", out=out)
    with pytest.raises(UsageError, match="cannot be written"):
        codes("info", out=out, to=tmp_path / "x.jpg")
    assert not (tmp_path / "x.png").exists()
