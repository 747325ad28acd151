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
    """For both ways, mean absolute differences (0..2, of values in [-1, 1]) over at most `count` images of a side.

    cycle error: between an image and what comes back of it after both ways. identity error: between an image and what
    the translator to its own side makes of it. change: between an image and its translation; 0 is a translator that
    does nothing, and whose cycle error says nothing. Images are held-out ones where there are enough.
    """
    sides = {
        "AtoB": picked(dataset.source_train, dataset.source_held, count, seed),
        "BtoA": picked(dataset.train, dataset.held, count, seed),
    }
    return [score for way, rows in sides.items() for score in one_way(model, dataset, rows, way, progress)]


def one_way(model: Model, dataset: Dataset, rows: NDArray[np.int64], way: str, progress: Progress) -> Iterator[Score]:
    """The three scores of one way, on the images it starts from."""
    found: dict[str, list[Tensor]] = {"cycle error": [], "identity error": [], "change": []}
    step = max(1, AT_ONCE // math.prod(dataset.spec.shape))
    for start in range(0, len(rows), step):
        progress(f"translating {way} and back", start, len(rows))
        image = dataset.tensor(rows[start : start + step])
        there = translated(model, image, way)
        found["change"].append(apart(there, image))
        found["cycle error"].append(apart(translated(model, there, OTHER[way]), image))
        found["identity error"].append(apart(translated(model, image, OTHER[way]), image))
    progress(f"translating {way} and back", len(rows), len(rows))
    for name, errors in found.items():
        better = "above 0" if name == "change" else "low"
        # The translator to A is the one that should leave A alone.
        yield mean_of(torch.cat(errors), f"{name} {OTHER[way] if name == 'identity error' else way}", better)


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
