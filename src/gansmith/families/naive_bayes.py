"""naive-bayes: every pixel by itself, given the class; what a generator must beat to have learned anything of shape.

Given the class, values at different places are taken for independent (Lewis 1998); counting is all the learning.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import Literal, cast

import torch
from pydantic import Field
from torch import Tensor, nn

from gansmith.data.spec import DataSpec
from gansmith.families.conditions import labels_of
from gansmith.families.family import Family, Recipe
from gansmith.families.portable import ROWS, Input, Portable, labels
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


class Tabled(Portable):
    """Labels, and for each place the chance that decides it: uniform in [0, 1), or standard normal."""

    below: Tensor

    def __init__(self, networks: Networks, settings: NaiveBayesSettings, spec: DataSpec) -> None:
        uniform = settings.values == "levels"
        kind = "uniform in [0, 1)" if uniform else "standard normal"
        shape = tuple(spec.shape)

        def example(count: int, chance: torch.Generator) -> Tensor:
            return (torch.rand if uniform else torch.randn)(count, *shape, generator=chance)

        words = f"(N, {', '.join(map(str, shape))}) float32, {kind}"
        super().__init__(
            networks["generator"],
            [labels(spec), Input("chance", "chance" if uniform else "normal", words, example, ROWS)],
        )
        counts = cast(Counts, self.generator)
        likely = counts.probabilities(torch.arange(len(counts.of)), settings.smoothing)
        self.uniform, self.shape, self.levels = uniform, shape, counts.levels
        for name, table in {"likely": likely, "below": likely.cumsum(2) - likely}.items():
            self.register_buffer(name, table)
        self.generator = nn.Identity()  # its counts are in the tables

    def forward(self, *given: Tensor) -> Tensor:
        label, chance = given[0], given[1].flatten(1)
        likely, below = self.get_buffer("likely")[label], self.below[label]
        if self.uniform:
            level = (below <= chance[:, :, None]).sum(2, keepdim=True) - 1  # the last that begins before it
            into = (chance[:, :, None] - below.gather(2, level)) / likely.gather(2, level)
            made = (level + into.clamp(0, 1))[:, :, 0] * (2 / self.levels) - 1
        else:
            mean, deviation = Counts.moments(likely)
            made = (mean + deviation * chance).clamp(-1, 1)
        return made.view(-1, *self.shape)

    def request(self, given: Sequence[Tensor]) -> None:
        return None


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
    portable=Tabled,
    paper="Lewis 1998",
    data="images; in classes, where there are any",
)
