"""Scores that need labels, on sets whose answer is known and on real pictures with labels spoiled on purpose."""

from __future__ import annotations

import math
from pathlib import Path

import pytest
import torch
from torch import Tensor

from gansmith.measure.diversity import diversity
from gansmith.measure.labelled import measure_labels
from gansmith.measure.labels import classification_accuracy, faithfulness, nearest_neighbour, per_class
from tests.measure.clouds import cloud, fashion


def classes(count: int, seed: int, kinds: int = 3) -> tuple[Tensor, Tensor]:
    """Samples (count, 2) around (6 k, 0) and their k."""
    labels = torch.arange(count) % kinds
    return cloud(count, 2, seed) + torch.stack([6.0 * labels, 0.0 * labels], dim=1), labels


def test_perfect_fakes_teach_as_well_as_reals() -> None:
    fake, train, test = classes(300, 0), classes(300, 1), classes(300, 2)
    for learn in (classification_accuracy, nearest_neighbour):
        found = learn(*fake, *train, *test)
        assert found.fakes > 0.98
        assert found.gap == pytest.approx(0, abs=2)


def test_a_class_without_fakes_is_never_right() -> None:
    samples, labels = classes(300, 0)
    kept = labels != 2
    for learn in (classification_accuracy, nearest_neighbour):
        found = learn(samples[kept], labels[kept], *classes(300, 1), *classes(300, 2))
        assert found.fakes == pytest.approx(2 / 3, abs=0.02)
        assert found.gap == pytest.approx(100 / 3, abs=3)


def test_fakes_of_one_class_teach_that_class() -> None:
    samples, labels = classes(300, 0)
    only = labels == 1
    assert classification_accuracy(samples[only], labels[only], samples, labels, samples, labels).fakes == 1 / 3


def test_faithfulness_finds_whom_nobody_obeys() -> None:
    train, held, (fake, asked) = classes(300, 0), classes(300, 1), classes(300, 2)
    found = faithfulness(*train, *held, fake, asked)
    assert found.share > 0.98 and found.ceiling > 0.98
    wrong = faithfulness(*train, *held, fake, torch.where(asked == 2, 1, asked))
    assert wrong.by_class[0] > 0.98
    assert wrong.by_class[1] == pytest.approx(0.5, abs=0.02)
    assert wrong.share == pytest.approx(2 / 3, abs=0.02)


def test_a_score_of_every_class() -> None:
    (real, real_labels), (fake, fake_labels) = classes(300, 0), classes(300, 1)
    kept = fake_labels != 1
    found = per_class(diversity, real, real_labels, fake[kept], fake_labels[kept])
    assert (found[0], found[2]) == pytest.approx((1, 1), abs=0.1)
    assert math.isnan(found[1])


def test_the_table_has_ceilings_and_reasons() -> None:
    parts = (*classes(300, 0), *classes(300, 1), *classes(300, 2))
    for score in measure_labels(*parts, "values"):
        assert score.value is not None and score.low is not None and score.high is not None
        assert score.low <= score.value <= score.high
        assert score.floor == pytest.approx(score.value, abs=0.03)
    few = measure_labels(*classes(30, 0), *classes(300, 1), *classes(300, 2), "values")
    assert [score.value for score in few] == [None] * 3 and all("too few" in score.why for score in few)


def test_real_pictures_with_spoiled_labels(shared_data: Path) -> None:
    data = fashion(shared_data)
    held, train, fake = ((data.rows(i, i + 1000), data.labels[i : i + 1000]) for i in (0, 1000, 2000))
    wrong = fake[1].clone()
    wrong[::3] = (wrong[::3] + 1) % 10
    honest = {score.name: score for score in measure_labels(*held, *train, *fake, "pixels")}
    spoiled = {score.name: score for score in measure_labels(*held, *train, fake[0], wrong, "pixels")}
    for name, score in honest.items():
        low, value = spoiled[name].value, score.value
        assert value is not None and low is not None and score.floor is not None
        assert value == pytest.approx(score.floor, abs=0.06)
        assert low < value - 0.06
