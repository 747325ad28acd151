"""dcgan: the deep convolutional GAN, as published (Radford et al. 2016)."""

from __future__ import annotations

from typing import Literal, cast

from pydantic import Field

from gansmith.data.spec import DataSpec
from gansmith.families.family import Family, Recipe
from gansmith.game.adversarial import adversarial, plain_duel
from gansmith.game.game import Game
from gansmith.game.once import made_once
from gansmith.game.packing import packed_shape
from gansmith.game.settings import AdversarialSettings
from gansmith.networks.dcgan import DCGANDiscriminator, DCGANGenerator, Norm, Upsample


class DCGANSettings(AdversarialSettings):
    """The paper's section 4."""

    batch: int = Field(128, ge=2, le=65_536, description="images per step")
    z: int = Field(100, ge=1, le=4096, description="size of the latent vector")
    prior: Literal["normal", "uniform", "spherical"] = Field("uniform", description="distribution of the latent vector")
    width: int = Field(64, ge=1, le=1024, description="channels of the finest layer, doubled at every halving")
    d_width: int | None = Field(None, ge=1, le=1024, description="the same in the discriminator (default: as many)")
    norm: Norm = Field("batch", description="normalisation in the generator")
    d_norm: Norm = Field("batch", description="normalisation in the discriminator")
    slope: float = Field(0.0, ge=0, lt=1, description="slope of the generator's rectifiers below 0")
    d_slope: float = Field(0.2, ge=0, lt=1, description="slope of the discriminator's rectifiers below 0")
    kernel: int = Field(4, ge=3, le=5, description="kernel of the convolutions (3 and 5 show a checkerboard)")
    upsample: Upsample = Field("transposed", description="how the generator's maps grow (resize: no checkerboard)")


def build(settings: DCGANSettings, spec: DataSpec, images: int) -> Game:
    shape = cast(tuple[int, int, int], spec.shape)
    generator = DCGANGenerator(
        shape,
        settings.z,
        settings.width,
        norm=settings.norm,
        slope=settings.slope,
        upsample=settings.upsample,
        kernel=settings.kernel,
    )
    discriminator = DCGANDiscriminator(
        cast(tuple[int, int, int], packed_shape(shape, settings.pack)),
        settings.d_width or settings.width,
        norm=settings.d_norm,
        slope=settings.d_slope,
        kernel=settings.kernel,
    )
    # Reals and fakes apart: batch normalisation sees one kind at a time, as published.
    duel = plain_duel(settings, together=False)
    if settings.g_every == 1:
        duel = made_once(duel)
    networks = {"generator": generator, "discriminator": discriminator}
    return adversarial(settings, networks, [duel], images, shape)


def recipe(spec: DataSpec) -> Recipe:
    return Recipe(reasons=("DCGAN, as published: sharp where it works, unstable on small data",))


DCGAN = Family(
    "dcgan",
    "deep convolutional GAN, as published",
    DCGANSettings,
    recipe,
    build,
    kinds=("images",),
    paper="Radford et al. 2016",
)
