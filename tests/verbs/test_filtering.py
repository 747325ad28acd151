"""Filters of generated images, tried on real digits: copies, repeats and wrong labels are refused, fresh ones pass."""

from __future__ import annotations

import itertools
from dataclasses import replace

import numpy as np
import pytest
import torch
from scipy.spatial.distance import cdist
from sklearn.datasets import load_digits

from gansmith.measure import classifier
from gansmith.verbs.filtering import (
    COPIED,
    LABEL,
    REPEATED,
    Filters,
    Images,
    Judge,
    Labels,
    collect,
    filters_for,
    judge_of,
    repeats,
)
from gansmith.verbs.sides import Samples


def silent(what: str, done: int, total: int) -> None:
    pass


@pytest.fixture(scope="module")
def digits() -> Samples:
    pixels, labels = load_digits(return_X_y=True)
    return Samples((pixels * 15.9375).astype(np.uint8).reshape(-1, 8, 8, 1), labels.astype(np.int64))


@pytest.fixture(scope="module")
def judge(digits: Samples) -> Judge:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(classifier, "SHOWN", (4000, 4000))
        found = judge_of(digits.some(np.arange(1200)), 10, 0.5, 0, silent)
    assert found is not None
    return found


@pytest.fixture(scope="module")
def filters(digits: Samples, judge: Judge) -> Filters:
    return filters_for(digits.some(np.arange(1200)), digits.some(np.arange(1200, 1500)), judge, 0, silent)


class Source:
    """Draws the digits of `rows`, over and over: those of the classes asked for, or, unasked, as they come."""

    def __init__(self, digits: Samples, rows: range, wrong: bool = False) -> None:
        assert digits.labels is not None
        self.images, labels = digits.values[rows.start : rows.stop], digits.labels[rows.start : rows.stop]
        self.of = [itertools.cycle(np.flatnonzero(labels == (label + wrong) % 10).tolist()) for label in range(10)]
        self.any = itertools.cycle(range(len(self.images)))
        self.seeds: list[int] = []

    def __call__(self, seed: int, count: int, labels: Labels | None) -> Images:
        self.seeds.append(seed)
        picks = [next(self.any) for _ in range(count)] if labels is None else [next(self.of[label]) for label in labels]
        return np.asarray(self.images[picks])


def test_a_judge_knows_digits_and_how_sure_it_may_be(digits: Samples, judge: Judge) -> None:
    assert judge.accuracy is not None and judge.passed is not None and judge.mirrored is not None
    assert judge.accuracy > 0.9 and abs(judge.passed - judge.accuracy) < 0.1
    assert judge.mirrored < 0.8 and not judge.flips  # digits are others in a mirror
    fresh = digits.some(np.arange(1500, 1797))
    assert fresh.labels is not None
    sure, told = judge.classifier(fresh.tensor(np.arange(297))).max(1)
    right = (told.numpy() == fresh.labels).mean()
    assert abs(float(sure.mean()) - right) < 0.05


def test_one_class_needs_no_judge_and_few_images_calibrate_none(
    digits: Samples, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(classifier, "SHOWN", (128, 128))
    assert judge_of(Samples(digits.values[:50], np.zeros(50, np.int64)), 1, 0.5, 0, silent) is None
    assert judge_of(Samples(digits.values[:50]), 1, 0.5, 0, silent) is None
    few = judge_of(digits.some(np.arange(100)), 10, 0.5, 0, silent)
    assert few is not None and few.accuracy is None and few.classifier.temperature == 1 and not few.flips


def test_fresh_images_pass_and_copies_do_not(digits: Samples, filters: Filters) -> None:
    """One in a hundred fresh images lies as near by chance; a copy lies nearer, also with a little noise."""
    wanted = np.full(10, 20)
    fresh = collect(Source(digits, range(1500, 1797)), filters, wanted, told=True, tries=3)
    assert sum(tally.refused[COPIED] for tally in fresh.tallies) <= 6
    assert sum(tally.kept for tally in fresh.tallies) > 150
    assert (fresh.distances >= 1).all() and (fresh.confidences >= 0.5).all()
    copies = collect(Source(digits, range(300)), filters, wanted, told=True, tries=3)
    assert sum(tally.kept for tally in copies.tallies) == 0
    noisy = Source(digits, range(300))
    noise = np.random.default_rng(0).integers(-3, 4, noisy.images.shape)
    noisy.images = np.clip(noisy.images.astype(int) + noise, 0, 255).astype(np.uint8)
    found = collect(noisy, filters, wanted, told=True, tries=1)
    assert sum(tally.refused[COPIED] for tally in found.tallies) > 100


def test_an_image_is_kept_once(digits: Samples, filters: Filters) -> None:
    """297 fresh digits, drawn again and again: none twice."""
    found = collect(Source(digits, range(1500, 1797)), filters, np.full(10, 100), told=True, tries=2)
    flat = found.images.reshape(len(found.images), -1)
    assert len(np.unique(flat, axis=0)) == len(flat) and 200 < len(flat) < 297
    assert sum(tally.refused[REPEATED] for tally in found.tallies) > 1000


def test_the_wrong_class_is_refused_and_tries_are_bounded(digits: Samples, filters: Filters) -> None:
    source = Source(digits, range(1500, 1797), wrong=True)
    found = collect(source, filters, np.full(10, 15), told=True, tries=4, seed=7)
    assert all(tally.drawn <= 60 for tally in found.tallies)
    assert sum(tally.refused[LABEL] for tally in found.tallies) > 540
    assert not found.complete
    assert source.seeds == list(range(7, 7 + len(source.seeds)))
    assert len(found.refused[0, LABEL]) == 6  # examples


def test_what_was_refused_does_not_make_others_repeats(digits: Samples, filters: Filters) -> None:
    """The same fresh three, asked for as a two and as a three: it is kept once, as a three."""
    assert digits.labels is not None
    three = digits.values[1500 + int(np.flatnonzero(digits.labels[1500:] == 3)[0])]
    wanted = np.eye(10, dtype=np.int64)[2] + np.eye(10, dtype=np.int64)[3]
    found = collect(lambda seed, count, labels: np.stack([three] * count), filters, wanted, told=True, tries=1)
    assert found.labels.tolist() == [3]
    assert found.tallies[2].refused == {LABEL: 1, COPIED: 0, REPEATED: 0}


def test_the_judge_names_what_is_drawn_unasked(digits: Samples, filters: Filters) -> None:
    found = collect(Source(digits, range(1500, 1797)), filters, np.full(10, 12), told=False, tries=10)
    truth = dict(zip((image.tobytes() for image in digits.values), digits.labels if digits.labels is not None else []))
    right = [truth[image.tobytes()] == label for image, label in zip(found.images, found.labels)]
    assert np.mean(right) > 0.9
    assert found.complete and len(found.images) == 120
    ones = Source(digits, range(1500, 1797))
    ones.any = ones.of[1]
    some = collect(ones, filters, np.full(10, 5), told=False, tries=4)
    assert not some.complete and sum(tally.drawn for tally in some.tallies) <= 200  # the others never came


def test_without_a_judge_everything_is_of_one_class(digits: Samples, filters: Filters) -> None:
    alone = replace(filters, judge=None)
    found = collect(Source(digits, range(1500, 1797)), alone, np.array([40]), told=False, tries=4)
    assert found.complete and set(found.labels.tolist()) == {0} and (found.confidences == 1).all()


def test_a_wish_to_stop_keeps_what_there_is(digits: Samples, filters: Filters) -> None:
    asked = iter((False, False, True))
    source = Source(digits, range(1500, 1797))
    found = collect(source, filters, np.full(10, 25), told=True, tries=9, stop=lambda: next(asked))
    assert found.stopped and len(source.seeds) == 2 and 0 < len(found.images) < 250
    nothing = collect(source, filters, np.full(10, 25), told=True, tries=9, stop=lambda: True)
    assert nothing.stopped and len(nothing.images) == 0 and not nothing.complete


def test_repeats_are_those_of_a_plain_loop() -> None:
    chance = np.random.default_rng(3)
    rows, before = chance.normal(size=(60, 2)), chance.normal(size=(8, 2))
    expected: list[bool] = []
    for row in range(60):
        others = np.concatenate([before, rows[[other for other in range(row) if not expected[other]]]])
        expected.append(bool((cdist(rows[row : row + 1], others) < 0.3).any()))
    found = repeats(torch.from_numpy(rows).float(), torch.from_numpy(before).float(), 0.3)
    assert found.tolist() == expected and 0 < sum(expected) < 60
    assert not repeats(torch.from_numpy(rows).float(), torch.zeros(0, 2), 1e-9).any()


def test_without_held_out_images_training_images_stand_in(digits: Samples, filters: Filters) -> None:
    """And real images that are there twice do not make everything pass."""
    train = digits.some(np.arange(1200))
    twice = Samples(np.concatenate([train.values, train.values[:400]]))
    for data in (train, twice):
        found = filters_for(data, digits.some(np.arange(0)), None, 0, silent)
        assert 0.5 * filters.same < found.same < 2 * filters.same
