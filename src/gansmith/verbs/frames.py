"""Moments of a training made visible: samples of the same latents as ever, and how far they are from held-out ones."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from PIL import Image

from gansmith.data.dataset import Dataset
from gansmith.data.spec import DataSpec
from gansmith.game.game import Networks, Request
from gansmith.measure.sliced import flat, sliced_wasserstein
from gansmith.runs.pictures import grid, save_png, scatter, to_uint8
from gansmith.runs.state import Training

FRAMES, SHOWN, COMPARED = 40, 36, 256
CLASSES = 12  # at most so many rows of a picture
TRANSLATED = 2**21  # values in all: a translation costs more than a sample, and large ones take seconds


def frame_due(seen: int, batch: int, total: int) -> bool:
    """Whether a step just crossed one of the FRAMES moments of a training, denser at its start."""

    def moment(images: int) -> int:
        return math.floor(FRAMES * min(1.0, images / total) ** 0.6)

    return moment(seen) > moment(seen - batch)


def sampled(training: Training) -> Networks:
    """The networks people get pictures from: averages where they are kept."""
    return {**dict(training.game.networks.items()), **dict(training.averages.networks.items())}


@torch.no_grad()
def draw(
    training: Training, count: int, seed: int = 0, given: Mapping[str, torch.Tensor] | None = None
) -> torch.Tensor:
    """Samples in the middle of training, leaving no trace: eval mode, own randomness. given: their conditions."""
    networks = training.game.networks
    modes = {module: module.training for module in networks.modules()}
    networks.eval()
    samples = training.game.draw(sampled(training), Request(count, seed, given=given or {})).cpu()
    for module, mode in modes.items():
        module.training = mode
    return samples


def judges(dataset: Dataset) -> np.ndarray:
    """The rows samples are compared with: held-out ones, or training ones where too few are held out."""
    rows = dataset.held if len(dataset.held) >= 16 else dataset.train
    return spread(rows, affordable(dataset.spec, COMPARED))


def affordable(spec: DataSpec, count: int) -> int:
    """At most `count` samples; of translations so many, 8 at least, as take a moment."""
    if spec.pairing == "none":
        return count
    return max(8, min(count, TRANSLATED // math.prod(spec.shape)))


def spread(rows: np.ndarray, count: int) -> np.ndarray:
    """At most `count` of some rows from first to last: data often lies sorted by class."""
    return rows[np.linspace(0, len(rows) - 1, min(count, len(rows))).astype(np.int64)]


def distance(samples: torch.Tensor, dataset: Dataset) -> float | None:
    """Sliced Wasserstein distance of samples to as many of `judges`; None where samples are not finite."""
    rows = judges(dataset)
    apart = sliced_wasserstein(flat(dataset.tensor(rows)), flat(samples[: len(rows)]))
    return apart if math.isfinite(apart) else None


def classes_shown(spec: DataSpec, told: Sequence[str]) -> list[int]:
    """The classes that have a row each in a picture, where samples are made for classes: all, or CLASSES of many."""
    if "label" not in told or spec.captions:
        return []
    return spread(np.arange(len(spec.classes)), CLASSES).tolist() if spec.classes else []


def exhibit(training: Training, classes: Sequence[int]) -> torch.Tensor:
    """SHOWN samples or a few more, as many of each class, class after class."""
    each = math.ceil(SHOWN / len(classes))
    return draw(training, each * len(classes), given={"label": torch.tensor(classes).repeat_interleave(each)})


def picture(
    shown: torch.Tensor,
    dataset: Dataset,
    path: Path,
    recipe: Mapping[str, Any],
    points: torch.Tensor,
    rows: int | None = None,
) -> np.ndarray | None:
    """Write samples as a grid (of `rows`), or points as a scatter beside real ones; returns a thumbnail's images."""
    if dataset.spec.kind == "points":
        beside = spread(dataset.held if len(dataset.held) >= COMPARED else dataset.train, max(len(points), COMPARED))
        real, fake = dataset.spec.in_units(dataset.tensor(beside).numpy()), dataset.spec.in_units(points.numpy())
        save_png(scatter(real, fake, dataset.spec.columns), path, recipe)
        return None
    save_png(sheet(shown, dataset, rows), path, recipe)
    return to_uint8(shown[:: max(1, len(shown) // 16) if rows else 1][:16])


def sheet(shown: torch.Tensor, dataset: Dataset, rows: int | None = None) -> Image.Image:
    """Samples as a grid (of `rows`); translations each with its source on the left and, of pairs, the truth beyond."""
    if dataset.source_of is None:
        return grid(to_uint8(shown), len(shown) // rows if rows else None)
    answers = np.resize(judges(dataset), len(shown))
    parts = [dataset.tensor(dataset.source_of[answers]), shown]
    if dataset.spec.pairing == "paired":
        parts.append(dataset.tensor(answers))
    each, (height, width) = len(parts), shown.shape[2:]
    across = max(1, round(math.sqrt(len(shown) * height / (each * width))))
    return grid(to_uint8(torch.stack(parts, dim=1).flatten(0, 1)), each * across)
