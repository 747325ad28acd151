"""naive-bayes: every pixel by itself, given the class; what a generator must beat to have learned anything of shape.

Given the class, values at different places are taken for independent (Lewis 1998); counting is all the learning.
"""

from __future__ import annotations

from functools import partial
from typing import Literal, cast

import torch
from pydantic import Field
from torch import Tensor

from gansmith.data.spec import DataSpec
from gansmith.families.conditions import labels_of
from gansmith.families.family import Family, Recipe
from gansmith.game.acts import Act
from gansmith.game.game import Game, Networks, Request, Step, players
from gansmith.game.settings import TrainingSettings
from gansmith.networks.counting import Counts

OPEN = 2  # added to the seed: pixels are drawn independently of the classes
CHUNK = 64  # images drawn at once


class NaiveBayesSettings(TrainingSettings):
    """There is little to choose where one only counts."""

    batch: int = Field(256, ge=1, le=65_536, description="images per step")
    values: Literal["levels", "normal"] = Field(
        "levels", description="what the values at a place are taken for: any of the levels, or normally distributed"
    )
    levels: int = Field(32, ge=2, le=256, description="steps of brightness that are told apart")
    smoothing: float = Field(0.01, gt=0, description="times each step counts as seen before any image was (Laplace)")


def build(settings: NaiveBayesSettings, spec: DataSpec, images: int) -> Game:
    counts = Counts(spec.shape, max(1, len(spec.classes)), settings.levels)
    return Game(
        networks=players(generator=counts),
        turns=(),
        draw=partial(draw, settings=settings, spec=spec),
        optimizers={},
        acts=(Act(images),),
        rules=(count,),
        averaged=(),
    )


def count(networks: Networks, step: Step) -> None:
    """After each step, remember what was seen."""
    batch = step.batch
    label = (
        torch.zeros(len(batch), dtype=torch.int64, device=batch.image.device) if batch.label is None else batch.label
    )
    cast(Counts, networks["generator"]).count(batch.image, label)


def draw(networks: Networks, request: Request, *, settings: NaiveBayesSettings, spec: DataSpec) -> Tensor:
    """Samples of the labels asked for, or of labels by their share of the data; latents mean nothing here."""
    counts = cast(Counts, networks["generator"])
    labels = labels_of(request, spec).to(counts.of.device)
    chance = torch.Generator().manual_seed((request.seed + OPEN) % 2**63)
    drawn = counts.drawn if settings.values == "levels" else counts.normals
    return torch.cat([drawn(some, settings.smoothing, chance) for some in torch.split(labels, CHUNK)])


def recipe(spec: DataSpec) -> Recipe:
    told = f"given one of {len(spec.classes)} classes" if spec.classes else "without classes"
    return Recipe(reasons=(f"naive Bayes, {told}: one pass over the data is all it can learn from",), passes=1)


NAIVE_BAYES = Family(
    "naive-bayes",
    "every pixel by itself, given the class",
    NaiveBayesSettings,
    recipe,
    build,
    kinds=("images",),
    conditions=("label",),
    paper="Lewis 1998",
    data="images; in classes, where there are any",
)
