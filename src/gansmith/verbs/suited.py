"""A run and the images it may add to: brought to one size, their classes matched, and what was trained on known."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np
import torch

from gansmith.data.dataset import Dataset
from gansmith.data.open import open_data
from gansmith.errors import GansmithError, UsageError, closest
from gansmith.runs.model import Model
from gansmith.verbs.filtering import Images, Labels
from gansmith.verbs.sides import Progress, Samples, conditional, drawn


@dataclass(frozen=True)
class Plan:
    """A run, the data, and how they fit: `told`: whether the run is told classes; `seen`: what it was trained on.

    labels_of: the run's number of each of the data's classes. own: whether the data are those the run was trained on.
    """

    model: Model
    dataset: Dataset
    told: bool
    labels_of: Labels
    seen: Samples | None
    own: bool

    @cached_property
    def train(self) -> Samples:
        return Samples(self.dataset.values, self.dataset.labels).some(self.dataset.train)

    @cached_property
    def held(self) -> Samples:
        return Samples(self.dataset.values, self.dataset.labels).some(self.dataset.held)

    @property
    def known(self) -> Samples:
        """All real images that nothing generated may repeat, without labels."""
        if self.own or self.seen is None:
            return Samples(self.train.values)
        return Samples(np.concatenate([self.train.values, self.seen.values]))

    @property
    def classes(self) -> tuple[str, ...]:
        return self.dataset.spec.classes if self.dataset.labels is not None else ("",)

    def draw(self, seed: int, count: int, labels: Labels | None) -> Images:
        given = {} if labels is None else {"label": torch.from_numpy(self.labels_of[labels])}
        return drawn(self.model, count, seed, lambda what, done, total: None, given)


def fitted(model: Model, data: str | Path, progress: Progress) -> Plan:
    """The data in the run's size and channels, and how classes match. Raises UsageError where they cannot."""
    spec, options = model.spec, model.config.options
    if spec.kind != "images" or conditional(model.config.family, "source"):
        what = "points, not images" if spec.kind != "images" else "images from others, not from chance"
        raise UsageError(f"{model.run} has nothing to add to training images.", f"it makes {what}")
    plain = options.changed(layout="plain")
    dataset = open_data(data, plain, progress=progress)
    if dataset.spec.kind != "images":
        raise UsageError(f"{data} holds {dataset.spec.kind}, {model.run} makes images.", do="a folder of images")
    if dataset.spec.shape != spec.shape:
        dataset = open_data(data, plain.changed(size=spec.shape[1:], channels=spec.shape[0]), progress=progress)
    told = conditional(model.config.family, "label") and bool(spec.classes)
    own = dataset.spec.same_as(spec)
    return Plan(model, dataset, told, _numbers(model, dataset, data, told), _seen(model, dataset, own, progress), own)


def _numbers(model: Model, dataset: Dataset, data: str | Path, told: bool) -> Labels:
    """The run's number of each class of the data."""
    if not told:
        return np.arange(max(1, len(dataset.spec.classes)))
    known, named = model.spec.classes, dataset.spec.classes
    if dataset.labels is None:
        raise UsageError(
            f"{data} has no labels, and {model.run} is told which class to make.",
            "classes are a sub-folder each, or a column 'label' of metadata.csv",
            "the data it was trained on, or a run that knows no classes",
        )
    if foreign := [name for name in named if name not in known]:
        raise UsageError(f"{model.run} knows no class '{foreign[0]}' of {data}.", do=closest(foreign[0], known))
    return np.array([known.index(name) for name in named], np.int64)


def _seen(model: Model, dataset: Dataset, own: bool, progress: Progress) -> Samples | None:
    """What the run was trained on, where that is still there."""
    if not own:
        try:
            dataset = open_data(model.config.source, model.config.options, progress=progress)
        except (GansmithError, OSError):
            return None
        if not dataset.spec.same_as(model.spec):
            return None
    return Samples(dataset.values).some(dataset.train)
