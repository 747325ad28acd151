"""What codes found without labels came to mean: compared with labels, or with factors that are known exactly."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Whole = NDArray[np.integer]
BINS = 10  # of a continuous code
SHUFFLES = 5  # that tell what chance alone would


@dataclass(frozen=True)
class Matching:
    """Values of a code, each matched with one label, no two with the same.

    error: share of samples whose code's label is not theirs, 0..1. label_of: value of the code -> label; values beyond
    the number of labels have none. counts: (values, labels), samples of each pair.
    """

    error: float
    label_of: Mapping[int, int]
    counts: NDArray[np.int64]


def matched(read: Whole, labels: Whole) -> Matching:
    """The matching with the fewest errors (Kuhn 1955); read and labels (n,), whole numbers from 0. ValueError if n = 0.

    On MNIST this is the error that Chen et al. 2016 give in section 7.2.
    """
    from scipy.optimize import linear_sum_assignment

    counts = together(read, labels)
    values, partners = linear_sum_assignment(counts, maximize=True)
    right = int(counts[values, partners].sum())
    return Matching(1 - right / len(read), dict(zip(values.tolist(), partners.tolist(), strict=True)), counts)


def together(a: Whole, b: Whole) -> NDArray[np.int64]:
    """How often each pair of values occurs: (values of a, values of b). ValueError without samples."""
    if not len(a) or len(a) != len(b):
        raise ValueError(f"{len(a)} values and {len(b)} others are no pairs")
    counts = np.zeros((int(a.max()) + 1, int(b.max()) + 1), np.int64)
    np.add.at(counts, (a, b), 1)
    return counts


@dataclass(frozen=True)
class Meaning:
    """What one code says of one factor.

    information: mutual information as a share of what there is to know of the factor, 0..1, beyond what a code that
    means nothing seems to tell of so few samples. accuracy: of guessing the factor from the code, each value's
    commonest; chance: of guessing it from nothing.
    """

    code: str
    factor: str
    information: float
    accuracy: float
    chance: float


def meaning(code: str, values: Whole, factor: str, truth: Whole) -> Meaning:
    """What `values` (n,) of a code say of `truth` (n,); whole numbers from 0."""
    counts = together(values, truth)
    whole, n = counts.sum(axis=0), len(values)
    known = entropy(whole)
    chance = np.random.default_rng(0)
    by_chance = np.mean([shared(together(chance.permutation(values), truth)) for _ in range(SHUFFLES)])
    share = max(0.0, (shared(counts) - float(by_chance)) / (known - float(by_chance))) if known > by_chance else 0.0
    return Meaning(code, factor, float(share), float(counts.max(axis=1).sum() / n), float(whole.max() / n))


def shared(counts: NDArray[np.int64]) -> float:
    """Mutual information, in nats, of the two values that counts (values, values) are of."""
    return entropy(counts.sum(axis=0)) + entropy(counts.sum(axis=1)) - entropy(counts.ravel())


def entropy(counts: NDArray[np.int64]) -> float:
    """In nats, of the distribution that counts are of."""
    shares = counts[counts > 0] / counts.sum()
    return float(-(shares * np.log(shares)).sum())


def meanings(codes: Mapping[str, NDArray[np.generic]], factors: Mapping[str, Whole]) -> list[Meaning]:
    """Every code with every factor, its most telling first; of continuous codes (floats), tenths of their ranks."""
    order = list(codes)
    found = [
        meaning(code, values.astype(np.int64) if values.dtype.kind in "iu" else tenths(values), factor, truth)
        for code, values in codes.items()
        for factor, truth in factors.items()
    ]
    return sorted(found, key=lambda one: (order.index(one.code), -one.information))


def tenths(values: NDArray[np.generic]) -> NDArray[np.int64]:
    """(n,) -> in which tenth of the sorted values each lies, 0..9."""
    ranks = np.argsort(np.argsort(values, kind="stable"), kind="stable")
    return ranks * BINS // len(values)


def telling(found: Sequence[Meaning], each: int) -> list[Meaning]:
    """Of each code, the `each` factors it says most of."""
    kept: dict[str, int] = {}
    chosen = []
    for one in found:
        kept[one.code] = kept.get(one.code, 0) + 1
        if kept[one.code] <= each:
            chosen.append(one)
    return chosen
