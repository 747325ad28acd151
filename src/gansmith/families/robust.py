"""robust: the default, a relativistic GAN with both gradient penalties and residual nets (R3GAN, Huang et al. 2024)."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Literal, NamedTuple, cast

from pydantic import Field
from torch import nn

from gansmith.data.spec import DataSpec
from gansmith.errors import UsageError
from gansmith.families.family import Family, Recipe
from gansmith.game.adversarial import adversarial, plain_duel
from gansmith.game.game import Game
from gansmith.game.packing import packed_shape
from gansmith.game.settings import AdversarialSettings
from gansmith.networks.mlp import MLPDiscriminator, MLPGenerator
from gansmith.networks.r3 import R3Discriminator, R3Generator
from gansmith.networks.residual import SLOPE, ResidualDiscriminator, ResidualGenerator


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
    d_width: int | None = Field(None, ge=1, le=4096, description="the same in the discriminator (default: as many)")
    depth: int = Field(1, ge=1, le=16, description="residual blocks per size (points: hidden layers)")
    d_depth: int | None = Field(None, ge=1, le=16, description="the same in the discriminator (default: as many)")
    slope: float | None = Field(
        None, ge=0, lt=1, description="slope of the generator's rectifiers below 0 (default: 0.2, for points 0.1)"
    )
    d_slope: float | None = Field(None, ge=0, lt=1, description="the same in the discriminator (default: as there)")


BACKBONES = {"light": (ResidualGenerator, ResidualDiscriminator), "r3": (R3Generator, R3Discriminator)}


class BackboneSettings(RobustSettings):
    """The robust recipe, and the networks it trains."""

    backbone: Literal["light", "r3"] = Field(
        "light",
        description="light: residual networks that work where cells are few, for a CPU; r3: R3GAN's, on every grid, "
        "several times as costly (width, depth and lr then go by the image's size and the machine)",
    )


def build(settings: BackboneSettings, spec: DataSpec, images: int) -> Game:
    generator: nn.Module
    discriminator: nn.Module
    d_depth, d_width = settings.d_depth or settings.depth, settings.d_width or settings.width
    slope = settings.slope if settings.slope is not None else 0.1 if spec.kind == "points" else SLOPE
    d_slope = settings.d_slope if settings.d_slope is not None else slope
    judged = packed_shape(spec.shape, settings.pack)
    if spec.kind == "points":
        if settings.backbone != "light":
            raise UsageError("Points have no grids.", why="a backbone is of images", do="leave out backbone=")
        generator = MLPGenerator(spec.shape, settings.z, settings.width, settings.depth, slope)
        discriminator = MLPDiscriminator(judged, d_width, d_depth, d_slope)
    else:
        made, shown = cast(tuple[int, int, int], spec.shape), cast(tuple[int, int, int], judged)
        makes, judges = BACKBONES[settings.backbone]
        generator = makes(made, settings.z, settings.width, blocks=settings.depth, slope=slope)
        discriminator = judges(shown, d_width, blocks=d_depth, slope=d_slope)
    networks = {"generator": generator, "discriminator": discriminator}
    return adversarial(settings, networks, [plain_duel(settings, together=True)], images, spec.shape)


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


class Preset(NamedTuple):
    """Of the R3 backbone: channels on grids of up to 32 cells, blocks per grid, learning rate at the start and end."""

    width: int
    depth: int
    lr: float
    lr_end: float


R3: Mapping[int, Mapping[str, Preset]] = {  # by the image's shorter side, in pixels: the first row not below it
    32: {"cpu": Preset(32, 1, 2e-3, 2e-4), "gpu": Preset(384, 2, 2e-4, 5e-5), "published": Preset(768, 2, 2e-4, 5e-5)},
    64: {"cpu": Preset(32, 1, 2e-3, 2e-4), "gpu": Preset(256, 2, 2e-4, 5e-5), "published": Preset(768, 2, 2e-4, 5e-5)},
    128: {"cpu": Preset(16, 1, 2e-3, 2e-4), "gpu": Preset(192, 2, 2e-4, 5e-5), "published": Preset(768, 2, 2e-4, 5e-5)},
}


def fitted(spec: DataSpec, device: str, wishes: Mapping[str, Any]) -> Recipe:
    """The recipe with what the wished backbone is best begun from."""
    plain = recipe(spec)
    if wishes.get("backbone") != "r3" or spec.kind == "points":
        return plain
    row = next((row for size, row in R3.items() if size >= min(spec.shape[1:])), R3[128])
    preset = row["cpu" if device == "cpu" else "gpu"]
    reason = f"R3GAN's networks, width {preset.width} for this size and machine (published: {row['published'].width})"
    return replace(plain, values={**plain.values, **preset._asdict()}, reasons=(*plain.reasons, reason))


ROBUST = Family(
    "robust",
    "relativistic GAN with R1 + R2",
    BackboneSettings,
    recipe,
    build,
    paper="Huang et al. 2024 (R3GAN)",
    data="images or points",
    guard=("explosion", "mode_collapse"),
    fitted=fitted,
)
