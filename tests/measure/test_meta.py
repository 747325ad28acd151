"""The scores themselves are measured: on real pictures, spoilt in known ways, each must move the way it should.

In both kinds of features that are always there: the fixed random network's, and those learnt from the pictures.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Tensor
from torch.nn.functional import avg_pool2d

from gansmith.measure import own
from gansmith.measure.features import Features, built_in
from gansmith.measure.score import Score
from gansmith.measure.table import measure
from tests.measure.clouds import Fashion, fashion

N = 800
TRAIN, HELD, FRESH = slice(0, 2000), slice(2000, 2000 + N), slice(3000, 6000)


@pytest.fixture(scope="module")
def data(shared_data: Path) -> Fashion:
    return fashion(shared_data)


class Judge:
    """The scores of any pictures in one kind of features, against the same held-out pictures."""

    def __init__(self, features: Features, data: Fashion) -> None:
        self.features = features
        self.train, self.held = features(data.images[TRAIN]), features(data.images[HELD])

    def __call__(self, fakes: Tensor) -> dict[str, Score]:
        scores = measure(self.held, self.train, self.features(fakes), self.features.name, replicates=10)
        return {score.name: score for score in scores}


@pytest.fixture(scope="module", params=["random", "own", "own without labels"])
def judge(request: pytest.FixtureRequest, data: Fashion) -> Judge:
    train = data.images[TRAIN]
    if request.param == "random":
        return Judge(built_in(train), data)
    labels = data.labels.numpy() if request.param == "own" else None
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(own, "SHOWN", 6_000)  # three seconds
        return Judge(own.learn(lambda rows: train[torch.from_numpy(rows)], np.arange(len(train)), labels), data)


@pytest.fixture(scope="module")
def fresh(judge: Judge, data: Fashion) -> dict[str, float]:
    """Other real pictures in the fakes' place."""
    return values(judge(data.images[FRESH][:N]))


def values(scores: dict[str, Score]) -> dict[str, float]:
    return {name: score.value for name, score in scores.items() if score.value is not None}


def blurred(images: Tensor, strength: float) -> Tensor:
    return (1 - strength) * images + strength * avg_pool2d(images, 3, stride=1, padding=1, count_include_pad=False)


def noisy(images: Tensor, strength: float) -> Tensor:
    noise = torch.randn(images.shape, generator=torch.Generator().manual_seed(0))
    return (images + strength * noise).clamp(-1, 1)


def test_real_pictures_are_like_real_ones(judge: Judge, data: Fashion) -> None:
    scores = judge(data.images[FRESH][:N])
    for name in ("KID", "FD", "NDB", "1-NN accuracy", "coverage", "precision", "recall"):
        score = scores[name]
        assert score.value is not None and score.low is not None and score.high is not None and score.floor is not None
        slack = (score.high - score.low) / 2  # both the figure and its floor move by chance
        assert score.low - slack <= score.floor <= score.high + slack, name
    found = values(scores)
    assert found["coverage"] == pytest.approx(1 - 2**-5, abs=0.025)
    assert found["1-NN accuracy"] == pytest.approx(0.5, abs=0.05)
    assert found["memorisation"] == pytest.approx(1, abs=0.1)
    assert abs(found["copying z"]) < 3


@pytest.mark.parametrize("spoil", [blurred, noisy])
def test_the_more_is_spoilt_the_worse_it_is(
    judge: Judge, data: Fashion, fresh: dict[str, float], spoil: Callable[[Tensor, float], Tensor]
) -> None:
    images = data.images[FRESH][:N]
    little, much = (values(judge(spoil(images, strength))) for strength in (0.3, 0.9))
    for name in ("KID", "FD", "1-NN accuracy"):
        assert fresh[name] < little[name] < much[name], name
    for name in ("coverage", "recall"):
        assert fresh[name] + 0.02 > little[name] > much[name], name
    assert much["1-NN accuracy"] > 0.75
    assert much["coverage"] < 0.7


def test_dropped_classes_show(judge: Judge, data: Fashion, fresh: dict[str, float]) -> None:
    images, labels = data.images[FRESH], data.labels[FRESH]
    one = values(judge(images[labels != 8][:N]))
    three = values(judge(images[(labels != 8) & (labels != 1) & (labels != 5)][:N]))
    for name in ("KID", "FD", "NDB", "JS"):
        assert fresh[name] < three[name] and one[name] < three[name], name
    assert fresh["coverage"] > one["coverage"] > three["coverage"]
    assert three["coverage"] < 0.87
    assert three["recall"] < fresh["recall"] - 0.05
    assert three["precision"] > fresh["precision"] - 0.04  # what is there is as good as ever


def test_duplicates_show(judge: Judge, data: Fashion, fresh: dict[str, float]) -> None:
    few = values(judge(data.images[FRESH][: N // 10].repeat(10, 1, 1, 1)))
    assert few["distinct samples"] < fresh["distinct samples"] / 20
    assert few["distinct samples"] == pytest.approx(N / 10, rel=0.3)
    assert few["coverage"] < 0.6
    assert few["1-NN fakes"] > 0.95
    assert few["NDB"] > fresh["NDB"] + 0.2
    assert few["precision"] > fresh["precision"] - 0.1  # alone it would call this good


def test_copies_of_training_pictures_show(judge: Judge, data: Fashion) -> None:
    copied = values(judge(noisy(data.images[TRAIN][:N], 0.01)))
    assert copied["memorisation"] < 0.5
    assert copied["copying z"] < -10
    assert copied["coverage"] > 0.93  # every other score is content
