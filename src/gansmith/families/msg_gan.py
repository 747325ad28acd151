"""msg-gan: images of every size at once, judged together, with one schedule (Karnewar & Wang 2020)."""

from __future__ import annotations

import math
from typing import Self, cast

from pydantic import Field, model_validator

from gansmith.data.spec import DataSpec
from gansmith.errors import UsageError
from gansmith.families.family import Family, Recipe
from gansmith.game.adversarial import adversarial
from gansmith.game.game import Duel, Game, Networks, Sample, Step, noise
from gansmith.game.packing import packed_shape
from gansmith.game.settings import AdversarialSettings
from gansmith.networks.msg import MultiScaleDiscriminator, MultiScaleGenerator, at_every_size


class MSGSettings(AdversarialSettings):
    """The paper's values, the same for all data and sizes; what goes by the data is in `recipe`."""

    objective: str = Field(
        "relativistic-average-hinge", description=AdversarialSettings.model_fields["objective"].description
    )
    lr: float = Field(3e-3, gt=0, le=1, description="learning rate of both networks at the start")
    beta1: float = Field(0.0, ge=0, lt=1, description="Adam's momentum")
    beta2: float = Field(0.99, gt=0, lt=1, description="Adam's memory of squared gradients at the start")
    ema: float = Field(
        14.0, ge=0, description="half-life of the generator's average, in thousand images (0: no average)"
    )
    minibatch_std: bool = Field(
        True, description="show every block of the discriminator how far the samples of a batch lie apart"
    )
    width: int = Field(32, ge=2, le=1024, description="channels at 16 pixels, doubled per halving")
    d_width: int | None = Field(None, ge=2, le=1024, description="the same in the discriminator (default: as many)")

    @model_validator(mode="after")
    def _nothing_of_one_size(self) -> Self:
        if self.history:
            raise UsageError(
                "A history of fakes keeps images of one size.",
                why="here the discriminator sees every image at several",
                do="leave out history=",
            )
        return self


def build(settings: MSGSettings, spec: DataSpec, images: int) -> Game:
    shape = cast(tuple[int, int, int], spec.shape)
    shown = cast(tuple[int, int, int], packed_shape(shape, settings.pack))
    width = settings.d_width or settings.width
    networks = {
        "generator": MultiScaleGenerator(shape, settings.z, settings.width),
        "discriminator": MultiScaleDiscriminator(shown, width, spread=settings.minibatch_std),
    }
    return adversarial(settings, networks, [duel(settings)], images, shape)


def duel(settings: AdversarialSettings) -> Duel:
    """Fresh latents against the batch, both at every size."""

    def fake(networks: Networks, step: Step) -> Sample:
        latent = noise(len(step.batch), settings.z, settings.prior).to(step.batch.image.device)
        return Sample(cast(MultiScaleGenerator, networks["generator"]).images(latent))

    return Duel(
        fake=fake,
        real=lambda networks, step: Sample(at_every_size(step.batch.image)),
        judge=lambda networks, sample, step: networks["discriminator"](sample.images),
        together=True,
    )


def recipe(spec: DataSpec) -> Recipe:
    gamma = math.prod(spec.shape) / 400
    return Recipe(
        {
            **{"objective": "relativistic", "penalty": "r1+r2", "penalty_share": 0.25},
            **{"gamma": gamma, "gamma_end": gamma / 10, "batch": 32, "lr": 0.015, "lr_end": 0.0015},
        },
        (
            "images of every size at once, one schedule",
            "relativistic pairing with R1 + R2 over all sizes: the published hinge oscillates on small networks",
            "learning rate five times the published: narrow networks, and few steps",
        ),
        augment_beyond=100,
    )


MSG_GAN = Family(
    "msg-gan",
    "images of every size at once, judged together",
    MSGSettings,
    recipe,
    build,
    kinds=("images",),
    paper="Karnewar & Wang 2020",
    data="images",
)
