"""Two-sample accuracy, memorisation and the birthday estimate against loops, scipy and known numbers."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from scipy.stats import mannwhitneyu

from gansmith.measure.distances import within
from gansmith.measure.neighbours import alike, mann_whitney, memorisation, one_nn, support
from tests.measure.clouds import cloud


def loops(real: np.ndarray, fake: np.ndarray) -> tuple[float, float, float]:
    rows, truth = np.concatenate([real, fake]), [True] * len(real) + [False] * len(fake)
    right = []
    for i, row in enumerate(rows):
        nearest = min((j for j in range(len(rows)) if j != i), key=lambda j: float(np.linalg.norm(rows[j] - row)))
        right.append(truth[nearest] == truth[i])
    return float(np.mean(right)), float(np.mean(right[: len(real)])), float(np.mean(right[len(real) :]))


def test_the_accuracy_is_what_loops_find() -> None:
    real, fake = cloud(30, 3), cloud(40, 3, 1, mean=0.6)
    found = one_nn(real, fake)
    assert (found.accuracy, found.real, found.fake) == pytest.approx(loops(real.numpy(), fake.numpy()))


def test_of_one_source_the_accuracy_is_a_half() -> None:
    assert one_nn(cloud(1000, 8), cloud(1000, 8, 1)).accuracy == pytest.approx(0.5, abs=0.04)


def test_copies_are_told_wrong_and_strangers_right() -> None:
    real = cloud(100, 4)
    assert one_nn(real, real + 1e-4).accuracy == 0
    assert one_nn(real, real + 100).accuracy == 1
    assert one_nn(cloud(20, 4, spread=0), cloud(20, 4, spread=0)).accuracy == 0.5


def test_few_good_pictures_are_told_right() -> None:
    real = cloud(200, 2)
    found = one_nn(real, real[:5].repeat(40, 1) + cloud(200, 2, 1, spread=1e-3))
    assert found.fake > found.accuracy > found.real > 0.9


@pytest.mark.parametrize("decimals", [9, 1])
def test_mann_whitney_is_scipys_with_and_without_ties(decimals: int) -> None:
    a, b = cloud(40, 1).flatten().round(decimals=decimals), cloud(60, 1, 1, mean=0.4).flatten().round(decimals=decimals)
    expected = mannwhitneyu(a.numpy(), b.numpy(), use_continuity=False, method="asymptotic")
    z = mann_whitney(a, b)
    assert math.erfc(abs(z) / math.sqrt(2)) == pytest.approx(expected.pvalue, rel=1e-5)
    assert z < 0


def test_mann_whitney_of_all_equal_is_nought() -> None:
    assert mann_whitney(torch.zeros(5), torch.zeros(7)) == 0


def test_fresh_samples_are_not_memorised() -> None:
    found = memorisation(cloud(800, 6), cloud(300, 6, 1), cloud(400, 6, 2))
    assert found.ratio == pytest.approx(1, abs=0.1)
    assert abs(found.z) < 3


def test_copies_are_found_with_their_originals() -> None:
    train, fake = cloud(500, 6), cloud(300, 6, 2)
    fake[17], fake[250] = train[3], train[444] + 1e-4
    first, second, *rest = memorisation(train, cloud(300, 6, 1), fake).closest
    assert (first.fake, first.train, second.fake, second.train) == (17, 3, 250, 444)
    assert first.distance < 1e-6 < second.distance < rest[0].distance
    assert len(rest) == 8
    copied = memorisation(train, cloud(300, 6, 1), train[:300] + 1e-3)
    assert copied.ratio < 0.01 and copied.z < -10


def test_held_out_samples_that_are_copies_themselves_give_no_ratio() -> None:
    train = cloud(100, 3)
    assert math.isnan(memorisation(train, train[:50], cloud(40, 3, 2)).ratio)


@pytest.mark.parametrize("distinct", [5, 100, 1000])
def test_the_birthday_estimate_finds_how_many_there_are(distinct: int) -> None:
    pictures = cloud(distinct, 8)
    drawn = torch.randint(distinct, (600,), generator=torch.Generator().manual_seed(1))
    fakes = pictures[drawn] + cloud(600, 8, 2, spread=1e-3)
    same = alike(within(cloud(600, 8, 3)))
    assert support(within(fakes), same) == pytest.approx(distinct, rel=0.2)


def test_real_data_has_more_than_can_be_counted_or_nearly() -> None:
    same = alike(within(cloud(600, 8)))
    assert support(within(cloud(600, 8, 1)), same) > 10_000
    assert support(within(600 * cloud(600, 8, 1)), same) == 600 * 599 / 2


def test_duplicates_in_the_data_do_not_make_alike_nought() -> None:
    rows = cloud(300, 8)
    with_copies = torch.cat([rows, rows[:100]])
    assert alike(within(with_copies)) > 0.5 * alike(within(rows)) > 0
