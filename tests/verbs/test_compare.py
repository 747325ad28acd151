"""A comparison from end to end, small: equal budgets, honest scores, and the same command goes on."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from gansmith.data.open import open_data
from gansmith.errors import UsageError
from gansmith.measure.score import Score
from gansmith.verbs.classical import gaussian, mixture
from gansmith.verbs.compare import compare, summary


def test_all_are_scored_alike_and_nothing_is_trained_twice(tmp_path: Path) -> None:
    wishes = {"families": ["naive-bayes", "mixture"], "duration": "2kimg", "count": 100, "out": tmp_path}
    found = compare("digits", **wishes)  # type: ignore[arg-type]
    assert {one.name for one in found.candidates} == {"naive-bayes", "mixture"}
    kids = [one.figures["KID"].value for one in found.candidates]
    assert kids == sorted(kids)
    assert {one.figures["coverage"].floor for one in found.candidates} == {found.floor["coverage"]}
    told = json.loads((tmp_path / "compare-digits" / "comparison.json").read_text())
    assert [one["name"] for one in told["candidates"]] == [one.name for one in found.candidates]
    page = found.report.read_text()
    assert page.count("data:image/webp") == 2 and "naive-bayes" in page and "20 normal distributions" in page
    assert max(one.images for one in found.candidates) < 1800  # of 2 thousand: counting twice teaches nothing
    (run,) = (tmp_path / "compare-digits").glob("*-naive-bayes-0")
    before = (run / "status.json").stat().st_mtime_ns
    compare("digits", **wishes)  # type: ignore[arg-type]
    assert (run / "status.json").stat().st_mtime_ns == before
    with pytest.raises(UsageError, match="same budget"):
        compare("digits", **{**wishes, "duration": "3kimg"})  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("wishes", "words"),
    [
        ({"families": ["robsut"]}, "robust"),
        ({"families": ["pix2pix"]}, "translates"),
        ({"families": []}, "nothing to compare"),
        ({"seeds": 0}, "seeds"),
        ({"count": 3}, "samples"),
        ({"duration": "soon"}, "soon"),
    ],
)
def test_impossible_wishes_are_refused_before_anything_is_trained(
    wishes: dict[str, object], words: str, tmp_path: Path
) -> None:
    with pytest.raises(UsageError) as caught:
        compare("digits", out=tmp_path, **wishes)  # type: ignore[arg-type]
    assert words in str(caught.value)
    assert list(tmp_path.iterdir()) == []


def test_points_are_refused(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="Only images"):
        compare("ring", out=tmp_path)


def test_several_seeds_give_their_mean_and_extremes_one_its_interval() -> None:
    scores = [{"KID": Score("KID", value, 9, low=0.0, high=9.0, floor=0.5)} for value in (1.0, 2.0, 6.0)]
    several, one = summary(scores)["KID"], summary(scores[:1])["KID"]
    assert (several.value, several.low, several.high, several.floor) == (3, 1, 6, 0.5)
    assert (one.value, one.low, one.high) == (1, 0, 9)
    assert summary([*scores, {"KID": Score("KID", None, 9, why="too few")}]) == {}


def test_classical_samples_have_the_datas_mean_and_a_mixture_its_kinds() -> None:
    dataset = open_data("digits")
    real = dataset.values[dataset.train].astype(np.float64)
    for make in (gaussian, mixture):
        made = make(dataset, 2000, 0)
        assert made.dtype == np.uint8 and made.shape == (2000, 8, 8, 1)
        assert np.abs(made.mean(0) - real.mean(0)).mean() < 6  # of 255; clipping moves it a little
    again = mixture(dataset, 50, 0)
    assert np.array_equal(again, mixture(dataset, 50, 0))
