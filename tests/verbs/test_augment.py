"""Synthetic training images: the folder reads as data, the gain is measured on what nobody saw, misuse is refused."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image
from sklearn.datasets import load_digits
from typer.testing import CliRunner

import gansmith
from gansmith.cli.app import app
from gansmith.cli.augment import read_sizes
from gansmith.data.open import open_data
from gansmith.data.options import DataOptions
from gansmith.errors import GansmithError, UsageError
from gansmith.measure import classifier
from gansmith.runs.model import load
from gansmith.verbs import augment as verb
from gansmith.verbs import frames, plan, worth
from gansmith.verbs.augment import augment
from gansmith.verbs.suited import fitted
from gansmith.verbs.synthetic import folders_for
from gansmith.verbs.train import train

NAMES = ("zero/none", "one", "two")  # the first is no name for a folder
OPTIONS = DataOptions(holdout=0.4)


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Digits of three classes, the same without labels, and naive Bayes of both: it samples at once, and not badly."""
    out = tmp_path_factory.mktemp("desk")
    pixels, labels = load_digits(n_class=3, return_X_y=True)
    images = (pixels * 15.9375).astype(np.uint8).reshape(-1, 8, 8)
    np.savez(out / "digits.npz", images=images[:400], labels=labels[:400], class_names=np.array(NAMES))
    np.savez(out / "others.npz", images=images[300:], labels=labels[300:], class_names=np.array(NAMES))
    np.savez(out / "plain.npz", images=images[:400])
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(plan, "measure_speed", lambda *args, **kwargs: 1000.0)
        patch.setattr(frames, "FRAMES", 2)
        wish: dict[str, Any] = {"family": "naive-bayes", "duration": "400img", "out": out, "options": OPTIONS}
        train(out / "digits.npz", name="labelled", **wish)
        train(out / "plain.npz", name="unlabelled", **wish)
    return out


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(classifier, "SHOWN", (640, 640))


def test_what_is_written_reads_as_labelled_data(desk: Path, tmp_path: Path) -> None:
    to, sheet = tmp_path / "made", tmp_path / "sheet.png"
    wish: dict[str, Any] = {"per_class": 12, "sheet": sheet, "out": desk, "measure": False}
    found = gansmith.augment("labelled", desk / "digits.npz", to=to, **wish)
    assert found.complete and found.kept == 36 and found.measured is None and not found.stopped
    assert sorted(path.name for path in to.iterdir()) == ["metadata.json", "metadata.jsonl", "one", "two", "zero-none"]
    assert sorted(path.name for path in (to / "one").iterdir()) == [f"{n:06d}.png" for n in range(1, 13)]
    data = open_data(to, DataOptions(cache=False, holdout=0))
    assert data.spec.classes == tuple(sorted(NAMES)) and data.spec.shape == (1, 8, 8)
    assert data.labels is not None and np.bincount(data.labels).tolist() == [12, 12, 12]
    told = json.loads((to / "metadata.json").read_text())
    assert told["run"] == "001-labelled" and told["seed"] == 0 and told["confidence"] == 0.5 and told["kept"] == 36
    lines = [json.loads(line) for line in (to / "metadata.jsonl").read_text().splitlines()]
    assert len(lines) == 36 and all(line["confidence"] >= 0.5 and line["distance"] >= 1 for line in lines)
    with Image.open(to / lines[0]["file_name"]) as image:
        assert image.size == (8, 8) and image.mode == "L"
    with Image.open(sheet) as picture:
        assert picture.width > picture.height
    again = augment("labelled", desk / "digits.npz", to=tmp_path / "again", **{**wish, "sheet": None})
    assert again.classes == found.classes
    for path in to.rglob("*.png"):
        assert path.read_bytes() == (tmp_path / "again" / path.relative_to(to)).read_bytes()


def test_the_gain_is_measured_on_images_that_nobody_saw(desk: Path, tmp_path: Path) -> None:
    told: list[str] = []

    def watch(report: Mapping[str, Any]) -> None:
        told.append(report["progress"][0])

    wish: dict[str, Any] = {"per_class": 10, "sizes": (5, None), "repeats": 2, "out": desk, "watch": watch}
    found = augment("labelled", desk / "digits.npz", to=tmp_path / "x", **wish).measured
    model = load("labelled", out=desk)
    assert found is not None and found.complete and found.fair
    assert found.tested == 400 - model.spec.count and found.generator_saw == model.spec.count
    few, every = found.sizes
    assert (few.per_class, few.real, few.synthetic) == (5, 15, 15)
    assert (every.per_class, every.real, every.synthetic) == (None, model.spec.count, 30)
    assert [line.endswith(f"a gift: the generator saw {found.generator_saw:,}") for line in found.verdict()] == [
        True,
        False,
    ]
    assert told.count("measuring the gain (+ both)") == 4
    kept = json.loads((tmp_path / "x" / "metadata.json").read_text())
    assert kept["measured"]["sizes"][1]["accuracies"]["real"] == list(every.accuracies["real"])


def test_other_images_to_test_on_are_none_that_were_trained_on(desk: Path) -> None:
    """`others.npz` has 100 images of `digits.npz`, of which those trained on are left out, and 137 more."""

    def silent(what: str, done: int, total: int) -> None:
        pass

    matched = fitted(load("labelled", out=desk), desk / "digits.npz", silent)
    tests, notes = worth.tests_for(matched, desk / "others.npz", silent)
    assert tests is not None
    trained = {image.tobytes() for image in matched.train.values}
    with np.load(desk / "others.npz") as file:
        fresh = [image.tobytes() not in trained for image in file["images"]]
        assert tests.values[..., 0].tolist() == file["images"][fresh].tolist()
        assert tests.labels is not None and tests.labels.tolist() == file["labels"][fresh].tolist()
    assert notes == [f"{len(fresh) - sum(fresh)} of {len(fresh)} test images were trained on: left out"]
    assert matched.own and not matched.known.labels


def test_data_that_the_generator_knows_better_makes_its_gain_a_gift(desk: Path, tmp_path: Path) -> None:
    """Of a part of the data the run was trained on: nothing that it saw is tested on, and the last row is a gift."""
    with np.load(desk / "digits.npz") as file:
        np.savez(tmp_path / "part.npz", **{name: file[name][:240] for name in ("images", "labels")}, class_names=NAMES)
    wish: dict[str, Any] = {"per_class": 4, "sizes": (None,), "repeats": 2, "out": desk, "test": desk / "others.npz"}
    found = augment("labelled", tmp_path / "part.npz", to=tmp_path / "x", **wish)
    assert found.measured is not None and not found.measured.fair
    assert "a gift" in next(found.measured.verdict())


def test_what_a_run_without_classes_makes_is_named(desk: Path, tmp_path: Path) -> None:
    wish: dict[str, Any] = {"per_class": 5, "confidence": 0.0, "measure": False, "out": desk}
    found = augment("unlabelled", desk / "digits.npz", to=tmp_path / "named", **wish)
    assert any("told no classes" in note for note in found.notes)
    assert set(found.classes) == set(NAMES) and found.kept > 5
    plain = augment("unlabelled", desk / "plain.npz", to=tmp_path / "plain", **{**wish, "measure": True})
    assert sorted(path.name for path in (tmp_path / "plain").glob("*.png")) == [f"{n:06d}.png" for n in range(1, 6)]
    assert plain.accuracy is None and plain.measured is None and "two classes" in plain.notes[-1]


@pytest.mark.parametrize(
    ("run", "data", "wish", "words"),
    [
        ("labelled", "plain.npz", {}, "has no labels, and 001-labelled is told which class to make"),
        ("labelled", "ring", {}, "holds points"),
        ("labelled", "foreign.npz", {}, "knows no class 'onn'"),
        ("labelled", "digits.npz", {"test": "foreign.npz"}, "its labels are others"),
        ("labelled", "digits.npz", {"test": "plain.npz"}, "its labels are others"),
        ("labelled", "digits.npz", {"to": "taken"}, "is there already"),
        ("labelled", "digits.npz", {"per_class": 0}, "0 images of a class"),
        ("labelled", "digits.npz", {"confidence": 1.0}, "confidence of 1"),
        ("labelled", "digits.npz", {"ratio": float("nan")}, "cannot join each real one"),
        ("labelled", "digits.npz", {"sizes": ()}, "no such sizes"),
        ("labelled", "digits.npz", {"repeats": 1}, "1 repeats have no interval"),
        ("labelled", "digits.npz", {"tries": 0}, "0 tries"),
        ("labelled", "digits.npz", {"sheet": "x.jpg"}, "cannot be written as '.jpg'"),
        ("labelled", "digits.npz", {"confidence": 0.9999, "tries": 1, "per_class": 1}, "None of 3 images"),
    ],
)
def test_what_cannot_be_is_refused_in_words(
    desk: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, run: str, data: str, wish: dict[str, Any], words: str
) -> None:
    monkeypatch.chdir(tmp_path)
    with np.load(desk / "digits.npz") as file:
        np.savez("foreign.npz", images=file["images"][:60], labels=file["labels"][:60], class_names=["a", "onn", "two"])
    (tmp_path / "taken").mkdir()
    (tmp_path / "taken" / "mine.txt").write_text("mine")
    before = sorted(tmp_path.rglob("*"))
    source = data if data == "ring" or data.startswith("foreign") else desk / data
    wish = {name: desk / value if value == "plain.npz" else value for name, value in wish.items()}
    if "None of" in words:
        monkeypatch.setattr(verb, "filters_for", lambda *args: _near_to_all(*args))
    words = "knows no class 'a'" if data == "foreign.npz" else words
    with pytest.raises(GansmithError, match=words) as caught:
        augment(run, source, out=desk, **{"to": "made", **wish})
    assert caught.value.do or caught.value.why
    assert isinstance(caught.value, UsageError) == ("None of" not in words)
    assert sorted(tmp_path.rglob("*")) == before


def _near_to_all(*args: Any) -> Any:
    """Filters for which everything is a copy."""
    from dataclasses import replace

    from gansmith.verbs.filtering import filters_for

    return replace(filters_for(*args), same=1e9)


def test_folders_are_names_that_any_system_takes() -> None:
    assert folders_for(["a/b", "a-b", "A-B", "..", ".hidden", "con: x?", "고양이", "\n"]) == [
        *("a-b", "a-b-2", "A-B-3", "class", "hidden", "con- x-", "고양이", "-"),
    ]


def test_ctrl_c_keeps_what_there_is(desk: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A wish to stop in the middle of measuring: the folder stands, and so do the sizes that were finished."""
    import os
    import signal

    def watch(report: Mapping[str, Any]) -> None:
        what, done, _ = report["progress"]
        if what.startswith("measuring") and done == 9:
            os.kill(os.getpid(), signal.SIGINT)

    wish: dict[str, Any] = {"per_class": 4, "sizes": (3, 6), "repeats": 2, "out": desk, "watch": watch}
    found = augment("labelled", desk / "digits.npz", to=tmp_path / "x", **wish)
    assert found.stopped and found.measured is not None and not found.measured.complete
    assert [size.per_class for size in found.measured.sizes] == [3]
    assert json.loads((tmp_path / "x" / "metadata.json").read_text())["stopped"] is True


def test_the_command_says_what_it_found(desk: Path, tmp_path: Path) -> None:
    words = ["augment", "labelled", str(desk / "digits.npz"), "--per-class", "4", "--runs", str(desk)]
    more = ["--sizes", "3", "--repeats", "2", "--out", str(tmp_path / "a")]
    done = CliRunner().invoke(app, [*words, *more], catch_exceptions=False)
    assert done.exit_code == 0, done.output
    assert "12 images" in done.stdout and "zero/none" in done.stdout and "3 per class" in done.stdout
    assert "a gift" in done.stdout and "another label" in done.stdout and "+ both" in done.stdout
    more = ["--no-measure", "--json", "--out", str(tmp_path / "b")]
    told = json.loads(CliRunner().invoke(app, [*words, *more], catch_exceptions=False).stdout)
    assert told["classes"]["two"]["kept"] == 4 and told["measured"] is None
    gains = json.loads((tmp_path / "a" / "metadata.json").read_text())["measured"]["sizes"][0]["gains"]
    assert gains["synthetic"].keys() == {"points", "low", "high"}


def test_sizes_on_the_command_line() -> None:
    assert read_sizes("10, 100,all") == [10, 100, None]
    for text in ("", "10,", "ten", "-1", "1.5"):
        with pytest.raises(UsageError, match="no sizes"):
            read_sizes(text)
