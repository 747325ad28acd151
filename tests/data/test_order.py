"""Order of samples: a pure function of (seed, samples seen)."""

from __future__ import annotations

from itertools import islice

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from gansmith.data.order import balanced_orders, orders, permutation


def stream(count: int, batch: int, seed: int, seen: int, length: int) -> list[int]:
    """The first `length` sample numbers."""
    taken = islice(orders(count, batch, seed=seed, seen=seen), -(-length // batch))
    return np.concatenate(list(taken)).tolist()[:length]


@settings(max_examples=60, deadline=None)
@given(st.integers(1, 40), st.integers(1, 60), st.integers(0, 2**63), st.integers(0, 500))
def test_starting_anywhere_continues_the_same_stream(count: int, batch: int, seed: int, seen: int) -> None:
    whole = stream(count, 1, seed, 0, seen + 130)
    assert stream(count, batch, seed, seen, 130) == whole[seen:]


@settings(max_examples=60, deadline=None)
@given(st.integers(1, 40), st.integers(1, 60), st.integers(0, 2**63))
def test_every_epoch_shows_every_sample_once(count: int, batch: int, seed: int) -> None:
    numbers = np.array(stream(count, batch, seed, 0, 4 * count)).reshape(4, count)
    assert (np.sort(numbers, axis=1) == np.arange(count)).all()


def test_every_batch_is_full_even_with_fewer_samples_than_places() -> None:
    assert [len(rows) for rows in islice(orders(3, 64, seed=1, seen=5), 4)] == [64] * 4
    assert [len(rows) for rows in islice(orders(100, 64, seed=1, seen=99), 4)] == [64] * 4


def test_epochs_and_seeds_differ() -> None:
    orders_seen = {tuple(permutation(30, seed, epoch)) for seed in range(5) for epoch in range(5)}
    assert len(orders_seen) == 25


def test_every_order_of_three_is_equally_likely() -> None:
    counts = np.unique([permutation(3, 7, epoch) for epoch in range(6000)], axis=0, return_counts=True)[1]
    assert len(counts) == 6
    assert np.square(counts - 1000).sum() / 1000 < 20.5  # chi-squared with 5 degrees of freedom, p = 0.001


def test_the_order_never_changes_between_versions() -> None:
    assert permutation(8, 0, 0).tolist() == [0, 2, 1, 5, 4, 3, 6, 7]


@settings(max_examples=40, deadline=None)
@given(
    st.lists(st.integers(1, 9), min_size=1, max_size=5), st.integers(1, 30), st.integers(0, 2**63), st.integers(0, 99)
)
def test_balanced_order_is_pure_and_goes_through_every_class(
    sizes: list[int], batch: int, seed: int, seen: int
) -> None:
    labels = np.repeat(np.arange(len(sizes)), sizes)

    def numbers(batch: int, seen: int, length: int) -> np.ndarray:
        taken = islice(balanced_orders(labels, batch, seed=seed, seen=seen), -(-length // batch))
        return np.concatenate(list(taken))[:length]

    whole = numbers(1, 0, seen + 18 * len(sizes))
    assert np.array_equal(numbers(batch, seen, 18 * len(sizes)), whole[seen:])
    rounds = labels[whole[: 18 * len(sizes)]].reshape(18, len(sizes))
    assert (np.sort(rounds, axis=1) == np.arange(len(sizes))).all()
    for label, size in enumerate(sizes):
        own = whole[: 18 * len(sizes)]
        own = own[labels[own] == label]
        assert (np.sort(own[: 18 // size * size].reshape(-1, size), axis=1) == np.flatnonzero(labels == label)).all()


def test_classes_of_one_size_are_gone_through_in_orders_of_their_own() -> None:
    labels = np.repeat([0, 1], 50)
    first = next(balanced_orders(labels, 100, seed=0, seen=0))
    assert not np.array_equal(first[labels[first] == 0], first[labels[first] == 1] - 50)
    second = next(balanced_orders(labels, 100, seed=1, seen=0))
    assert not np.array_equal(first[labels[first] == 0], second[labels[second] == 0])
