"""dcgan: the deep convolutional GAN, as published (Radford et al. 2016)."""

from __future__ import annotations

from typing import Literal, cast

from pydantic import Field

from gansmith.data.spec import DataSpec
from gansmith.families.family import Family, Recipe
from gansmith.game.adversarial import AdversarialSettings, adversarial, plain_duel
from gansmith.game.game import Game
from gansmith.game.once import made_once
from gansmith.networks.dcgan import DCGANDiscriminator, DCGANGenerator


class DCGANSettings(AdversarialSettings):
    """The paper's section 4."""

    batch: int = Field(128, ge=2, le=65_536, description="images per step")
    z: int = Field(100, ge=1, le=4096, description="size of the latent vector")
    prior: Literal["normal", "uniform", "spherical"] = Field("uniform", description="distribution of the latent vector")
    width: int = Field(64, ge=1, le=1024, description="channels of the finest layer, doubled at every halving")


def build(settings: DCGANSettings, spec: DataSpec, images: int) -> Game:
    shape = cast(tuple[int, int, int], spec.shape)
    generator = DCGANGenerator(shape, settings.z, settings.width)
    discriminator = DCGANDiscriminator(shape, settings.width)
    # Reals and fakes apart: batch normalisation sees one kind at a time, as published.
    duel = plain_duel(settings, together=False)
    if settings.g_every == 1:
        duel = made_once(duel)
    return adversarial(settings, generator, discriminator, duel, images)


def recipe(spec: DataSpec) -> Recipe:
    return Recipe(reasons=("DCGAN, as published: sharp where it works, unstable on small data",))


DCGAN = Family("dcgan", "deep convolutional GAN, as published", DCGANSettings, recipe, build, kinds=("images",))
