"""What synthetic images are worth: the interval is right where it is known, and help and harm are told apart."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from scipy import stats
from torch import Tensor

from gansmith.measure import classifier
from gansmith.measure.gain import ARMS, Gain, Pool, drawn, gain, measure_size, sizes_for


def test_with_images_alike_the_interval_is_that_of_a_paired_t_test() -> None:
    """What one repeat tells right, it tells right of all images: only repeats differ."""
    without, with_it = torch.tensor([[0, 0, 1, 0, 1], [1, 0, 1, 1, 1]]).bool()[:, :, None].expand(2, 5, 30)
    found = gain(without, with_it)
    test = stats.ttest_rel(100 * with_it[:, 0].double(), 100 * without[:, 0].double())
    low, high = test.confidence_interval()
    assert (found.points, found.low, found.high) == pytest.approx((40.0, low, high))


def test_with_repeats_alike_the_interval_is_that_of_the_test_images() -> None:
    chance = np.random.default_rng(0)
    one, other = (torch.from_numpy(chance.random(400) < share) for share in (0.7, 0.8))
    found = gain(one.expand(3, 400), other.expand(3, 400))
    difference = 100.0 * (other.numpy().astype(int) - one.numpy().astype(int))
    error = stats.sem(difference)
    assert found.points == pytest.approx(difference.mean())
    assert (found.high - found.low) / 2 == pytest.approx(1.96 * error)


def test_the_truth_lies_within_the_interval_about_as_often_as_it_says() -> None:
    """Other images and other trainings every time; the true gain is 3 points."""
    chance = np.random.default_rng(1)
    inside = 0
    for _ in range(200):
        hard = chance.uniform(-0.15, 0.15, 300)  # of each image, the same for both sides
        sides = []
        for share in (0.75, 0.78):
            trained = chance.normal(0, 0.02, (3, 1))
            sides.append(torch.from_numpy(chance.random((3, 300)) < share + hard + trained))
        found = gain(*sides)
        inside += found.low <= 3 <= found.high
    assert inside >= 186


def test_a_gain_is_called_one_only_outside_of_chance() -> None:
    assert [Gain(1, low, high).word for low, high in ((0.1, 2), (-0.1, 2), (-2, -0.1))] == ["gain", "no gain", "loss"]


def test_of_each_class_as_many_are_drawn_as_asked_for() -> None:
    labels = np.array([0] * 5 + [1] * 2 + [2] * 9)
    rows = np.arange(1, 16)
    for most, expected in ((3, [3, 2, 3]), (np.array([1, 0, 99]), [1, 0, 9])):
        found = drawn(rows, labels, most, np.random.default_rng(0))
        assert np.bincount(labels[found], minlength=3).tolist() == expected
        assert len(set(found.tolist())) == len(found) and set(found.tolist()) <= set(rows.tolist())
    assert drawn(rows, labels, None, np.random.default_rng(0)) is rows


def test_sizes_are_those_that_every_class_has() -> None:
    labels = np.array([0] * 50 + [2] * 120)
    assert list(sizes_for((100, 49, None, 10, 50), labels)) == [10, 49, None]
    assert list(sizes_for((10,), labels)) == [10]
    assert list(sizes_for((100,), labels)) == [None]


@pytest.mark.parametrize(("truthful", "word"), [(True, "gain"), (False, "loss")])
def test_images_that_teach_are_told_from_images_that_mislead(
    monkeypatch: pytest.MonkeyPatch, truthful: bool, word: str
) -> None:
    """Bars in noise, upright or lying: three real ones of each teach little, sixty others much, right or wrong."""
    monkeypatch.setattr(classifier, "SHOWN", (768, 768))
    chance = torch.Generator().manual_seed(0)
    labels = np.arange(600) % 2
    images = 0.5 * torch.randn(600, 1, 8, 8, generator=chance)
    for row, label in enumerate(labels.tolist()):
        place = int(torch.randint(1, 7, (), generator=chance))
        images[row, 0].select(label, place).add_(1.0)
    told = labels.copy()
    told[200:400] = labels[200:400] if truthful else 1 - labels[200:400]

    def take(rows: np.ndarray[tuple[int], np.dtype[np.int64]]) -> Tensor:
        return images[torch.from_numpy(rows)]

    pool = Pool(take, told, 2, np.arange(200), np.arange(200, 400), np.arange(400, 600))
    heard: list[str] = []
    per_class, ratio = (3, 20) if truthful else (20, 4)
    found = measure_size(pool, per_class, ratio=ratio, repeats=3, classic=lambda x, dice: x, watch=heard.append)
    assert found.gains["synthetic"].word == word
    assert (found.per_class, found.real, found.synthetic) == (per_class, 2 * per_class, 2 * ratio * per_class)
    assert heard == 3 * [*ARMS]
    assert found.accuracies["real"] == found.accuracies["+ classic"]  # nothing was changed: the same training
    assert found.gains["classic"].points == 0 and math.isclose(found.gains["classic"].low, 0)
