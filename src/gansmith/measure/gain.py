"""What synthetic training images are worth: the accuracy of classifiers that learnt with and without them."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from gansmith.measure.bootstrap import NORMAL
from gansmith.measure.classifier import Vary, learn, shown_for
from gansmith.measure.own import Take

Rows = NDArray[np.int64]

REAL, SYNTHETIC, CLASSIC, BOTH = "real", "+ synthetic", "+ classic", "+ both"
LONGER = 2  # than a classifier of the real images alone would need: at half of it, all that varies them looks harmful
ARMS = (REAL, SYNTHETIC, CLASSIC, BOTH)
COMPARED = {"synthetic": (REAL, SYNTHETIC), "classic": (REAL, CLASSIC), "synthetic beside classic": (CLASSIC, BOTH)}


@dataclass(frozen=True)
class Gain:
    """How many points of 100 of accuracy something adds, with its 95 % interval."""

    points: float
    low: float
    high: float

    @property
    def word(self) -> str:
        """ "gain" or "loss" where the interval leaves 0 out, else "no gain"."""
        return "gain" if self.low > 0 else "loss" if self.high < 0 else "no gain"


@dataclass(frozen=True)
class Pool:
    """Images by row number, and which rows are for what.

    take: row numbers -> (n, C, H, W) in [-1, 1]; labels: (N,) whole numbers below `classes`. test: never learnt from.
    """

    take: Take
    labels: Rows
    classes: int
    real: Rows
    synthetic: Rows
    test: Rows


@dataclass(frozen=True)
class Size:
    """What was found with so many real images.

    per_class: asked for, None for all there are; real, synthetic: images in all. accuracies: arm -> one of each repeat,
    shares 0..1. gains: what each adds, see `COMPARED`.
    """

    per_class: int | None
    real: int
    synthetic: int
    accuracies: Mapping[str, tuple[float, ...]]
    gains: Mapping[str, Gain]


def measure_size(
    pool: Pool,
    per_class: int | None,
    *,
    ratio: float,
    repeats: int,
    classic: Vary,
    seed: int = 0,
    watch: Callable[[str], None] = lambda arm: None,
) -> Size:
    """Train classifiers on `per_class` real images, alone and with others, and test them; see `ARMS`.

    `ratio` synthetic images of its class join each real one, as far as there are so many. Each of the `repeats` has
    other real and other synthetic images and other first weights, the same for all arms; all arms are shown equally
    many images. watch: told each arm before it is trained; what it raises ends the measuring.
    """
    right: dict[str, list[Tensor]] = {arm: [] for arm in ARMS}
    for repeat in range(repeats):
        chance = np.random.default_rng((seed, repeat, per_class or 0))
        real = drawn(pool.real, pool.labels, per_class, chance)
        counts = np.bincount(pool.labels[real], minlength=pool.classes)
        made = drawn(pool.synthetic, pool.labels, np.rint(ratio * counts).astype(np.int64), chance)
        sets = {REAL: (real, False), SYNTHETIC: (made, False), CLASSIC: (real, True), BOTH: (made, True)}
        for arm, (more, varied) in sets.items():
            watch(arm)
            rows = real if more is real else np.concatenate([real, more])
            vary, shown = classic if varied else None, LONGER * shown_for(len(real))
            judge = learn(pool.take, rows, pool.labels, pool.classes, vary=vary, shown=shown, seed=seed + repeat)
            right[arm].append(judge.right(pool.take, pool.test, pool.labels))
    found = {arm: torch.stack(several) for arm, several in right.items()}
    return Size(
        per_class,
        len(real),
        len(made),
        {arm: tuple(several.double().mean(1).tolist()) for arm, several in found.items()},
        {name: gain(found[without], found[with_it]) for name, (without, with_it) in COMPARED.items()},
    )


def drawn(rows: Rows, labels: Rows, most: int | Rows | None, chance: np.random.Generator) -> Rows:
    """Of each class at most so many of `rows`, at random; None: all of them. most: one number, or one per class."""
    if most is None:
        return rows
    found = [rows[:0]]
    for label in np.unique(labels[rows]):
        limit = most if isinstance(most, int) else int(most[label])
        found.append(chance.permutation(rows[labels[rows] == label])[:limit])
    return np.concatenate(found)


def gain(without: Tensor, with_it: Tensor) -> Gain:
    """What is gained from `without` to `with_it`: which test images were told right, (repeats, m) bool each.

    The interval allows for two things at once: other training images and first weights, by Student's t over the paired
    repeats, and other test images, by the normal distribution; their half-widths are added as squares. Both are of
    differences: what makes an image hard for either side cancels.
    """
    from scipy.stats import t as student

    differences = 100 * (with_it.double() - without.double())
    repeats, tested = differences.shape
    points = float(differences.mean())
    among = [
        quantile * float(means.std()) / math.sqrt(count)
        for quantile, means, count in (
            (float(student.ppf(0.975, repeats - 1)), differences.mean(1), repeats),
            (NORMAL, differences.mean(0), tested),
        )
    ]
    around = math.hypot(*among)
    return Gain(points, points - around, points + around)


def sizes_for(wanted: tuple[int | None, ...], labels: Rows) -> Iterator[int | None]:
    """Those of the sizes per class that are smaller than the smallest class, then all there are, None, where wanted.

    Where nothing would be left, all there are.
    """
    counts = np.bincount(labels)
    smallest = int(counts[counts > 0].min())
    smaller = sorted(size for size in set(wanted) if size is not None and size < smallest)
    yield from smaller
    if None in wanted or not smaller:
        yield None
