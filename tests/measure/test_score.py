"""A score says what it rests on, and never goes without a number and a reason."""

from __future__ import annotations

import json
import math

import pytest

from gansmith.measure.score import Score


def test_the_label_names_features_and_samples() -> None:
    assert Score("KID", 0.1, 512, "random-vgg").label == "KID@random-vgg,512"
    assert Score("SWD", 0.1, 64).label == "SWD@64"


def test_no_number_needs_a_reason() -> None:
    with pytest.raises(ValueError, match="no reason"):
        Score("KID", None, 3)
    assert Score("KID", None, 3, why="3 samples are too few").value is None


def test_json_holds_everything_and_nothing_that_json_cannot_say() -> None:
    score = Score("KID", 0.25, 512, "pixels", low=0.1, high=math.inf, floor=math.nan)
    found = json.loads(json.dumps(score.to_json(), allow_nan=False))
    assert found == {
        "label": "KID@pixels,512",
        "name": "KID",
        "value": 0.25,
        "n": 512,
        "features": "pixels",
        "low": 0.1,
        "high": None,
        "floor": None,
        "better": "low",
        "why": "",
    }
