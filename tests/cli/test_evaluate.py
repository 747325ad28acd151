"""`gansmith evaluate` as it is typed: the table, JSON, pictures, and how it refuses."""

from __future__ import annotations

import json
import math
import sys
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

from gansmith.cli import main
from gansmith.cli.app import app
from gansmith.cli.evaluate import notes, plain, reading
from gansmith.measure import own
from gansmith.measure.neighbours import Pair
from gansmith.measure.score import Score
from gansmith.verbs.evaluate import Evaluation
from tests.data.making import write


@pytest.fixture
def desk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """`real/` with 200 pictures and `fakes/` with 100 like them."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(own, "SHOWN", 4 * own.BATCH)
    random = np.random.default_rng(0)
    for index in range(300):
        folder = "real" if index < 200 else "fakes"
        shade = random.integers(0, 256, (1, 1, 3))
        write(tmp_path / folder / f"{index}.png", (shade // 2 + random.integers(0, 128, (10, 10, 3))).astype(np.uint8))
    return tmp_path


def ask(*words: str) -> str:
    done = CliRunner().invoke(app, ["evaluate", *words], catch_exceptions=False)
    assert done.exit_code == 0, done.output
    return done.stdout


def test_two_folders_make_a_table(desk: Path) -> None:
    said = ask("real", "fakes", "-n", "100", "--out", "found")
    assert "100 generated samples of seed 0 against 67 real images" in said
    (row,) = [line for line in said.splitlines() if line.startswith("coverage@random-vgg,66")]
    assert row.split()[-2:] == ["like", "real"]
    assert ".." in row and "↑" in row
    assert "KID@own-" in said
    assert "no number for FD@random-vgg,66" in said
    assert "FID" not in said
    assert "…" not in said  # nothing is cut off
    for name in ("evaluation.json", "closest.png"):
        assert (desk / "found" / name).exists() and f"found/{name}" in said


def test_json_is_nothing_but_json(desk: Path) -> None:
    said = json.loads(ask("real", "fakes", "-n", "100", "--features", "random,pixels", "--json"))
    assert {score["features"] for score in said["scores"]} == {"", "random-vgg", "pixels"}
    assert {"label", "value", "n", "low", "high", "floor", "better", "why"} <= set(said["scores"][0])
    assert sorted(path.name for path in desk.iterdir()) == ["fakes", "real"]


@pytest.mark.parametrize(
    ("words", "code", "told"),
    [
        (["real", "fakes", "--features", "randm"], 2, "Did you mean 'random'?"),
        (["real", "fakes", "-n", "3"], 2, "-n between"),
        (["real", "ring"], 2, "cannot be compared"),
        (["nowhere"], 2, "there is no run 'nowhere'"),
        (["real", "fakes", "--size", "huge"], 2, "is not an image size"),
    ],
)
def test_refusals(
    words: list[str],
    code: int,
    told: str,
    desk: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setattr(sys, "argv", ["gansmith", "evaluate", *words])
    with pytest.raises(SystemExit) as end:
        main()
    assert end.value.code == code
    assert told in capsys.readouterr().err


@pytest.mark.parametrize(
    ("score", "word"),
    [
        (Score("coverage", 0.95, 100, floor=0.97, better="high"), "like real"),
        (Score("coverage", 0.8, 100, floor=0.97, better="high"), "good"),
        (Score("coverage", 0.1, 100, floor=0.97, better="high"), "poor"),
        (Score("1-NN accuracy", 0.52, 100, better="near 0.5"), "like real"),
        (Score("1-NN accuracy", 0.97, 100, better="near 0.5"), "told apart"),
        (Score("KID", 0.1, 100, low=-0.1, high=0.3, floor=0.0), "like real"),
        (Score("KID", 0.5, 100, low=0.3, high=0.7, floor=0.0), "differs"),
        (Score("memorisation", 0.2, 100, floor=1.0, better="near 1"), "copied"),
        (Score("memorisation", 1.4, 100, floor=1.0, better="near 1"), "fresh"),
        (Score("copying z", -9.0, 100, better="above -3"), "too close"),
        (Score("checkerboard", 9.0, 100, floor=0.1, better="near 0"), "visible"),
        (Score("checkerboard", 0.5, 100, floor=0.1, better="near 0"), "none"),
        (Score("distinct samples", 50.0, 100, low=40, high=70, floor=9000, better="high"), "differs"),
        (Score("distinct samples", 9500.0, 100, low=8000, high=math.inf, floor=9000, better="high"), "like real"),
        (Score("KID", None, 3, why="too few"), ""),
    ],
)
def test_a_word_on_reading(score: Score, word: str) -> None:
    assert reading(score) == word


def test_figures_are_short() -> None:
    texts = [plain(value) for value in (None, math.nan, 0.0, 0.01234, 0.1234, 8.0, 1.2345, 12.345, 12345.6, math.inf)]
    assert texts == ["", "", "0.0000", "0.0123", "0.123", "8", "1.234", "12.3", "12,346", "inf"]


def test_what_the_table_leaves_out_is_said() -> None:
    found = Evaluation(
        name="fakes",
        kind="images",
        real="real",
        count=100,
        seed=0,
        scores=(
            Score("KID", None, 9, "pixels", why="too few"),
            Score("FD", None, 9, "pixels", why="too few"),
            Score("CAS", 0.7, 500, "own", floor=0.725, better="high"),
            Score("faithfulness", 0.76, 500, "own", floor=0.8, better="near the floor"),
        ),
        classes={"cats": {"KID": math.nan, "coverage": 0.5}},
        missing=0.25,
        missing_floor=0.03,
        missing_classes={"cats": 0.5, "dogs": 0.1},
        closest=(Pair(0, 1, 0.5),),
        files=(Path("out/x.json"),),
        seconds=3.2,
    )
    assert list(notes(found)) == [
        "no number for KID@pixels,9, FD@pixels,9: too few",
        "made too rarely: 25.0% of real samples, by chance 3.0% (most: 50% of cats, 10% of dogs)",
        "CAS gap: 2.5 points (CAS@own,500)",
        "faithfulness: 95.0% of real's (faithfulness@own,500)",
        "class cats: KID too few, coverage 0.500",
        "took 3 s",
        "out/x.json",
    ]
