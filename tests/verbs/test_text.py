"""A run on captions from folder to table: what is asked in words, what is refused, how faithful samples are."""

from __future__ import annotations

import warnings
from itertools import product
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

from gansmith.cli.app import app
from gansmith.data.open import open_data
from gansmith.data.options import DataOptions
from gansmith.errors import UsageError
from gansmith.measure import own, retrieval
from gansmith.runs.pictures import read_recipe
from gansmith.verbs import plan
from gansmith.verbs.conditions import given_for, unmet
from gansmith.verbs.evaluate import evaluate
from gansmith.verbs.faithful import NAMES, to_captions
from gansmith.verbs.sample import sample
from tests import games
from tests.data.making import write
from tests.verbs.runs import tiny

COLOURS = {"red": (220, 20, 20), "green": (20, 180, 20), "blue": (20, 20, 220), "white": (240, 240, 240)}
SPEC = games.spec("colour", "captions")


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run on 128 images, the upper half of one colour and the lower of another, each told in `name.txt`."""
    out = tmp_path_factory.mktemp("runs")
    chance = np.random.default_rng(0)
    for index, (upper, lower) in enumerate([*product(COLOURS, COLOURS)] * 8):
        image = np.empty((8, 8, 3), np.uint8)
        image[:4], image[4:] = COLOURS[upper], COLOURS[lower]
        noisy = (image + chance.integers(-15, 15, image.shape)).clip(0, 255).astype(np.uint8)
        write(out / "images" / f"{index}.png", noisy)
        (out / "images" / f"{index}.txt").write_text(f"{upper} above {lower}\n", encoding="utf-8")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(plan, "measure_speed", lambda *args, **kwargs: 1000.0)
        options = DataOptions(holdout=0.5)
        tiny(out, out / "images", family="cgan", duration="64img", name="halves", options=options, condition_size=8)
    return out


def test_each_text_gets_a_row_and_its_words_are_kept_in_the_picture(runs: Path, tmp_path: Path) -> None:
    texts = ["red above blue", "white"]
    path = sample("halves", 5, to=tmp_path / "grid.png", out=runs, text=texts)
    recipe = read_recipe(path)
    assert (recipe["text"], recipe["count"]) == (texts, 6)
    one, two = (np.load(sample("halves", 4, to=tmp_path / f"{n}.npz", out=runs, text=texts[n : n + 1])) for n in (0, 1))
    assert one["images"].shape == (4, 8, 8, 3)
    assert not np.array_equal(one["images"], two["images"])


def test_words_that_were_never_met_are_told_with_the_closest(runs: Path, tmp_path: Path) -> None:
    told: list[str] = []
    sample("halves", 2, to=tmp_path / "x.png", out=runs, text=["Reds above blue", "zzz"], warn=told.append)
    assert told == [
        "'reds' was in no caption of the training; closest: red.",
        "'zzz' was in no caption of the training; closest: nothing.",
    ]
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        sample("halves", 2, to=tmp_path / "x.png", out=runs, text=["green above green"])


def test_the_shell_tells_of_them_beside_the_path(runs: Path, tmp_path: Path) -> None:
    words = ["sample", str(runs / "001-halves"), "-n", "2", "--text", "bleu", "-o", str(tmp_path / "x.png")]
    said = CliRunner().invoke(app, words)
    assert said.exit_code == 0
    assert said.stdout.strip() == str(tmp_path / "x.png")
    assert "closest: blue" in said.stderr


@pytest.mark.parametrize(
    ("asked", "what"),
    [({"text": [" "]}, "says nothing"), ({"text": ["red"], "label": "one"}, "exclude each other")],
)
def test_what_cannot_be_asked_is_refused(asked: dict[str, object], what: str) -> None:
    with pytest.raises(UsageError, match=what):
        given_for(SPEC, 4, **asked)  # type: ignore[arg-type]


def test_text_means_nothing_to_a_run_without_captions() -> None:
    with pytest.raises(UsageError, match="no captions"):
        given_for(games.spec("colour", "labels"), 4, text=["red"])


def test_a_text_longer_than_any_caption_is_read_to_its_end() -> None:
    long = "a heart " * 10
    given = given_for(SPEC, 2, text=[long, "한 " * 200])["caption"].numpy()
    assert bytes(given[0]).rstrip(b"\0").decode() == long
    assert bytes(given[1]).decode().strip("\0 ").split() == ["한"] * 64


def test_of_a_list_of_words_that_was_cut_no_more_is_said_than_is_known() -> None:
    many = SPEC.changed(words=[f"w{n}" for n in range(5000)])
    assert list(unmet(many, ["w7 zzz"])) == [
        "'zzz' is none of the 5,000 commonest words of the training; closest: nothing."
    ]


def test_the_table_says_how_faithful_samples_are(runs: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Real halves are known by their captions; what a generator makes after a few steps is not."""
    monkeypatch.setattr(retrieval, "SHOWN", 3_000)
    monkeypatch.setattr(own, "SHOWN", 2 * own.BATCH)
    first, median = (evaluate("halves", out=runs, count=128, features=["random"]).score(name) for name in NAMES)
    assert first.value is not None and first.floor is not None and first.low is not None
    assert first.low <= first.value < 0.4 < 0.8 < first.floor
    assert median.value is not None and median.value > 2
    assert median.floor == 1


def test_too_few_captions_give_a_reason_and_no_number(runs: Path) -> None:
    dataset = open_data(str(runs / "images"), DataOptions(holdout=0.5))
    assert dataset.captions is not None
    rows = dataset.held[(dataset.captions[dataset.held] == dataset.captions[dataset.held[0]]).all(1)]
    scores = to_captions(dataset, dataset.values[rows], rows, 0, lambda what, done, total: None)
    assert [(score.name, score.value) for score in scores] == [(name, None) for name in NAMES]
    assert "1 different captions" in scores[0].why
