"""How directions are looked for among a model's latents: by weights, from examples, or from the data's own labels."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any, Literal, get_args

import numpy as np
import torch
from PIL import Image
from torch import Tensor

from gansmith.data.open import open_data
from gansmith.editing.boundary import KINDS, NORMALS
from gansmith.editing.breadth import breadth
from gansmith.editing.components import factorised, principal
from gansmith.editing.coordinates import coordinates, points_at
from gansmith.editing.directions import MEASURED, Direction, direction, moved
from gansmith.editing.examples import Classifier, classifier_from, classifier_of, rising, strength_of
from gansmith.editing.layers import early, first_weights
from gansmith.editing.space import Space
from gansmith.errors import UsageError, closest
from gansmith.families import family
from gansmith.runs import directions as files
from gansmith.runs.model import Model
from gansmith.runs.pictures import grid, to_uint8
from gansmith.verbs.codes import factors_of
from gansmith.verbs.encode import Watcher
from gansmith.verbs.groups import Group
from gansmith.verbs.seeds import conditions_of_seed

Method = Literal["sefa", "pca", "examples", "labels"]
METHODS: tuple[Method, ...] = get_args(Method)
By = Literal["auto", "pictures", "mean", "logistic", "svm"]
WAYS: tuple[By, ...] = ("auto", "pictures", *KINDS)

SURE = 0.9  # share of held-out examples that latents must tell right to be learnt from: pictures let more slip in
LEAST, TOLD = 3, 250  # examples of a side: without which nothing is told, and most of a label that are read
POOL, READ = 4000, 500  # samples that a classifier of pictures reads, and at once
TRIED = 256  # samples a strength is tried on
MAPS = 512  # samples whose early maps, or means, are compared
SLOPES = 32  # samples whose mean slope says how a first layer is entered
POOL_SEED, TRIED_SEED = 2**31, 2**31 + 1  # far from those people look at
SPREAD, SPREAD_AT = 256, 8  # coordinates that are tried one by one, and samples they are tried at
SHOWN, REACH = 4, 3  # latents on a strip, and standard deviations to its ends
STEPS = tuple(range(-REACH, REACH + 1))


@dataclass(frozen=True)
class Search:
    """Where directions are looked for: a model's space, and what its samples are asked to be."""

    model: Model
    space: Space
    asked: Mapping[str, Any]
    watch: Watcher

    def samples(self, count: int, seed: int) -> tuple[Tensor, dict[str, Tensor]]:
        """Points (count, *shape), and their conditions."""
        given = conditions_of_seed(self.model, count, seed, self.asked)
        return self.space.points(count, seed, given), given

    def unnamed(self, method: Method, count: int, name: str) -> list[Direction]:
        """The `count` directions that change most by SeFa or GANSpace, or as many as there are."""
        most = min(count, self.space.centre.numel())
        points, given = self.samples(MAPS if method == "pca" else SLOPES, POOL_SEED)
        coords = coordinates(self.space, points)

        def draw(part: Tensor, rows: Mapping[str, Tensor] = given) -> Tensor:
            return self.space.images(points_at(self.space, part), rows)

        if method == "sefa":
            vectors = factorised(first_weights(draw, coords), most)
        elif self.space.prior:
            maps = early(draw, coords)
            vectors = principal(coords, maps, min(most, maps.shape[1]))
        else:
            vectors = principal(coords, coords, most)
        made = {"method": method}
        return [self.along(f"{name}{place}", vector, made) for place, vector in enumerate(vectors, 1)]

    def breadth(self) -> float | None:
        """How many of its latents the generator uses, where they are few enough to be tried one by one."""
        size = self.space.centre.numel()
        if size > SPREAD:
            return None
        points, given = self.samples(SPREAD_AT, POOL_SEED)
        one = {condition: value[:1].expand(size, *value.shape[1:]) for condition, value in given.items()}
        return breadth(
            lambda part: self.space.images(points_at(self.space, part), one), coordinates(self.space, points)
        )

    def along(self, name: str, vector: Tensor, made: Mapping[str, Any], **further: Any) -> Direction:
        given = conditions_of_seed(self.model, MEASURED, 0, self.asked)
        return direction(name, vector, self.space, given, made={**made, **self.asked}, **further)

    def told_apart(self, name: str, have: Group, lack: Group, by: By) -> Direction:
        """The direction that leads from what lacks it to what has it.

        auto: by latents alone where they tell held-out examples apart, as of the slant of digits, for then nothing that
        merely looks alike comes along; by pictures where they cannot.
        """
        labels = torch.arange(len(have.images) + len(lack.images)) < len(have.images)
        found = classifier_of(torch.cat([have.images, lack.images]), labels)
        coords = None
        if have.points is not None and lack.points is not None:
            coords = coordinates(self.space, torch.cat([have.points, lack.points]))
        if by == "auto":
            latents = classifier_of(coords[:, :, None, None], labels) if coords is not None else None
            by = "logistic" if latents and latents.accuracy >= SURE else "pictures"
        made = {
            **{"method": "examples", "by": by, "with": have.text, "without": lack.text},
            "examples": [len(have.images), len(lack.images)],
        }
        if by == "pictures":
            return self.followed(name, found, made)
        if coords is None:
            raise UsageError(
                "Latents of these images are not known.",
                "they are pictures, and this run has no encoder",
                "--by pictures, or gansmith invert, and its latents.npz",
            )
        vector = NORMALS[by](coords, labels)
        return self.along(name, vector, {**made, "accuracy": found.accuracy}, classifier=found.tensors())

    def followed(self, name: str, found: Classifier, made: Mapping[str, Any]) -> Direction:
        """The direction along which samples look ever more as a classifier wants them."""
        points, given = self.samples(POOL, POOL_SEED)
        scores: list[Tensor] = []
        for rows in torch.split(torch.arange(POOL), READ):
            self.watch({"progress": (f"reading samples for {name}", int(rows[0]), POOL)})
            some = {condition: value[rows] for condition, value in given.items()}
            scores.append(found(self.space.images(points[rows], some)))
        vector = rising(coordinates(self.space, points), torch.cat(scores), normal=bool(self.space.prior))
        return self.along(name, vector, {**made, "accuracy": found.accuracy}, classifier=found.tensors())

    def labelled(self, wanted: str | None) -> Iterator[Direction]:
        """A direction for each class of the run's data, or each factor that is yes or no; for the wanted one alone."""
        conditional = "label" in family(self.model.config.family).conditions and bool(self.model.spec.classes)
        if conditional and self.space.prior:
            raise UsageError(
                f"Classes are no places among the latents of {self.model.run}.",
                "it is told the class of each sample, and its latents hold the rest",
                "gansmith sample --label, or --method examples with --label",
            )
        if conditional:
            yield from self.by_means(wanted)
            return
        source, options = self.model.config.source, self.model.config.options
        dataset = open_data(source, options, progress=lambda *told: self.watch({"progress": told}))
        factors = factors_of(source, dataset, dataset.train)
        sides = {plain(name): values == 1 for name, values in factors.items() if set(np.unique(values)) == {0, 1}}
        if dataset.labels is not None:
            labels = dataset.labels[dataset.train]
            sides |= {plain(name): labels == place for place, name in enumerate(dataset.spec.classes)}
        sides = {name: has for name, has in sides.items() if min(has.sum(), (~has).sum()) >= LEAST}
        for name, has in chosen(sides, wanted, self.model.run).items():
            rows = [dataset.train[side][:TOLD] for side in (has, ~has)]
            images = dataset.tensor(np.concatenate(rows))
            found = classifier_of(images, torch.arange(len(images)) < len(rows[0]))
            yield self.followed(name, found, {"method": "labels", "examples": [len(rows[0]), len(rows[1])]})

    def by_means(self, wanted: str | None) -> Iterator[Direction]:
        """Of styles that know their class: the mean of each less the mean of all."""
        classes = {plain(name): place for place, name in enumerate(self.model.spec.classes)}
        means = []
        for place in classes.values():
            label = torch.full((MAPS,), place)
            means.append(coordinates(self.space, self.space.points(MAPS, POOL_SEED, {"label": label})).mean(0))
        middle = torch.stack(means).mean(0)
        for name, place in chosen(classes, wanted, self.model.run).items():
            yield self.along(name, means[place] - middle, {"method": "labels", "class": self.model.spec.classes[place]})

    def measured(self, one: Direction) -> Direction:
        """The direction with the strength it takes, where something can tell."""
        if not one.classifier:
            return one
        points, given = self.samples(TRIED, TRIED_SEED)
        strength = strength_of(self.space, one, classifier_from(one.classifier), points, given)
        return replace(one, strength=strength)

    def strip(self, one: Direction) -> Image.Image:
        """The first samples of a seed, a row each, from -3 to +3 standard deviations along it."""
        points, given = self.samples(SHOWN, 0)
        rows = {name: value.repeat_interleave(len(STEPS), 0) for name, value in given.items()}
        walked = [moved(self.space, points, [(one, float(step))]) for step in STEPS]
        every = torch.stack(walked, 1).flatten(0, 1)
        return grid(to_uint8(self.space.images(every, rows)), len(STEPS))


def plain(name: str) -> str:
    """A class's name as a direction can have it."""
    word = re.sub(r"\W+", "_", name, flags=re.ASCII).strip("_")
    return word if files.NAME.fullmatch(word) else f"class_{word}"[:64]


def chosen(known: Mapping[str, Any], wanted: str | None, run: str) -> dict[str, Any]:
    """What is known, or the wanted one alone. Raises UsageError where there is none."""
    if not known:
        raise UsageError(
            f"The data of {run} has no labels.", "nor factors that are yes or no", "--method examples with your own"
        )
    if wanted is None:
        return dict(known)
    if wanted not in known:
        raise UsageError(f"The data of {run} knows no '{wanted}'.", do=closest(wanted, known))
    return {wanted: known[wanted]}
