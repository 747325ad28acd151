"""Settings every GAN shares, and how they become a game: the stability tricks are values here, never branches later."""

from __future__ import annotations

from typing import Literal

import torch
from pydantic import Field, field_validator
from torch import Tensor, nn

from gansmith.errors import closest
from gansmith.game.acts import Act
from gansmith.game.balance import Balance, watch, winning
from gansmith.game.duel import (
    Duel,
    Sample,
    augmented,
    blurred_by_noise,
    discriminator_loss,
    generator_loss,
    penalty_loss,
)
from gansmith.game.game import Adam, Game, Networks, Request, Step, Turn, noise, players
from gansmith.game.schedules import Schedule, constant, cosine, linear
from gansmith.losses.diffaugment import diffaugment
from gansmith.losses.objectives import OBJECTIVES, flipped, smoothed
from gansmith.losses.penalties import PENALTIES
from gansmith.settings import Settings

CHUNK = 64  # samples drawn at once: more only leave the processor's cache


class AdversarialSettings(Settings):
    """What a user may set for any GAN, as `key=value`. Defaults are the plain GAN's; families override them."""

    batch: int = Field(64, ge=1, le=65_536, description="images per step")
    z: int = Field(64, ge=1, le=4096, description="size of the latent vector")
    prior: Literal["normal", "uniform", "spherical"] = Field("normal", description="distribution of the latent vector")
    objective: str = Field("non-saturating", description=f"one of {', '.join(OBJECTIVES)}")
    penalty: str = Field("none", description=f"none, or one of {', '.join(PENALTIES)}")
    gamma: float = Field(1.0, ge=0, description="weight of the penalty at the start")
    gamma_end: float | None = Field(
        None, ge=0, description="weight of the penalty at the end (default: as at the start)"
    )
    penalty_every: int = Field(1, ge=1, le=64, description="steps between penalties, their weight multiplied to match")
    penalty_share: float = Field(1.0, gt=0, le=1, description="share of each batch the penalty is measured on")
    lr: float = Field(2e-4, gt=0, le=1, description="learning rate of both networks at the start")
    lr_end: float | None = Field(None, gt=0, le=1, description="learning rate at the end (default: as at the start)")
    d_lr: float = Field(1.0, gt=0, le=100, description="discriminator's learning rate, as a multiple of lr")
    beta1: float = Field(0.5, ge=0, lt=1, description="Adam's momentum")
    beta2: float = Field(0.999, gt=0, lt=1, description="Adam's memory of squared gradients at the start")
    beta2_end: float | None = Field(None, gt=0, lt=1, description="the same at the end (default: as at the start)")
    anneal: float = Field(0.8, gt=0, le=1, description="share of the training over which gamma and beta2 move")
    ema: float = Field(
        0.0, ge=0, description="half-life of the generator's average, in thousand images (0: no average)"
    )
    augment: str = Field("", description="augmentations both sides are shown, e.g. colour,translation,cutout")
    noise: float = Field(0.0, ge=0, description="instance noise at the start, fading to 0 over the training")
    smooth: float = Field(0.0, ge=0, lt=1, description="one-sided label smoothing: 0.1 labels reals 0.9")
    flip_labels: float = Field(0.0, ge=0, lt=0.5, description="chance of a wrong label")
    d_every: int = Field(1, ge=1, le=100, description="the discriminator learns every so many steps")
    g_every: int = Field(1, ge=1, le=100, description="the generator learns every so many steps (WGAN's n_critic)")
    skip_d: float = Field(
        1.0, gt=0, le=1, description="skip the discriminator while it sees through more fakes than this"
    )
    pretrain_d: float = Field(0.0, ge=0, description="thousand images on which the discriminator learns alone first")

    @field_validator("objective")
    @classmethod
    def _known_objective(cls, name: str) -> str:
        if name not in OBJECTIVES:
            raise ValueError(closest(name, OBJECTIVES))
        return name

    @field_validator("penalty")
    @classmethod
    def _known_penalty(cls, name: str) -> str:
        if name != "none" and name not in PENALTIES:
            raise ValueError(closest(name, [*PENALTIES, "none"]))
        return name

    @field_validator("augment")
    @classmethod
    def _known_augmentations(cls, kinds: str) -> str:
        diffaugment(kinds)
        return kinds


def adversarial(
    settings: AdversarialSettings, generator: nn.Module, discriminator: nn.Module, duel: Duel, images: int
) -> Game:
    """The two-player game of a family: its networks and duel, under its settings, for `images` of training."""
    objective = OBJECTIVES[settings.objective]
    if settings.smooth:
        objective = smoothed(objective, settings.smooth)
    if settings.flip_labels:
        objective = flipped(objective, settings.flip_labels)
    if settings.noise:
        duel = blurred_by_noise(duel)
    if settings.augment:
        duel = augmented(duel, diffaugment(settings.augment))

    penalties = {"penalty": PENALTIES[settings.penalty]} if settings.penalty != "none" else {}
    lazy = bool(penalties) and settings.penalty_every > 1
    every, strong = settings.d_every, winning(settings.skip_d) if settings.skip_d < 1 else None
    against = Turn(
        "discriminator",
        ("discriminator",),
        discriminator_loss(duel, objective, {} if lazy else penalties, settings.penalty_share),
        every=every,
        unless=strong,
    )
    turns = [against, Turn("generator", ("generator",), generator_loss(duel, objective), every=settings.g_every)]
    if lazy:
        lag = settings.penalty_every
        turns.insert(
            1,
            Turn(
                "penalty",
                ("discriminator",),
                penalty_loss(duel, penalties, settings.penalty_share),
                every=lag * every,
                gain=lag,
            ),
        )

    networks = players(generator=generator, discriminator=discriminator)
    if strong:
        networks["balance"] = Balance()
    pretraining = round(settings.pretrain_d * 1000)
    acts = [Act(images - pretraining)]
    if pretraining:
        acts.insert(0, Act(pretraining, "pretrain", tuple(turn.name for turn in turns if turn.name != "generator")))
    length = round(images * settings.anneal)
    half_life = settings.ema * 1000
    return Game(
        networks=networks,
        turns=tuple(turns),
        draw=lambda nets, request: _draw(nets, request, settings),
        optimizers={
            "generator": _adam(settings, 1.0, images, length),
            "discriminator": _adam(settings, settings.d_lr, images, length),
        },
        acts=tuple(acts),
        dials={
            "penalty": _towards(settings.gamma, settings.gamma_end, length),
            "noise": linear(settings.noise, 0.0, images),
        },
        rules=(watch(duel.name),) if strong else (),
        duels=(duel,),
        averaged=("generator",) if settings.ema else (),
        half_life=lambda seen: min(
            half_life, 0.05 * seen
        ),  # Karras et al. 2020: a ramp, so that the start is forgotten
    )


def plain_duel(settings: AdversarialSettings, *, together: bool) -> Duel:
    """The unconditional duel: a picture from fresh latents against the batch."""

    def fake(networks: Networks, step: Step) -> Sample:
        latent = noise(len(step.batch), settings.z, settings.prior)
        return Sample(networks["generator"](latent.to(step.batch.image.device)))

    return Duel(
        fake=fake,
        real=lambda networks, step: Sample(step.batch.image),
        judge=lambda networks, sample, step: networks["discriminator"](sample.one),
        together=together,
    )


def _adam(settings: AdversarialSettings, share: float, images: int, length: int) -> Adam:
    end = settings.lr_end * share if settings.lr_end else None
    return Adam(
        lr=_towards(settings.lr * share, end, images),
        beta1=settings.beta1,
        beta2=_towards(settings.beta2, settings.beta2_end, length),
    )


def _towards(start: float, end: float | None, length: int) -> Schedule:
    return constant(start) if end is None else cosine(start, end, length)


def _draw(networks: Networks, request: Request, settings: AdversarialSettings) -> Tensor:
    generator = networks["generator"]
    latent = request.latent
    if latent is None:
        latent = noise(request.count, settings.z, settings.prior, torch.Generator().manual_seed(request.seed % 2**63))
    latent = latent.to(next(generator.parameters()))  # the device, and the precision a network for drawing may have
    with torch.no_grad():
        return torch.cat([generator(chunk) for chunk in torch.split(latent, CHUNK)]).float()
