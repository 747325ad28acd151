"""How settings become a game: the stability tricks are values and wrappers here, never branches later."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import torch
from torch import Tensor, nn

from gansmith.errors import UsageError
from gansmith.game.acts import Act
from gansmith.game.adaptive import Strength, adaptively_augmented, towards
from gansmith.game.balance import Balance, watch, winning
from gansmith.game.duel import (
    augmented,
    blurred_by_noise,
    discriminator_loss,
    generator_loss,
    penalty_loss,
)
from gansmith.game.game import Adam, Duel, Game, Loss, Networks, Request, Rule, Sample, Step, Turn, noise, players
from gansmith.game.history import KEPT, LARGEST, History, remembering
from gansmith.game.lecam import Anchors, anchored, lecam
from gansmith.game.lookahead import SlowWeights, lookahead
from gansmith.game.matching import matching
from gansmith.game.packing import packed
from gansmith.game.schedules import Schedule, constant, cosine, linear
from gansmith.game.settings import AdversarialSettings as AdversarialSettings
from gansmith.losses.diffaugment import KINDS, diffaugment
from gansmith.losses.objectives import OBJECTIVES, Objective, flipped, smoothed
from gansmith.losses.penalties import PENALTIES
from gansmith.networks.spectral import normalise_spectra
from gansmith.networks.spread import see_spread

CHUNK = 64  # samples drawn at once: more only leave the processor's cache


def adversarial(
    settings: AdversarialSettings,
    generator: nn.Module,
    discriminator: nn.Module,
    duel: Duel,
    images: int,
    shape: Sequence[int],
) -> Game:
    """The two-player game of a family: its networks and duel, under its settings, for `images` of training.

    shape: of one sample. The discriminator is one of `packed_shape(shape, settings.pack)`.
    Raises UsageError where settings ask for what this data cannot have.
    """
    shown, own = _seen(settings, duel, shape), remembering(duel, settings.history) if settings.history else duel
    turns = _turns(settings, shown, _seen(settings, own, shape) if settings.history else shown)
    if settings.minibatch_std:
        see_spread(discriminator)
    if settings.spectral:
        normalise_spectra(discriminator)
    networks = players(generator=generator, discriminator=discriminator)
    memories = _memories(settings, networks, duel.name, images, shape)
    networks.update({name: memory for name, (memory, _) in memories.items()})

    pretraining = round(settings.pretrain_d * 1000)
    acts = [Act(images - pretraining)]
    if pretraining:
        acts.insert(0, Act(pretraining, "pretrain", tuple(turn.name for turn in turns if turn.name != "generator")))
    length = round(images * settings.anneal)
    half_life = settings.ema * 1000
    return Game(
        networks=networks,
        turns=turns,
        draw=lambda nets, request: _draw(nets, request, settings),
        optimizers={
            "generator": _adam(settings, settings.lr, images, length),
            "discriminator": _adam(settings, settings.d_lr or settings.lr, images, length),
        },
        acts=tuple(acts),
        dials={
            "penalty": _towards(settings.gamma, settings.gamma_end, length),
            "noise": linear(settings.noise, 0.0, images),
        },
        rules=tuple(rule for _, rule in memories.values() if rule),
        duels=(shown,),
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


def _objective(settings: AdversarialSettings) -> Objective:
    objective = OBJECTIVES[settings.objective]
    if settings.smooth or settings.smooth_fake:
        objective = smoothed(objective, settings.smooth, settings.smooth_fake)
    if settings.flip_labels:
        objective = flipped(objective, settings.flip_labels)
    return objective


def _seen(settings: AdversarialSettings, duel: Duel, shape: Sequence[int]) -> Duel:
    """The duel as the discriminator sees it."""
    if settings.noise:
        duel = blurred_by_noise(duel)
    if (settings.augment or settings.ada) and len(shape) != 3:
        raise UsageError("Only images can be augmented.", why="these are points", do="leave out augment= and ada=")
    if settings.ada:
        duel = adaptively_augmented(duel, settings.augment or ",".join(KINDS))
    elif settings.augment:
        duel = augmented(duel, diffaugment(settings.augment))
    if settings.pack > 1:
        duel = packed(duel, settings.pack)
    return replace(duel, together=False) if settings.minibatch_std else duel


def _turns(settings: AdversarialSettings, duel: Duel, remembered: Duel) -> tuple[Turn, ...]:
    """remembered: the duel of the discriminator's turns, which may hold older fakes."""
    objective, share, every = _objective(settings), settings.penalty_share, settings.d_every
    penalties = {"penalty": PENALTIES[settings.penalty]} if settings.penalty != "none" else {}
    lazy = bool(penalties) and settings.penalty_every > 1
    regularisers = {"lecam": lecam(settings.lecam)} if settings.lecam else {}
    against: Loss = discriminator_loss(remembered, objective, {} if lazy else penalties, share, regularisers)
    towards_reals = generator_loss(duel, objective)
    if settings.feature_matching:
        towards_reals = matching(towards_reals, duel, settings.feature_matching)
    strong = winning(settings.skip_d) if settings.skip_d < 1 else None
    turns = [
        Turn("discriminator", ("discriminator",), against, every=every, unless=strong),
        Turn("generator", ("generator",), towards_reals, every=settings.g_every),
    ]
    if lazy:
        lag = settings.penalty_every
        penalty = penalty_loss(remembered, penalties, share)
        turns.insert(1, Turn("penalty", ("discriminator",), penalty, every=lag * every, gain=lag))
    return tuple(turns)


def _memories(
    settings: AdversarialSettings, networks: nn.ModuleDict, duel: str, images: int, shape: Sequence[int]
) -> dict[str, tuple[nn.Module, Rule | None]]:
    """What the tricks in use must remember, as players that never learn, and the rule each follows."""
    memories: dict[str, tuple[nn.Module, Rule | None]] = {}
    if settings.skip_d < 1:
        memories["balance"] = Balance(), watch(duel)
    if settings.ada:
        memories["ada"] = Strength(), towards(settings.ada, images)
    if settings.lecam:
        memories["lecam"] = Anchors(), anchored(duel)
    if settings.history:
        memories["history"] = History(min(KEPT * settings.batch, LARGEST), shape), None
    if settings.lookahead:
        slow = SlowWeights({name: networks[name] for name in ("generator", "discriminator")})
        memories["lookahead"] = slow, lookahead(settings.lookahead, settings.lookahead_alpha)
    return memories


def _adam(settings: AdversarialSettings, lr: float, images: int, length: int) -> Adam:
    end = settings.lr_end * (lr / settings.lr) if settings.lr_end else None
    return Adam(
        lr=_towards(lr, end, images),
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
