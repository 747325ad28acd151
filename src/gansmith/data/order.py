"""The order of training samples, as a pure function of (seed, samples seen): resuming needs one integer."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

Rows = np.ndarray[tuple[int], np.dtype[np.int64]]

CLASS_STEP = 0xD1342543DE82EF95  # sets the permutations of classes apart, for neighbouring seeds too


def permutation(count: int, seed: int, epoch: int) -> Rows:
    """The numbers 0..count-1 in the order of one epoch.

    Sorting the raw words of a counter-based generator keeps the order the same in every version of numpy,
    whose own shuffling may change.
    """
    words = np.random.Philox(key=np.array([seed % 2**64, epoch % 2**64], np.uint64)).random_raw(count)
    return np.argsort(words, kind="stable")


def orders(count: int, batch: int, *, seed: int, seen: int) -> Iterator[Rows]:
    """Endless index batches (batch,), starting after `seen` samples.

    Every epoch is a fresh permutation; a batch may straddle epochs, and holds a whole number of permutations
    when there are fewer samples than places.
    """
    epoch, place = divmod(seen, count)
    order = permutation(count, seed, epoch)
    while True:
        parts, missing = [], batch
        while missing:
            part = order[place : place + missing]
            parts.append(part)
            missing, place = missing - len(part), place + len(part)
            if place == count:
                epoch, place = epoch + 1, 0
                order = permutation(count, seed, epoch)
        yield parts[0] if len(parts) == 1 else np.concatenate(parts)


def balanced_orders(labels: Rows, batch: int, *, seed: int, seen: int) -> Iterator[Rows]:
    """Endless index batches (batch,) in which every class occurs equally often, starting after `seen` samples.

    labels: (N,) classes. Round after round takes one sample of each class, in a fresh order; within a class every
    pass is a fresh permutation. So the n-th sample is a function of (seed, n), as in `orders`.
    """
    members = [np.flatnonzero(labels == label) for label in np.unique(labels)]
    count = len(members)
    passes: list[tuple[int, Rows]] = [(-1, np.empty(0, np.int64))] * count
    number, ranks, current = seen, np.empty(0, np.int64), -1

    def sample(place: int, turn: int) -> int:
        epoch, inside = divmod(turn, len(members[place]))
        if passes[place][0] != epoch:
            passes[place] = epoch, permutation(len(members[place]), seed + CLASS_STEP * (place + 1), epoch)
        return int(members[place][passes[place][1][inside]])

    while True:
        rows = np.empty(batch, np.int64)
        for at in range(batch):
            turn, place = divmod(number, count)
            if turn != current:
                ranks, current = permutation(count, seed, turn), turn
            rows[at] = sample(int(ranks[place]), turn)
            number += 1
        yield rows
