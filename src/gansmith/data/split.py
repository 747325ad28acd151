"""Chooses what is held out of training: the same rows for the same data, and never half of a duplicate."""

from __future__ import annotations

import numpy as np

from gansmith.data.order import permutation

Int = np.ndarray[tuple[int], np.dtype[np.int64]]

FEWEST_TO_SPLIT = 128  # below this every sample is needed for training
FEWEST_HELD = 64  # below this nothing can be measured; held out of 640 samples or more


def held_count(count: int, share: float) -> int:
    """How many of `count` samples are held out."""
    if share <= 0 or count < FEWEST_TO_SPLIT:
        return 0
    wanted = round(share * count)
    return max(wanted, FEWEST_HELD) if count >= 10 * FEWEST_HELD else wanted


def split(groups: Int, share: float, fingerprint: str) -> tuple[Int, Int]:
    """(training rows, held-out rows), sorted and disjoint; a group of duplicates lies wholly on one side.

    groups: (N,) the group of each row. The choice depends on nothing but the arguments.
    """
    missing = held_count(len(groups), share)
    names, members = np.unique(groups, return_inverse=True)
    sizes = np.bincount(members, minlength=len(names))
    chosen = np.zeros(len(names), bool)
    for group in permutation(len(names), int(fingerprint[:16], 16), 0):
        if missing == 0:
            break
        if sizes[group] <= missing:
            chosen[group], missing = True, missing - int(sizes[group])
    held = chosen[members]
    return np.flatnonzero(~held), np.flatnonzero(held)
