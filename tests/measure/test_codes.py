"""Codes and what they mean, where the answer is known."""

from __future__ import annotations

from itertools import permutations

import numpy as np
import pytest
from sklearn.metrics import adjusted_mutual_info_score, mutual_info_score

from gansmith.measure.codes import entropy, matched, meaning, meanings, shared, telling, tenths, together


def test_a_permutation_of_the_labels_is_no_error() -> None:
    labels = np.random.default_rng(0).integers(0, 10, 500)
    order = np.random.default_rng(1).permutation(10)
    found = matched(order[labels], labels)
    assert found.error == 0
    assert {value: int(label) for label, value in enumerate(order)} == dict(found.label_of)


def test_the_best_of_all_matchings_is_found() -> None:
    """Against every permutation of five."""
    chance = np.random.default_rng(2)
    for _ in range(5):
        read, labels = chance.integers(0, 5, 60), chance.integers(0, 5, 60)
        errors = [np.mean(np.array(order)[read] != labels) for order in permutations(range(5))]
        assert matched(read, labels).error == pytest.approx(min(errors))


def test_more_values_than_labels_leave_some_without_one() -> None:
    found = matched(np.array([0, 1, 2, 2]), np.array([0, 1, 0, 0]))
    assert found.error == pytest.approx(0.25)
    assert dict(found.label_of) == {2: 0, 1: 1}


def test_information_is_that_of_scikit_learn() -> None:
    """Which corrects for chance by its expectation under all permutations, here that of a few."""
    chance = np.random.default_rng(3)
    truth = chance.integers(0, 4, 3000)
    values = np.where(chance.random(3000) < 0.6, truth, chance.integers(0, 6, 3000))
    found = meaning("k1", values, "hair", truth)
    assert shared(together(values, truth)) == pytest.approx(mutual_info_score(values, truth))
    known = entropy(np.bincount(truth))
    assert found.information == pytest.approx(mutual_info_score(values, truth) / known, abs=0.005)
    assert found.information == pytest.approx(adjusted_mutual_info_score(truth, values, average_method="min"), abs=0.01)
    assert found.chance == np.bincount(truth).max() / 3000
    assert found.accuracy > found.chance


def test_of_few_samples_a_meaningless_code_tells_nothing() -> None:
    """Without the correction 60 samples of 10 values seem to tell a third of a factor with 10."""
    chance = np.random.default_rng(6)
    found = [meaning("k1", chance.integers(0, 10, 60), "x", chance.integers(0, 10, 60)).information for _ in range(30)]
    assert np.mean(found) < 0.05


def test_a_code_that_knows_everything_and_one_that_knows_nothing() -> None:
    truth = np.tile([0, 1], 500)
    assert meaning("k1", 1 - truth, "hat", truth).information == pytest.approx(1)
    assert meaning("k1", np.repeat([0, 1], 500), "hat", truth).information == pytest.approx(0, abs=1e-3)
    assert meaning("k1", truth, "constant", np.zeros(1000, np.int64)).information == 0


def test_continuous_codes_go_by_tenths_of_their_ranks() -> None:
    values = np.random.default_rng(4).normal(size=1000)
    assert np.bincount(tenths(values)).tolist() == [100] * 10
    warmer = (values > np.median(values)).astype(np.int64)
    noise = np.random.default_rng(5).integers(0, 2, 1000)
    found = meanings({"c1": values}, {"noise": noise, "warm": warmer})
    assert [one.factor for one in found] == ["warm", "noise"]
    assert found[0].information == pytest.approx(1)
    assert found[1].information < 0.02
    assert [one.factor for one in telling(found, 1)] == ["warm"]


def test_without_samples_there_is_no_matching() -> None:
    with pytest.raises(ValueError, match="no pairs"):
        matched(np.zeros(0, np.int64), np.zeros(0, np.int64))
