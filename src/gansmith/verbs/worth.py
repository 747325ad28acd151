"""What generated training images are worth: classifiers with and without them, tested on what nobody has seen."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

from gansmith.data.gather import as_floats, gathered
from gansmith.data.open import open_data
from gansmith.errors import UsageError
from gansmith.measure.classifier import flipped, shifted
from gansmith.measure.gain import Gain, Pool, Size, measure_size, sizes_for
from gansmith.measure.minimum import too_few
from gansmith.verbs.filtering import Collected
from gansmith.verbs.sides import Progress, Samples
from gansmith.verbs.suited import Plan


@dataclass(frozen=True)
class Measured:
    """What the images are worth: `sizes` as `measure.gain` found them, on `tested` real images, none learnt from.

    ratio: synthetic images per real one; flips: whether classic augmentation mirrored images, beside shifting them.
    generator_saw: real images the run learnt from. fair: whether the last of `sizes` has real images enough that the
    classifier saw all that the generator saw; all others are a gift of the generator's. complete: not stopped early.
    """

    sizes: tuple[Size, ...]
    tested: int
    ratio: float
    repeats: int
    flips: bool
    generator_saw: int
    fair: bool
    complete: bool = True

    def verdict(self) -> Iterator[str]:
        """In words, the fair row first."""
        for size in self.sizes:
            whom = f"{size.real:,} real images" + (f" ({size.per_class} per class)" if size.per_class else "")
            alone, beside = size.gains["synthetic"], size.gains["synthetic beside classic"]
            said = f"{_in_words(alone)} alone, {_in_words(beside)} beside classic augmentation"
            gift = "" if self.fair and size.per_class is None else f"; a gift: the generator saw {self.generator_saw:,}"
            yield f"{whom}: {said}{gift}"


def tests_for(plan: Plan, test: str | Path | None, progress: Progress) -> tuple[Samples | None, list[str]]:
    """Labelled images that neither the classifiers nor the generator learn from, and what should be known of them.

    None where they cannot be had, the reason being the last of what should be known. Raises UsageError where `test` is
    of other classes.
    """
    spec, notes = plan.dataset.spec, list[str]()
    labels = plan.train.labels
    if labels is None or len(np.unique(labels)) < 2:
        return None, ["not measured: without two classes there is nothing to classify"]
    samples = plan.held
    if test is not None:
        options = plan.model.config.options.changed(
            layout="plain", size=spec.shape[1:], channels=spec.shape[0], holdout=0.0
        )
        other = open_data(test, options, progress=progress)
        if other.labels is None or not set(other.spec.classes) <= set(spec.classes):
            known = f"they must be of {', '.join(spec.classes[:5])}{', ...' if len(spec.classes) > 5 else ''}"
            raise UsageError(f"{test} cannot be tested on: its labels are others.", known)
        numbers = np.array([spec.classes.index(name) for name in other.spec.classes], np.int64)
        samples = Samples(other.values, numbers[other.labels])
    learnt = prints(plan.train) | (set() if plan.seen is None or plan.own else prints(plan.seen))
    fresh = np.array([print_ not in learnt for print_ in _prints(samples)], bool)
    if not fresh.all():
        notes.append(f"{int((~fresh).sum()):,} of {len(fresh):,} test images were trained on: left out")
        samples = samples.some(np.flatnonzero(fresh))
    if why := too_few("CAS", len(samples)):
        return None, [*notes, f"not measured: {why} to test on (--test DATA brings others)"]
    return samples, notes


def prints(samples: Samples) -> set[bytes]:
    """Digests of images: equal images, equal digests."""
    return set(_prints(samples))


def _prints(samples: Samples) -> Iterator[bytes]:
    return (hashlib.blake2b(np.ascontiguousarray(image).data, digest_size=16).digest() for image in samples.values)


def measured(
    plan: Plan,
    found: Collected,
    tests: Samples,
    flips: bool,
    progress: Progress,
    sizes: tuple[int | None, ...],
    ratio: float,
    repeats: int,
    seed: int,
) -> Measured:
    """Train and test at all of `sizes`. `progress` may raise KeyboardInterrupt: what was measured before stays."""
    train = plan.train
    assert train.labels is not None and tests.labels is not None
    parts = (train.values, found.images, tests.values)
    values = np.concatenate(parts)
    starts = np.cumsum([0, *map(len, parts)])
    real, synthetic, test = (np.arange(begin, end) for begin, end in pairwise(starts))
    labels = np.concatenate([train.labels, found.labels, tests.labels])

    def take(rows: NDArray[np.int64]) -> torch.Tensor:
        return as_floats(gathered(values, rows))

    pool = Pool(take, labels, len(plan.classes), real, synthetic, test)

    def classic(images: torch.Tensor, chance: torch.Generator) -> torch.Tensor:
        moved = shifted(images, chance)
        return flipped(moved, chance) if flips else moved

    chosen = list(sizes_for(sizes, train.labels))
    total, done, results, complete = 4 * repeats * len(chosen), 0, list[Size](), True

    def watch(arm: str) -> None:
        nonlocal done
        progress(f"measuring the gain ({arm})", done, total)
        done += 1

    try:
        for size in chosen:
            results.append(
                measure_size(pool, size, ratio=ratio, repeats=repeats, classic=classic, seed=seed, watch=watch)
            )
    except KeyboardInterrupt:
        complete = False
    fair = None in chosen and plan.seen is not None and (plan.own or prints(plan.seen) <= prints(train))
    return Measured(tuple(results), len(tests), ratio, repeats, flips, plan.model.spec.count, fair, complete)


def _in_words(gain: Gain) -> str:
    return f"{gain.word} ({gain.points:+.1f} points, {gain.low:+.1f} to {gain.high:+.1f})"
