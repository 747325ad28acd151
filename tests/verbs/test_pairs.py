"""Translations beside the right answers: figures whose value is known, and rivals that are what they are called."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from gansmith.cli.evaluate import notes, rivalry
from gansmith.data.options import DataOptions
from gansmith.data.spec import DataSpec
from gansmith.errors import UsageError
from gansmith.measure import own
from gansmith.measure.features import PIXELS
from gansmith.runs.folder import Run
from gansmith.runs.model import load
from gansmith.runs.pictures import to_uint8
from gansmith.verbs import plan
from gansmith.verbs.evaluate import evaluate
from gansmith.verbs.pairs import compare, rows_of
from gansmith.verbs.sides import Samples, Sides, in_float32, of_run
from gansmith.verbs.spaces import RANDOM
from gansmith.verbs.train import train
from tests.data.making import noise, smooth, write

COUNT, SIDE = 24, 16


@pytest.fixture(autouse=True)
def little_to_learn(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(own, "SHOWN", 12 * own.BATCH)


def pictures(seed: int, count: int = COUNT) -> np.ndarray:
    return np.stack([smooth(SIDE, SIDE, seed + number) for number in range(count)])


def sides(fake: np.ndarray, truth: np.ndarray | None = None) -> Sides:
    """Negatives are to be turned round: `fake` against the right answers."""
    truth, train_ = pictures(0) if truth is None else truth, Samples(pictures(1000))
    spec = DataSpec(kind="images", shape=(3, SIDE, SIDE), count=COUNT, pairing="paired", fingerprint="")
    given = {"source": torch.from_numpy((255 - truth) / np.float32(127.5) - 1).permute(0, 3, 1, 2)}
    some = Samples(truth)
    return Sides(
        "mine, checkpoint 7", spec, some, train_, train_, train_, some, Samples(fake), "", given=given, truth=some
    )


def quiet(what: str, done: int, total: int) -> None:
    pass


def test_every_rival_gets_the_figures_of_its_answers() -> None:
    truth = pictures(0)
    found = {rival.name: rival for rival in compare(sides(truth // 2), [RANDOM, PIXELS], 0, None, quiet)}
    assert list(found) == ["mine", "the source itself", "the mean target", "another target"]
    answers = {
        "mine": truth // 2,
        "the source itself": 255 - truth,
        "the mean target": np.rint(pictures(1000).mean(0, keepdims=True)).repeat(COUNT, 0),
        "another target": np.roll(truth, 1, 0),
    }
    for name, answer in answers.items():
        off = np.abs(answer.astype(float) - truth) / 127.5
        assert found[name].score("L1").value == pytest.approx(off.mean(), abs=1e-4)
        squared = (off**2).mean(axis=(1, 2, 3))
        assert found[name].score("PSNR").value == pytest.approx((10 * np.log10(4 / squared)).mean(), abs=1e-3)
    for features in ("random-vgg", "pixels"):
        assert found["another target"].score("feature distance", features).value == pytest.approx(1)
        assert found["mine"].score("feature distance", features).n == COUNT
    with pytest.raises(KeyError):
        found["mine"].score("feature distance", "inception")


def test_the_right_answers_are_at_no_distance() -> None:
    mine = compare(sides(pictures(0)), [RANDOM], 0, None, quiet)[0]
    values = [mine.score(name).value for name in ("L1", "feature distance", "SSIM")]
    assert values == pytest.approx([0, 0, 1])
    assert mine.score("PSNR").value == float("inf")
    json.dumps([score.to_json() for score in mine.scores], allow_nan=False)


def test_features_forgive_what_l1_does_not() -> None:
    """Grain in other places: grey is nearer to it by L1, and far from it by the features of texture."""
    truth = noise(COUNT, SIDE, SIDE, 3)
    mine, _, mean, _ = compare(sides(np.roll(truth, 1, 2), truth), [RANDOM], 0, None, quiet)
    assert (mine.score("L1").value or 0) > (mean.score("L1").value or 9)
    assert 10 * (mine.score("feature distance").value or 9) < (mean.score("feature distance").value or 0)


def test_rows_of_the_picture() -> None:
    shown = rows_of(sides(pictures(50)), 5)
    assert shown.shape == (15, SIDE, SIDE, 3)
    assert np.array_equal(shown[5:10], pictures(50)[:5])
    assert np.array_equal(shown[10:], pictures(0)[:5])
    assert np.array_equal(shown[:5], to_uint8(sides(pictures(50)).given["source"])[:5])


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run on pairs."""
    home = tmp_path_factory.mktemp("pairs")
    for number in range(64):
        write(home / "data" / "A" / f"{number}.png", 255 - noise(SIDE, SIDE, 3, seed=number))
        write(home / "data" / "B" / f"{number}.png", noise(SIDE, SIDE, 3, seed=number))
    small: dict[str, Any] = {"family": "pix2pix", "width": 4, "batch": 8, "duration": "16img", "precision": "32"}
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(plan, "measure_speed", lambda *args, **kwargs: 1000.0)
        options = DataOptions.read({"layout": "paired"})
        train(home / "data", name="alone", out=home, options=options, adversarial=0, **small)
    return home


def test_a_run_is_compared_with_another(runs: Path) -> None:
    """With itself: the same sources are asked, and get the same answers."""
    found = evaluate("alone", features=[RANDOM], out=runs)
    assert found.rivals[0].score("L1").n == 64
    assert found.pairs == "64 pairs of the training"  # too few to hold any out
    assert any("adversarial=0" in line for line in notes(found))
    sides_, _ = of_run(Run.find("alone", runs), count=64, seed=0, which="last", device="cpu", progress=quiet)
    mine, other, *_ = compare(sides_, [RANDOM], 0, in_float32(load("alone", out=runs)), quiet)
    assert mine == other
    (picture,) = (path for path in found.files if path.name.endswith("pairs.png"))
    assert picture.exists()
    kept = json.loads(found.files[0].read_text())
    assert kept["rivals"][0]["name"] == "001-alone"
    assert kept["rivals"][0]["scores"][0]["label"] == "L1@64"
    assert len(rivalry(found.rivals).rows) == 4


def test_rivals_must_have_learnt_the_same(runs: Path) -> None:
    with pytest.raises(UsageError, match="not trained on the same pairs"):
        compare(sides(pictures(0)), [], 0, load("alone", out=runs), quiet)
    with pytest.raises(UsageError, match="Only translations"):
        evaluate(runs / "data" / "A", runs / "data" / "B", against="alone", count=16, features=[RANDOM], out=runs)
