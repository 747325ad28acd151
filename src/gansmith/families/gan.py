"""gan: the plain GAN of 2014, two multilayer perceptrons (Goodfellow et al. 2014). It shows what there was to mend."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from gansmith.data.spec import DataSpec
from gansmith.families.family import Family, Recipe
from gansmith.game.adversarial import adversarial, plain_duel
from gansmith.game.game import Game
from gansmith.game.packing import packed_shape
from gansmith.game.settings import AdversarialSettings
from gansmith.networks.mlp import MaxoutDiscriminator, MLPGenerator


class GANSettings(AdversarialSettings):
    """As in the paper's code, with Adam for its SGD with momentum."""

    batch: int = Field(100, ge=1, le=65_536, description="images per step")
    z: int = Field(100, ge=1, le=4096, description="size of the latent vector")
    prior: Literal["normal", "uniform", "spherical"] = Field("uniform", description="distribution of the latent vector")
    width: int = Field(1200, ge=1, le=16_384, description="hidden units of the generator's layers")
    depth: int = Field(2, ge=1, le=16, description="hidden layers of the generator")
    slope: float = Field(0.0, ge=0, lt=1, description="slope of the generator's rectifiers below 0")
    d_width: int = Field(240, ge=1, le=16_384, description="maxout units of the discriminator's layers")
    dropout: float = Field(0.5, ge=0, lt=1, description="share of the discriminator's units dropped")


def build(settings: GANSettings, spec: DataSpec, images: int) -> Game:
    generator = MLPGenerator(spec.shape, settings.z, settings.width, settings.depth, settings.slope)
    discriminator = MaxoutDiscriminator(packed_shape(spec.shape, settings.pack), settings.d_width, settings.dropout)
    networks = {"generator": generator, "discriminator": discriminator}
    return adversarial(settings, networks, [plain_duel(settings, together=True)], images, spec.shape)


def recipe(spec: DataSpec) -> Recipe:
    return Recipe(reasons=("the plain GAN of 2014, as published: expect it to drop modes",))


GAN = Family(
    "gan",
    "the plain GAN of 2014 (MLPs)",
    GANSettings,
    recipe,
    build,
    paper="Goodfellow et al. 2014",
    data="images or points",
    channels_last=False,
)
