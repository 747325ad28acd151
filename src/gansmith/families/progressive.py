"""progressive: networks that begin at a few pixels and grow to full size while they learn (Karras et al. 2018)."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, cast

from pydantic import Field, field_validator
from torch import Tensor

from gansmith.data.spec import DataSpec
from gansmith.errors import UsageError
from gansmith.families.family import Family, Recipe
from gansmith.families.portable import Portable, latents
from gansmith.game.acts import Act
from gansmith.game.adversarial import adversarial, pretraining
from gansmith.game.game import Duel, Game, Networks, Sample, Step, noise
from gansmith.game.packing import packed_shape
from gansmith.game.schedules import Schedule
from gansmith.game.settings import AdversarialSettings
from gansmith.networks.progressive import (
    Grid,
    ProgressiveDiscriminator,
    ProgressiveGenerator,
    Stage,
    at_stage,
    sizes_of,
)

FEWEST = 4  # images per step: the deviation within a batch is that of so many


@dataclass(frozen=True)
class Phase:
    """An act on one level's grid: fading it in, or, once that is done, settling on it."""

    act: Act
    level: int
    fading: bool


class ProgressiveSettings(AdversarialSettings):
    """The paper's appendix A.1, with networks for a laptop; `width=16 widest=512 z=512` at 1024 pixels is Table 2."""

    objective: str = Field("wasserstein", description=AdversarialSettings.model_fields["objective"].description)
    penalty: str = Field("gp", description=AdversarialSettings.model_fields["penalty"].description)
    gamma: float = Field(10.0, ge=0, description=AdversarialSettings.model_fields["gamma"].description)
    drift: float = Field(1e-3, ge=0, description=AdversarialSettings.model_fields["drift"].description)
    minibatch_std: bool = Field(True, description=AdversarialSettings.model_fields["minibatch_std"].description)
    lr: float = Field(1e-3, gt=0, le=1, description="learning rate of both networks at the start")
    beta1: float = Field(0.0, ge=0, lt=1, description="Adam's momentum")
    beta2: float = Field(0.99, gt=0, lt=1, description="Adam's memory of squared gradients at the start")
    ema: float = Field(
        10.0, ge=0, description="half-life of the generator's average, in thousand images (0: no average)"
    )
    batch: int = Field(
        64, ge=1, le=65_536, description="images per step at full size; smaller images come in larger ones"
    )
    width: int = Field(16, ge=1, le=4096, description="channels at full size, doubled at every halving")
    widest: int = Field(256, ge=1, le=8192, description="the most channels")
    growth: float = Field(
        0.5, gt=0, lt=1, description="share of the training, in images, until they are wholly of full size"
    )

    @field_validator("history")
    @classmethod
    def _of_one_size(cls, share: float) -> float:
        if share:
            raise UsageError("A history of fakes keeps images of one size, and these grow.", do="leave out history=")
        return share


def build(settings: ProgressiveSettings, spec: DataSpec, images: int) -> Game:
    shape = cast(tuple[int, int, int], spec.shape)
    shown = cast(tuple[int, int, int], packed_shape(shape, settings.pack))
    networks = {
        "generator": ProgressiveGenerator(shape, settings.z, settings.width, settings.widest),
        "discriminator": ProgressiveDiscriminator(
            shown, settings.width, settings.widest, spread=settings.minibatch_std
        ),
    }
    course = phases(settings, shape, images)
    game = adversarial(
        settings,
        networks,
        [duel(settings, shape)],
        images,
        shape,
        acts=[phase.act for phase in course],
        dials={"stage": stage_along(course, pretraining(settings))},
    )
    return replace(game, made_at=made_at)


def duel(settings: ProgressiveSettings, shape: Sequence[int]) -> Duel:
    """Of the size of the step's stage; reals are faded as fakes are."""

    def fake(networks: Networks, step: Step) -> Sample:
        latent = noise(len(step.batch), settings.z, settings.prior).to(step.batch.image.device)
        return Sample(networks["generator"](latent, grown(networks, step)))

    return Duel(
        fake,
        lambda networks, step: Sample(at_stage(step.batch.image, shape, grown(networks, step))),
        lambda networks, sample, step: networks["discriminator"](sample.one, grown(networks, step)),
        together=not settings.minibatch_std,
    )


def grown(networks: Networks, step: Step) -> Stage:
    """The stage of a step, kept by the networks it moves on; without its dial, the one they have reached."""
    stage = step.dials.get("stage")
    if stage is None:
        return Stage.of(float(networks["generator"].get_buffer("stage")))
    for name in ("generator", "discriminator"):
        networks[name].get_buffer("stage").fill_(stage)
    return Stage.of(stage)


def phases(settings: ProgressiveSettings, shape: Sequence[int], images: int) -> list[Phase]:
    """The coarsest size, then for each finer one a fade and a rest, all equally long; the last rest takes what is left.

    Equal in images, as published: since a pixel costs about the same at any size, that leaves most of the time to the
    largest.
    """
    sizes, begin = sizes_of(shape), pretraining(settings)
    batches = [settings.batch * usual_batch(size) // usual_batch(sizes[-1]) for size in sizes]
    ready = min(images, -(-begin // batches[0]) * batches[0])  # the discriminator's head start ends with a whole step
    each = settings.growth * (images - ready) / max(1, 2 * len(sizes) - 2)
    course: list[Phase] = []
    for number in range(2 * len(sizes) - 1):
        level, fading, last = (number + 1) // 2, number % 2 == 1, number == 2 * len(sizes) - 2
        batch = batches[level]
        ready = images if last else ready + int(each // batch) * batch
        name = f"{'to ' if fading else ''}{sizes[level][0]} x {sizes[level][1]}"
        size = None if level == len(sizes) - 1 else sizes[level]
        act = Act(ready - begin, name, size=size, batch=batch, fresh=True)
        course += [Phase(act, level, fading)] if act.images or last else []
        begin = ready
    return course


def usual_batch(size: Grid) -> int:
    """128 images up to 16 pixels, 64 at 32, 32 at 64, to 4 at 512: as the authors' code has it, for one GPU."""
    return 2 ** min(7, max(2, round(11 - math.log2(math.prod(size)) / 2)))


def stage_along(course: Sequence[Phase], begin: int) -> Schedule:
    """Images seen -> the stage; in a fade it counts the images of the step to come, so that it is never the old one."""

    def stage(seen: int) -> float:
        end = begin
        for phase in course:
            start, end = end, end + phase.act.images
            if seen < end:
                come = (seen - start + (phase.act.batch or 1)) / phase.act.images if phase.fading else 1.0
                return phase.level - 1 + min(1.0, come)
        return float(course[-1].level)

    return stage


def made_at(networks: Networks) -> tuple[Grid, Grid]:
    """(height, width) that samples have wholly grown to, and the one they are made at while it fades in."""
    generator = cast(ProgressiveGenerator, networks["generator"])
    sizes, (level, alpha) = sizes_of(generator.shape), Stage.of(float(generator.stage))
    return sizes[level if alpha is None else level - 1], sizes[level]


class Grown(Portable):
    """The generator as far as it has grown, for good."""

    def __init__(self, networks: Networks, settings: Any, spec: DataSpec) -> None:
        super().__init__(networks["generator"], [latents(settings)])
        self.stage = Stage.of(float(networks["generator"].get_buffer("stage")))

    def forward(self, *given: Tensor) -> Tensor:
        return cast(ProgressiveGenerator, self.generator).drawn(given[0], self.stage)


def recipe(spec: DataSpec) -> Recipe:
    sizes = sizes_of(spec.shape)
    growing = ", ".join(f"{height} x {width}" for height, width in sizes)
    return Recipe(
        {"batch": max(FEWEST, usual_batch(sizes[-1]) // 4), "lr": 3e-3},
        (
            f"images grow: {growing}; each size fades in and then rests, half of the training in all",
            "a quarter of the published batches and three times the learning rate: theirs are for millions of images",
        ),
        augment_beyond=100,
    )


PROGRESSIVE = Family(
    "progressive",
    "GAN that grows from a few pixels to full size",
    ProgressiveSettings,
    recipe,
    build,
    kinds=("images",),
    paper="Karras et al. 2018",
    data="images",
    portable=Grown,
)
