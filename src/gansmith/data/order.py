"""The order of training samples, as a pure function of (seed, samples seen): resuming needs one integer."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

Rows = np.ndarray[tuple[int], np.dtype[np.int64]]


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
