"""vae: a variational autoencoder, the rival that cannot collapse and blurs instead (Kingma & Welling 2014)."""

from __future__ import annotations

from functools import partial
from typing import Literal, cast

from pydantic import Field
from torch import nn

from gansmith.data.spec import DataSpec
from gansmith.families.family import Family, Recipe
from gansmith.game.acts import Act
from gansmith.game.adversarial import drawn
from gansmith.game.game import Game, Networks, Step, Terms, Turn, players
from gansmith.game.rates import adam, half_life
from gansmith.game.settings import LearningSettings
from gansmith.losses.evidence import divergence, sampled, surprise
from gansmith.networks.encoder import ResidualEncoder, Scale
from gansmith.networks.residual import ResidualGenerator

LEARNERS = ("generator", "encoder", "scale")
LOWEST = -5.0  # of the log scale: an eighth of a grey level, beyond which only rounding is learnt


class VAESettings(LearningSettings):
    """Plain beta-VAE on residual nets, its output scale learned."""

    z: int = Field(32, ge=1, le=4096, description="size of the latent vector")
    lr: float = Field(1e-3, gt=0, le=1, description=LearningSettings.model_fields["lr"].description)
    lr_end: float | None = Field(1e-4, ge=0, le=1, description=LearningSettings.model_fields["lr_end"].description)
    beta1: float = Field(0.9, ge=0, lt=1, description=LearningSettings.model_fields["beta1"].description)
    ema: float = Field(20.0, ge=0, description=LearningSettings.model_fields["ema"].description)
    prior: Literal["normal"] = Field("normal", description="distribution of the latent vector")
    beta: float = Field(1.0, ge=0, description="weight of the latent's divergence from its prior (Higgins et al. 2017)")
    width: int = Field(32, ge=1, le=4096, description="channels at 16 pixels, doubled per halving")
    depth: int = Field(1, ge=1, le=16, description="residual blocks per size")


def build(settings: VAESettings, spec: DataSpec, images: int) -> Game:
    shape = cast(tuple[int, int, int], spec.shape)
    sizes = {"width": settings.width, "blocks": settings.depth}
    networks: dict[str, nn.Module] = {
        "generator": ResidualGenerator(shape, settings.z, **sizes),
        "encoder": ResidualEncoder(shape, settings.z, **sizes),
        "scale": Scale(),
    }
    return Game(
        networks=players(**networks),
        turns=(Turn("generator", LEARNERS, partial(bound, beta=settings.beta)),),
        draw=lambda nets, request: drawn(nets, request, settings),
        optimizers=dict.fromkeys(LEARNERS, adam(settings, images)),
        acts=(Act(images),),
        averaged=("generator", "encoder") if settings.ema else (),
        half_life=half_life(settings),
    )


def bound(networks: Networks, step: Step, *, beta: float) -> Terms:
    """The negative bound on an image's likelihood, in nats per value, so that rates mean the same at any size."""
    image = step.batch.image
    mean, log_variance = networks["encoder"](image)
    decoded = networks["generator"](sampled(mean, log_variance))
    scale = cast(Scale, networks["scale"]).log.clamp(min=LOWEST)
    step.note("scale", scale.exp())
    values = image[0].numel()
    return {
        "loss": surprise(image, decoded.float(), scale) / values,
        "divergence": beta * divergence(mean, log_variance) / values,
    }


def recipe(spec: DataSpec) -> Recipe:
    return Recipe(reasons=("a variational autoencoder: steady, covers everything, and blurs",))


VAE = Family(
    "vae",
    "variational autoencoder, its output scale learned",
    VAESettings,
    recipe,
    build,
    kinds=("images",),
    paper="Kingma & Welling 2014; Rybkin et al. 2021",
)
