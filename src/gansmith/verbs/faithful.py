"""How far generated samples show what their captions say, beside real ones that do."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from gansmith.data.dataset import Dataset
from gansmith.data.gather import as_floats, gathered
from gansmith.measure.retrieval import AMONG, Found, found, learn
from gansmith.measure.score import Score
from gansmith.networks.text import TextEncoder

MOST = 1000  # samples of either kind
LEARNT_FROM = 10_000
NAMES = (f"caption first of {AMONG}", f"caption's median rank of {AMONG}")
SIZE, WIDTH = 64, 96  # of the reader


def to_captions(
    dataset: Dataset, values: np.ndarray, rows: NDArray[np.int64], seed: int, progress: Callable[[str, int, int], None]
) -> list[Score]:
    """Whether samples (n, H, W, C) uint8 made for the captions of `rows` are known by them: see `measure.retrieval`.

    A small net learns the real pairs of the training; the floor, here a ceiling, is what held-out real pairs get.
    """
    captions = dataset.captions
    assert captions is not None
    chance = np.random.default_rng(seed)
    train, held = (chance.permutation(side) for side in (dataset.train, dataset.held))
    asked, real = rows[:MOST], held[:MOST]
    for what, told in {"generated": captions[asked], "held-out": captions[real]}.items():
        if len(distinct := np.unique(told, axis=0)) < AMONG:
            why = f"{len(distinct)} different captions of {what} samples are too few: {AMONG} are needed"
            return [Score(name, None, len(asked), why=why) for name in NAMES]
    learnt = train[:LEARNT_FROM]
    matcher = learn(
        lambda picks: _images(dataset.values, learnt[picks.numpy()]),
        torch.from_numpy(captions[learnt]),
        lambda: TextEncoder(SIZE, WIDTH),
        SIZE,
        seed=seed,
        watch=lambda done, total: progress("learning what captions say of real images", done, total),
    )

    def judged(images: np.ndarray, picks: NDArray[np.int64], told: np.ndarray) -> Found:
        return found(matcher, lambda some: _images(images, picks[some.numpy()]), torch.from_numpy(told), seed=seed)

    of_fakes = judged(values, np.arange(len(asked)), captions[asked])
    of_reals = judged(dataset.values, real, captions[real])
    n, (first, median) = len(asked), NAMES
    return [
        Score(first, of_fakes.first, n, "", *of_fakes.around, floor=of_reals.first, better="high"),
        Score(median, of_fakes.median, n, floor=of_reals.median, better="low"),
    ]


def _images(values: np.ndarray, rows: NDArray[np.int64]) -> Tensor:
    return as_floats(gathered(values, rows))
