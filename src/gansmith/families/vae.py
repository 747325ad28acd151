"""vae: a variational autoencoder, the rival that cannot collapse and blurs instead (Kingma & Welling 2014)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, cast

import torch
from pydantic import Field
from torch import Tensor, nn

from gansmith.data.spec import DataSpec
from gansmith.families.family import Family, Recipe
from gansmith.game.acts import Act
from gansmith.game.adversarial import drawn
from gansmith.game.game import Game, Loss, Networks, Step, Terms, Turn, players
from gansmith.game.rates import adam, half_life
from gansmith.game.settings import LearningSettings
from gansmith.losses.evidence import divergence, divergence_at, sampled, surprise
from gansmith.networks.encoder import ResidualDecoder, ResidualEncoder, Scale

LEARNERS = ("generator", "encoder", "scale")
LOWEST = -5.0  # of the log scale: an eighth of a grey level, beyond which only rounding is learnt
CHUNK = 64  # images encoded at once


class AutoencoderSettings(LearningSettings):
    """What may be set for anything that is a variational autoencoder on residual nets."""

    z: int = Field(32, ge=1, le=4096, description="size of the latent vector, and of an image's code")
    prior: Literal["normal"] = Field("normal", description="distribution of the latent vector")
    beta: float = Field(1.0, ge=0, description="weight of the codes' divergence from their prior (Higgins et al. 2017)")
    flow: int = Field(
        6, ge=0, le=64, description="couplings between latent and code: a learned prior (0: a normal one, as in 2014)"
    )
    layers: int = Field(3, ge=0, le=16, description="fully connected layers between code and coarsest map, both ways")
    width: int = Field(32, ge=1, le=4096, description="channels at 16 pixels, doubled per halving")
    depth: int = Field(1, ge=1, le=16, description="residual blocks per size")


class VAESettings(AutoencoderSettings):
    """A beta-VAE, its output scale and its prior learned."""

    lr: float = Field(1e-3, gt=0, le=1, description=LearningSettings.model_fields["lr"].description)
    lr_end: float | None = Field(1e-4, ge=0, le=1, description=LearningSettings.model_fields["lr_end"].description)
    beta1: float = Field(0.9, ge=0, lt=1, description=LearningSettings.model_fields["beta1"].description)
    ema: float = Field(20.0, ge=0, description=LearningSettings.model_fields["ema"].description)


def build(settings: VAESettings, spec: DataSpec, images: int) -> Game:
    return Game(
        networks=players(**autoencoder(settings, spec)),
        turns=(Turn("generator", LEARNERS, bound(settings)),),
        draw=lambda nets, request: drawn(nets, request, settings),
        optimizers=dict.fromkeys(LEARNERS, adam(settings, images)),
        acts=(Act(images),),
        averaged=("generator", "encoder") if settings.ema else (),
        half_life=half_life(settings),
        encode=encode,
    )


def autoencoder(settings: AutoencoderSettings, spec: DataSpec) -> dict[str, nn.Module]:
    """The players of a bound: generator, encoder, and the scale of what the generator leaves open."""
    shape = cast(tuple[int, int, int], spec.shape)
    sizes = {"width": settings.width, "blocks": settings.depth, "layers": settings.layers}
    return {
        "generator": ResidualDecoder(shape, settings.z, couplings=settings.flow, **sizes),
        "encoder": ResidualEncoder(shape, settings.z, **sizes),
        "scale": Scale(),
    }


@dataclass(frozen=True)
class Coded:
    """Images (N, C, H, W), a code (N, z) drawn for each, whose Gaussian it came from, and what is decoded from it."""

    image: Tensor
    mean: Tensor
    log_variance: Tensor
    code: Tensor
    decoded: Tensor


def coded(networks: Networks, image: Tensor) -> Coded:
    """Have images encoded and decoded."""
    mean, log_variance = networks["encoder"](image)
    code = sampled(mean, log_variance)
    return Coded(image, mean, log_variance, code, cast(ResidualDecoder, networks["generator"]).decoded(code).float())


def bound(settings: AutoencoderSettings) -> Loss:
    """The negative bound on an image's likelihood, of a batch."""
    return lambda networks, step: missing(networks, step, coded(networks, step.batch.image), settings)


def missing(networks: Networks, step: Step, found: Coded, settings: AutoencoderSettings) -> Terms:
    """What the likelihood of encoded images still lacks, in nats per value, so that rates mean the same at any size."""
    scale = cast(Scale, networks["scale"]).log.clamp(min=LOWEST)
    step.note("scale", scale.exp())
    values = found.image[0].numel()
    if settings.flow:
        latent, growth = cast(ResidualDecoder, networks["generator"]).flow.inverse(found.code)
        apart = divergence_at(latent, growth, found.log_variance)
    else:
        apart = divergence(found.mean, found.log_variance)
    return {
        "loss": surprise(found.image, found.decoded, scale) / values,
        "divergence": settings.beta * apart / values,
    }


@torch.no_grad()
def encode(networks: Networks, image: Tensor) -> Tensor:
    """Latents (N, z) of images (N, C, H, W) in [-1, 1]: from them the generator draws the likeliest decoding.

    Networks in eval mode; latents of the training's images are distributed as those that are drawn from.
    """
    encoder, generator = networks["encoder"], cast(ResidualDecoder, networks["generator"])
    chunks = torch.split(image.to(next(encoder.parameters())), CHUNK)
    return torch.cat([generator.flow.inverse(encoder(chunk)[0])[0] for chunk in chunks]).float()


def recipe(spec: DataSpec) -> Recipe:
    return Recipe(reasons=("a variational autoencoder: steady, covers everything, and blurs",))


VAE = Family(
    "vae",
    "variational autoencoder, its output scale and its prior learned",
    VAESettings,
    recipe,
    build,
    kinds=("images",),
    paper="Kingma & Welling 2014; Rybkin et al. 2021; Chen et al. 2017",
)
