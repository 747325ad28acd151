"""robust: the default, a relativistic GAN with both gradient penalties and residual nets (R3GAN, Huang et al. 2024)."""

from __future__ import annotations

import math
from typing import cast

from pydantic import Field
from torch import nn

from gansmith.data.spec import DataSpec
from gansmith.families.family import Family, Recipe
from gansmith.game.adversarial import AdversarialSettings, adversarial, plain_duel
from gansmith.game.game import Game
from gansmith.networks.mlp import MLPDiscriminator, MLPGenerator
from gansmith.networks.residual import ResidualDiscriminator, ResidualGenerator


class RobustSettings(AdversarialSettings):
    """Relativistic pairing, R1 + R2 at every step, momentum 0, annealed penalty and learning rate."""

    objective: str = Field("relativistic", description=AdversarialSettings.model_fields["objective"].description)
    penalty: str = Field("r1+r2", description=AdversarialSettings.model_fields["penalty"].description)
    lr: float = Field(2.5e-3, gt=0, le=1, description="learning rate of both networks at the start")
    lr_end: float | None = Field(2.5e-4, gt=0, le=1, description="learning rate at the end")
    beta1: float = Field(0.0, ge=0, lt=1, description="Adam's momentum")
    beta2: float = Field(0.9, gt=0, lt=1, description="Adam's memory of squared gradients at the start")
    beta2_end: float | None = Field(0.99, gt=0, lt=1, description="the same at the end")
    ema: float = Field(
        20.0, ge=0, description="half-life of the generator's average, in thousand images (0: no average)"
    )
    width: int = Field(32, ge=1, le=4096, description="channels at 16 pixels, doubled per halving (points: units)")
    depth: int = Field(1, ge=1, le=16, description="residual blocks per size (points: hidden layers)")
    d_depth: int | None = Field(None, ge=1, le=16, description="the same in the discriminator (default: as many)")


def build(settings: RobustSettings, spec: DataSpec, images: int) -> Game:
    generator: nn.Module
    discriminator: nn.Module
    d_depth = settings.d_depth or settings.depth
    if spec.kind == "points":
        generator = MLPGenerator(spec.shape, settings.z, settings.width, settings.depth, slope=0.1)
        discriminator = MLPDiscriminator(spec.shape, settings.width, d_depth, slope=0.1)
    else:
        shape = cast(tuple[int, int, int], spec.shape)
        generator = ResidualGenerator(shape, settings.z, settings.width, blocks=settings.depth)
        discriminator = ResidualDiscriminator(shape, settings.width, blocks=d_depth)
    return adversarial(settings, generator, discriminator, plain_duel(settings, together=True), images)


def recipe(spec: DataSpec) -> Recipe:
    if spec.kind == "points":
        return Recipe(
            {
                **{"batch": 256, "z": 4, "width": 96, "depth": 7, "d_depth": 5, "ema": 128.0},
                **{"gamma": 0.1, "gamma_end": 0.01, "anneal": 1.0, "lr": 3e-3, "lr_end": 1e-5},
            },
            ("points: small deep fully connected networks, learning rate falling to nothing for sharp modes",),
        )
    gamma = math.prod(spec.shape) / 800
    return Recipe(
        {"gamma": gamma, "gamma_end": gamma / 10, "penalty_share": 0.25},
        (
            f"penalty {gamma:.3g} falling to a tenth, in proportion to the values of an image",
            "penalty measured on a quarter of each batch, in float32: the price of exactness, not of every image",
        ),
        augment_beyond=100,
    )


ROBUST = Family("robust", "relativistic GAN with R1 + R2", RobustSettings, recipe, build)
