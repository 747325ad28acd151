"""Evaluations of runs and of plain folders: what they say of data whose truth is known, and what they refuse."""

from __future__ import annotations

import json
import sys
from dataclasses import replace
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image
from torch import Tensor, nn

from gansmith.data.options import DataOptions
from gansmith.data.synthetic import ring
from gansmith.errors import GansmithError, UsageError
from gansmith.measure import own
from gansmith.runs.folder import Run
from gansmith.runs.pictures import read_recipe
from gansmith.verbs import plan, scoring, spaces
from gansmith.verbs.evaluate import Evaluation, evaluate
from gansmith.verbs.sides import Samples, of_sources
from gansmith.verbs.spaces import Space
from tests.data.making import write
from tests.verbs.runs import tiny

SIZE = 12


@pytest.fixture(autouse=True)
def little_to_learn(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(own, "SHOWN", 12 * own.BATCH)


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Run:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(plan, "measure_speed", lambda *args, **kwargs: 1000.0)
        return tiny(tmp_path_factory.mktemp("runs"), "digits", name="digits")


def blob(random: np.random.Generator, wide: bool, size: int = SIZE) -> np.ndarray:
    """(size, size, 3) uint8: a soft spot anywhere; a wide one, or a narrow one."""
    down, across = np.mgrid[0 : 1 : size * 1j, 0 : 1 : size * 1j]
    y, x = random.uniform(0.2, 0.8, 2)
    spot = np.exp(-((down - y) ** 2 + (across - x) ** 2) / (0.05 if wide else 0.004) / random.uniform(0.8, 1.2))
    return (255 * spot[..., None] * random.uniform(0.5, 1, 3)).astype(np.uint8)


def spots(folder: Path, count: int, seed: int, size: int = SIZE, swapped: bool = False) -> Path:
    """A folder of pictures in the classes `wide` and `narrow`; swapped: in each other's folder."""
    random = np.random.default_rng(seed)
    for index in range(count):
        wide = index % 2 == 0
        write(folder / ("wide" if wide != swapped else "narrow") / f"{index}.png", blob(random, wide, size))
    return folder


@pytest.fixture(scope="module")
def real(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return spots(tmp_path_factory.mktemp("real"), 600, 0)


def test_a_run_is_measured_and_keeps_what_was_found(run: Run) -> None:
    told: list[Any] = []
    found = evaluate(run.path, count=128, watch=told.append)
    checkpoint = found.files[0].stem
    assert checkpoint in {path.name for path in run.checkpoints.iterdir()}
    assert found.name == f"{run.path.name}, checkpoint {checkpoint}"
    assert found.kind == "images" and found.count == 128
    written = json.loads((run.path / "evaluations" / f"{checkpoint}.json").read_text("utf-8"))
    assert written["scores"] == found.to_json()["scores"]
    labels = [score["label"] for score in written["scores"]]
    assert "KID@random-vgg,128" in labels
    assert any(label.startswith("KID@own-") for label in labels)
    assert not any("FID" in label for label in labels)
    assert found.score("coverage", "own").floor == pytest.approx(0.97, abs=0.05)
    assert found.score("1-NN accuracy", "random").value == pytest.approx(1, abs=0.1)  # trained for a second
    closest = run.path / "evaluations" / f"{checkpoint}-closest.png"
    assert closest in found.files
    assert read_recipe(closest)["evaluated"] == found.name
    with Image.open(closest) as picture:
        assert picture.width > 4 * picture.height  # ten pairs, one above the other
    assert {what for what, *_ in (report["progress"] for report in told)} >= {
        "drawing samples",
        "learning features of the real images",
    }


def test_figures_are_the_same_every_time_and_features_are_learnt_once(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = evaluate(run.path, count=64, to=tmp_path)
    assert {path.parent for path in first.files} == {tmp_path}
    monkeypatch.setattr(own, "learn", None)  # they are kept
    assert evaluate(run.path, count=64, to=tmp_path).scores == first.scores
    assert (
        evaluate(run.path, count=64, to=tmp_path, seed=1, features=["random"]).scores
        != first.scores[: len(first.scores)]
    )


def test_another_checkpoint_is_measured_when_asked(run: Run, tmp_path: Path) -> None:
    first = evaluate(run.path, count=64, which="000000000", features=["random"], to=tmp_path)
    assert first.name.endswith("checkpoint 000000000")


def test_real_pictures_are_as_good_as_real_ones(real: Path, tmp_path: Path) -> None:
    found = evaluate(real, spots(tmp_path / "more", 200, 1), count=200)
    assert found.files == ()
    assert found.count == 200
    for features in ("random", "own"):
        assert found.score("coverage", features).value == pytest.approx(0.97, abs=0.05)
        assert found.score("1-NN accuracy", features).value == pytest.approx(0.5, abs=0.1)
        assert found.score("memorisation", features).value == pytest.approx(1, abs=0.2)
    assert found.score("CAS", "own").value == pytest.approx(1, abs=0.05)
    assert found.score("1-NN TSTR", "random").value == pytest.approx(1, abs=0.05)
    assert found.score("faithfulness", "own").value == pytest.approx(1, abs=0.05)
    assert set(found.classes) == {"wide", "narrow"}
    assert found.classes["wide"]["coverage"] > 0.8
    assert found.score("FD", "random").why  # 224 features need more than 200 samples


def test_what_is_missing_is_named(real: Path, tmp_path: Path) -> None:
    random = np.random.default_rng(3)
    for index in range(200):
        write(tmp_path / "fakes" / f"{index}.png", blob(random, wide=True))
    found = evaluate(real, tmp_path / "fakes", count=200, to=tmp_path / "out", features=["random"])
    assert found.missing > 0.3 > found.missing_floor
    assert next(iter(found.missing_classes)) == "narrow"
    assert found.missing_classes["narrow"] > 0.6
    assert found.missing_classes.get("wide", 0) < 0.2
    assert {path.name for path in found.files} == {"evaluation.json", "missing.png", "closest.png"}
    assert found.score("coverage").value == pytest.approx(0.5, abs=0.1)
    assert not found.classes


def test_samples_in_the_wrong_class_show(real: Path, tmp_path: Path) -> None:
    found = evaluate(real, spots(tmp_path, 200, 1, swapped=True), count=200)
    for name in ("faithfulness", "CAS", "1-NN TSTR"):
        score = found.score(name, "own")
        assert score.value is not None and score.value < 0.1 and score.floor == pytest.approx(1, abs=0.05)


def test_both_sides_are_brought_to_the_smaller_size(real: Path, tmp_path: Path) -> None:
    sides = _sides(real, spots(tmp_path / "small", 150, 1, size=8))
    assert sides.spec.shape == (3, 8, 8) and sides.fake.values.shape[1:] == (8, 8, 3)
    sides = _sides(real, spots(tmp_path / "large", 150, 1, size=24))
    assert sides.spec.shape == (3, SIZE, SIZE) and sides.fake.values.shape[1:] == (SIZE, SIZE, 3)
    sides = _sides(real, tmp_path / "large", DataOptions(size=(16, 20), channels=1))
    assert sides.spec.shape == (1, 16, 20) and sides.fake.values.shape[1:] == (16, 20, 1)


def _sides(real: Path, fake: Path, options: DataOptions | None = None) -> Any:
    return of_sources(
        str(real), str(fake), count=100, options=options or DataOptions(), seed=0, progress=lambda *state: None
    )


def test_copies_are_noticed(real: Path, tmp_path: Path) -> None:
    sides = _sides(real, spots(tmp_path, 100, 1))
    copied = replace(sides, fake=Samples(sides.train.values[:100]))
    (space,) = spaces.spaces(["random"], copied, 0, lambda *state: None)
    scores = {score.name: score.value for score in scoring.in_space(space, 0)}
    assert scores["memorisation"] == pytest.approx(0, abs=1e-3)
    pairs = scoring.closest(space)
    assert len(pairs) == 10
    assert all(pair.fake == pair.train and pair.distance < 1e-3 for pair in pairs)


def test_points_with_known_modes_stand_beside_the_perfect_sampler(tmp_path: Path) -> None:
    def table(name: str, points: np.ndarray) -> Path:
        path = tmp_path / name
        path.write_text("x,y\n" + "".join(f"{x:.6f},{y:.6f}\n" for x, y in points))
        return path

    true = ring(count=1000, seed=5)
    found = evaluate("ring", table("good.csv", true), count=1000)
    assert found.kind == "points"
    assert (found.score("modes of 8").value, found.score("modes of 8").floor) == (8, 8)
    assert found.score("high quality").value == pytest.approx(1 - np.exp(-4.5), abs=0.01)
    assert found.score("high quality").floor == pytest.approx(1 - np.exp(-4.5), abs=1e-9)
    assert found.score("reverse KL").value == pytest.approx(7 / 2000, abs=0.004)
    assert found.score("coverage", "values").value == pytest.approx(0.97, abs=0.03)
    assert found.score("1-NN accuracy", "values").value == pytest.approx(0.5, abs=0.04)
    one = true[np.linalg.norm(true - [1, 0], axis=1) < 0.1]
    collapsed = evaluate("ring", table("one.csv", one), count=300)
    assert collapsed.score("modes of 8").value == 1
    assert collapsed.score("reverse KL").value == pytest.approx(np.log(8))
    assert (collapsed.score("marginals").value or 0) > 5 * (collapsed.score("marginals").floor or 1)


def test_tables_are_compared_by_column_in_any_order(tmp_path: Path) -> None:
    random = np.random.default_rng(0)

    def people(count: int, slope: float) -> np.ndarray:
        height = random.normal(170, 10, count)
        return np.stack([height, slope * (height - 170) + random.normal(70, 5, count)], axis=1)

    def table(name: str, head: str, rows: np.ndarray) -> Path:
        path = tmp_path / name
        path.write_text(f"{head}\n" + "".join(",".join(f"{cell:.2f}" for cell in row) + "\n" for row in rows))
        return path

    real = table("real.csv", "height,weight", people(2000, 1))
    good = evaluate(real, table("good.csv", "weight,height", people(800, 1)[:, ::-1]), count=800)
    bad = evaluate(real, table("bad.csv", "height,weight", people(800, 0)), count=800)
    for name in ("marginals", "marginal of weight", "correlations"):
        assert (good.score(name).high or 0) > (good.score(name).floor or 0)
    assert bad.score("correlations").value == pytest.approx(2 / 5**0.5, abs=0.1)  # slope 1: 10 / sqrt(10^2 + 5^2)
    assert (bad.score("marginal of height").value or 1) < 0.15 < (bad.score("marginal of weight").value or 0)
    with pytest.raises(UsageError, match="other names"):
        evaluate(real, table("other.csv", "height,age", people(100, 1)))
    with pytest.raises(UsageError, match="1 columns"):
        evaluate(real, table("one.csv", "height", people(100, 1)[:, :1]))


def test_too_few_samples_say_so(real: Path, tmp_path: Path) -> None:
    found = evaluate(real, spots(tmp_path, 20, 1), count=20, features=["random"])
    assert all(score.value is None and "too few" in score.why for score in found.scores if score.name == "KID")
    assert found.score("CAS").value is None


class Colours(nn.Module):
    """The mean of each channel."""

    def forward(self, images: Tensor) -> Tensor:
        return images.mean((2, 3))


class Broken(nn.Module):
    def forward(self, images: Tensor) -> Tensor:
        raise RuntimeError("no such luck")


class Flat(nn.Module):
    def forward(self, images: Tensor) -> Tensor:
        return images.mean((1, 2, 3))


def test_a_module_of_the_users_gives_features(real: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    mine = ModuleType("mine")
    mine.__dict__.update(Colours=Colours, made=Colours(), Broken=Broken, Flat=Flat, number=3)
    monkeypatch.setitem(sys.modules, "mine", mine)
    fakes = spots(tmp_path, 100, 1)
    for name in ("mine:Colours", "mine:made"):
        assert evaluate(real, fakes, count=100, features=[name]).score("KID").label == f"KID@{name},100"
    for name, words in (("mine:Broken", "no such luck"), ("mine:Flat", r"\(N, d\)"), ("mine:number", "callable")):
        with pytest.raises(GansmithError, match=words):
            evaluate(real, fakes, count=100, features=[name])
    with pytest.raises(UsageError, match="absent_module"):
        evaluate(real, fakes, count=100, features=["absent_module:x"])


def test_only_inception_features_are_called_fid() -> None:
    random = torch.Generator().manual_seed(0)
    sets = [torch.randn(100, 3, generator=random) for _ in range(5)]
    names = {score.name for score in scoring.in_space(Space("inception", *sets), 0)}
    assert "FID" in names and "FD" not in names
    assert "FID" not in {score.name for score in scoring.in_space(Space("mine:inception", *sets), 0)}


@pytest.mark.parametrize("failure", [ImportError("No module named 'torch_fidelity'"), RuntimeError("nms is absent")])
def test_inception_that_is_not_there_says_how_to_get_it(
    failure: Exception, real: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Failing:
        def find_spec(self, name: str, *_: object) -> None:
            if name.startswith("torch_fidelity"):
                raise failure

    monkeypatch.setattr(sys, "meta_path", [Failing(), *sys.meta_path])
    monkeypatch.delitem(sys.modules, "torch_fidelity", raising=False)
    with pytest.raises(GansmithError, match="torch-fidelity") as refused:
        evaluate(real, spots(tmp_path, 50, 1), features=["inception"])
    assert "pip install gansmith[fid]" in str(refused.value)


def test_a_folder_of_features_that_cannot_be_used_says_why(real: Path, tmp_path: Path) -> None:
    folder = tmp_path / "dino"
    folder.mkdir()
    with pytest.raises(UsageError, match=r"config\.json"):
        evaluate(real, spots(tmp_path / "fakes", 50, 1), features=[str(folder)])
    (folder / "config.json").write_text('{"architecture": "no_such_net"}')
    (folder / "model.safetensors").write_bytes(b"")
    with pytest.raises(GansmithError, match=r"timm|cannot be used"):
        evaluate(real, tmp_path / "fakes", features=[str(folder)])


def test_impossible_wishes(real: Path, run: Run, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="Did you mean 'random'"):
        evaluate(real, real, features=["randm"])
    for count in (0, 15, 1_000_000):
        with pytest.raises(UsageError, match="cannot be evaluated"):
            evaluate(run.path, count=count)
    with pytest.raises(UsageError, match="cannot be compared"):
        evaluate(real, "ring")
    with pytest.raises(UsageError):
        evaluate(real, tmp_path / "absent")
    file = tmp_path / "file"
    file.write_text("")
    with pytest.raises(GansmithError, match="Cannot write"):
        evaluate(run.path, count=32, features=["random"], to=file / "deeper")


def test_data_that_has_changed_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(plan, "measure_speed", lambda *args, **kwargs: 1000.0)
    data = spots(tmp_path / "data", 40, 0)
    run = tiny(tmp_path, data, duration="64img", name="spots")
    assert isinstance(evaluate(run.path, count=16, features=["random"]), Evaluation)
    spots(data, 44, 1)
    with pytest.raises(GansmithError, match="not what it was trained on"):
        evaluate(run.path, count=16)
