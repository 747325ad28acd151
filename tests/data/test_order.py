"""Order of samples: a pure function of (seed, samples seen)."""

from __future__ import annotations

from itertools import islice

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from gansmith.data.order import orders, permutation


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
