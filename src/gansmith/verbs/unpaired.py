"""What only a translator without pairs can be asked: whether its images come back, and what it leaves alone."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from gansmith.data.dataset import Dataset
from gansmith.measure.bootstrap import NORMAL
from gansmith.measure.score import Score
from gansmith.runs.model import Model

Progress = Callable[[str, int, int], None]

FEWEST = 16  # held-out images of a side, below which training images are asked
MOST = 1000  # images of either side: each is translated three times
AT_ONCE = 2**21  # values translated between two reports of progress
OTHER = {"AtoB": "BtoA", "BtoA": "AtoB"}


def translation_errors(model: Model, dataset: Dataset, count: int, seed: int, progress: Progress) -> list[Score]:
    """Of both sides, mean absolute differences (0..2, of values in [-1, 1]) over at most `count` images.

    cycle error: between an image and what comes back of it after both ways. identity error: between an image and what
    the translator to its own side makes of it. change: between an image and its translation; 0 is a translator that
    does nothing, and whose cycle error says nothing. Images are held-out ones where there are enough.
    """
    rows = {
        "AtoB": picked(dataset.source_train, dataset.source_held, count, seed),
        "BtoA": picked(dataset.train, dataset.held, count, seed),
    }
    sides = dict(zip(rows, dataset.spec.sides, strict=True))
    return [score for way in rows for score in of_side(model, dataset, rows[way], way, sides[way], progress)]


def of_side(
    model: Model, dataset: Dataset, rows: NDArray[np.int64], way: str, side: str, progress: Progress
) -> Iterator[Score]:
    """The three scores of one side's images; way: that leads away from it."""
    found: dict[str, list[Tensor]] = {"cycle error": [], "identity error": [], "change": []}
    step = max(1, AT_ONCE // math.prod(dataset.spec.shape))
    for start in range(0, len(rows), step):
        progress(f"translating {side} and back", start, len(rows))
        image = dataset.tensor(rows[start : start + step])
        there = translated(model, image, way)
        found["change"].append(apart(there, image))
        found["cycle error"].append(apart(translated(model, there, OTHER[way]), image))
        found["identity error"].append(apart(translated(model, image, OTHER[way]), image))
    progress(f"translating {side} and back", len(rows), len(rows))
    for name, errors in found.items():
        yield mean_of(torch.cat(errors), f"{name} of {side}", "above 0" if name == "change" else "low")


def translated(model: Model, image: Tensor, way: str) -> Tensor:
    """Images (N, C, H, W), as they would be saved: in [-1, 1], on the CPU."""
    return model.draw(len(image), given={"source": image}, way=way).clamp(-1, 1)


def apart(a: Tensor, b: Tensor) -> Tensor:
    """(N,) mean absolute difference of two stacks of images."""
    return (a - b).abs().flatten(1).mean(1)


def mean_of(errors: Tensor, name: str, better: str) -> Score:
    """A mean (N,) with its 95 % interval."""
    n, value = len(errors), float(errors.mean())
    if n < 2:
        return Score(name, value, n, better=better)
    reach = NORMAL * float(errors.std()) / math.sqrt(n)
    return Score(name, value, n, "", max(0.0, value - reach), value + reach, better=better)


def picked(train: NDArray[np.int64], held: NDArray[np.int64], count: int, seed: int) -> NDArray[np.int64]:
    """At most `count` rows of a side, at random."""
    pool = held if len(held) >= FEWEST else train
    return np.random.default_rng(seed).permutation(pool)[: min(count, MOST)]
