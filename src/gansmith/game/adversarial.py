"""How settings become a game: the stability tricks are values and wrappers here, never branches later."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from types import MappingProxyType
from typing import Any

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
from gansmith.game.game import (
    Duel,
    Game,
    Loss,
    Networks,
    Request,
    Rule,
    Sample,
    Step,
    Terms,
    Turn,
    noise,
    players,
)
from gansmith.game.history import History, history_size, remembering
from gansmith.game.lecam import Anchors, anchored, lecam
from gansmith.game.lookahead import SlowWeights, lookahead
from gansmith.game.matching import matching
from gansmith.game.packing import packed
from gansmith.game.rates import adam, half_life, rescaled, towards_end
from gansmith.game.schedules import Schedule, linear
from gansmith.game.settings import AdversarialSettings as AdversarialSettings
from gansmith.game.settings import LearningSettings
from gansmith.losses.augmentation import steadily
from gansmith.losses.objectives import OBJECTIVES, Objective, centred, flipped, smoothed
from gansmith.losses.penalties import PENALTIES
from gansmith.networks.spectral import normalise_spectra
from gansmith.networks.spread import see_spread

Draw = Callable[[Networks, Request], Tensor]

NOTHING: Mapping[str, Any] = MappingProxyType({})
CHUNK = 64  # samples drawn at once: more only leave the processor's cache


def adversarial(
    settings: AdversarialSettings,
    networks: Mapping[str, nn.Module],
    duels: Sequence[Duel],
    images: int,
    shape: Sequence[int],
    *,
    draw: Draw | None = None,
    d_losses: Mapping[str, Loss] = NOTHING,
    g_losses: Mapping[str, Loss] = NOTHING,
    d_learners: Sequence[str] = (),
    g_learners: Sequence[str] = (),
    memories: Mapping[str, tuple[nn.Module, Rule | None]] = NOTHING,
    turns: Sequence[Turn] = (),
    acts: Sequence[Act] = (),
    dials: Mapping[str, Schedule] = NOTHING,
) -> Game:
    """The game of a family: its players and duels, under its settings, for `images` of training.

    networks: all players. shape: of one sample as the duels show it; discriminators are of `packed_shape(shape, pack)`.
    draw: default, fresh latents through the generator. d_losses, g_losses: further losses of the discriminators' and
    the generators' turn, after the duels'; d_learners, g_learners: further players that learn in it, as that side does.
    memories: players that never learn, with the rule each follows. Balance and ADA follow the first duel.
    turns: further ones, taken after the duels'. acts: of the images that `pretraining` leaves; default, one.
    dials: further ones. A player's Adam is made slower by as much as its lazy turns make it learn oftener.
    Raises UsageError where settings ask for what this data cannot have.
    """
    shown = [_seen(settings, duel, shape) for duel in duels]
    remembered = [_seen(settings, _remembering(settings, duel), shape) for duel in duels]
    judges, makers = ([getattr(duel, side) for duel in duels] for side in ("discriminator", "generator"))
    for name in judges:
        if settings.minibatch_std:
            see_spread(networks[name])
        if settings.spectral:
            normalise_spectra(networks[name])
    sides = {"d": tuple(dict.fromkeys((*judges, *d_learners))), "g": tuple(dict.fromkeys((*makers, *g_learners)))}
    cast = players(**networks)
    memories = {**_memories(settings, cast, duels, sides, images, shape), **memories}
    cast.update({name: memory for name, (memory, _) in memories.items()})

    turns = (*_turns(settings, shown, remembered, sides, d_losses, g_losses), *turns)
    alone = pretraining(settings)
    acts = acts or (Act(images - alone),)
    if alone:
        judging = tuple(turn.name for turn in turns if not set(turn.learners) & set(sides["g"]))
        acts = (replace(acts[0], images=alone, name="pretrain", turns=judging), *acts)
    length = round(images * settings.anneal)
    d_adam, g_adam = (adam(settings, images, lr) for lr in (settings.d_lr or settings.lr, settings.lr))
    optimizers = {**dict.fromkeys(sides["d"], d_adam), **dict.fromkeys(sides["g"], g_adam)}
    return Game(
        networks=cast,
        turns=turns,
        draw=draw or (lambda nets, request: drawn(nets, request, settings)),
        optimizers={name: rescaled(one, name, turns) for name, one in optimizers.items()},
        acts=tuple(acts),
        dials={
            "penalty": towards_end(settings.gamma, settings.gamma_end, length),
            "noise": linear(settings.noise, 0.0, images),
            **dials,
        },
        rules=tuple(rule for _, rule in memories.values() if rule),
        duels=tuple(shown),
        averaged=sides["g"] if settings.ema else (),
        half_life=half_life(settings),
    )


def pretraining(settings: AdversarialSettings) -> int:
    """Images on which the discriminator learns alone first."""
    return round(settings.pretrain_d * 1000)


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
    return centred(objective, settings.drift) if settings.drift else objective


def _seen(settings: AdversarialSettings, duel: Duel, shape: Sequence[int]) -> Duel:
    """The duel as the discriminator sees it."""
    if settings.noise:
        duel = blurred_by_noise(duel)
    if (settings.augment or settings.ada) and len(shape) != 3:
        raise UsageError("Only images can be augmented.", why="these are points", do="leave out augment= and ada=")
    if settings.ada:
        duel = adaptively_augmented(duel, settings.augment)
    elif settings.augment:
        duel = augmented(duel, steadily(settings.augment, settings.augment_p))
    if settings.pack > 1:
        duel = packed(duel, settings.pack)
    return replace(duel, together=False) if settings.minibatch_std else duel


def _remembering(settings: AdversarialSettings, duel: Duel) -> Duel:
    """The duel of the discriminator's turns, which may hold older fakes."""
    if not settings.history:
        return duel
    if duel.conditional:
        raise UsageError(
            "A history of fakes keeps images alone.",
            why="here the discriminator also sees what each was made for",
            do="leave out history=",
        )
    return remembering(duel, settings.history)


def _turns(
    settings: AdversarialSettings,
    shown: Sequence[Duel],
    remembered: Sequence[Duel],
    sides: Mapping[str, tuple[str, ...]],
    d_losses: Mapping[str, Loss],
    g_losses: Mapping[str, Loss],
) -> tuple[Turn, ...]:
    objective, share, every = _objective(settings), settings.penalty_share, settings.d_every
    penalties = {"penalty": PENALTIES[settings.penalty]} if settings.penalty != "none" else {}
    lazy = bool(penalties) and settings.penalty_every > 1
    against, towards_reals, slopes = {}, {}, {}
    for duel, own in zip(shown, remembered, strict=True):
        anchor = {"lecam": lecam(settings.lecam, own.called("lecam"))} if settings.lecam else {}
        against[own.name] = discriminator_loss(own, objective, {} if lazy else penalties, share, anchor)
        towards_reals[duel.name] = generator_loss(duel, objective)
        if settings.feature_matching:
            towards_reals[duel.name] = matching(towards_reals[duel.name], duel, settings.feature_matching)
        slopes[own.name] = penalty_loss(own, penalties, share)
    strong = winning(settings.skip_d) if settings.skip_d < 1 else None
    turns = [
        Turn("discriminator", sides["d"], together(against, d_losses), every=every, unless=strong),
        Turn("generator", sides["g"], together(towards_reals, g_losses), every=settings.g_every),
    ]
    if lazy:
        lag, judges = settings.penalty_every, tuple(duel.discriminator for duel in shown)
        turns.insert(1, Turn("penalty", judges, together(slopes), every=lag * every, gain=lag))
    return tuple(turns)


def together(duels: Mapping[str, Loss], further: Mapping[str, Loss] = NOTHING) -> Loss:
    """One turn's losses: every duel's, those beyond the first under its name, and then the further ones."""

    def loss(networks: Networks, step: Step) -> Terms:
        terms: Terms = {}
        for place, (name, own) in enumerate(duels.items()):
            found = own(networks, step)
            terms |= {f"{name} {term}": value for term, value in found.items()} if place else found
        for name, own in further.items():
            terms |= {name if term == "loss" else term: value for term, value in own(networks, step).items()}
        return terms

    return loss


def _memories(
    settings: AdversarialSettings,
    networks: nn.ModuleDict,
    duels: Sequence[Duel],
    sides: Mapping[str, tuple[str, ...]],
    images: int,
    shape: Sequence[int],
) -> dict[str, tuple[nn.Module, Rule | None]]:
    """What the tricks in use must remember, as players that never learn, and the rule each follows."""
    memories: dict[str, tuple[nn.Module, Rule | None]] = {}
    if settings.skip_d < 1:
        memories["balance"] = Balance(), watch(duels[0].name)
    if settings.ada:
        memories["ada"] = Strength(), towards(settings.ada, images)
    for duel in duels:
        if settings.lecam:
            name = duel.called("lecam")
            memories[name] = Anchors(), anchored(duel.name, name)
        if settings.history:
            memories[duel.called("history")] = History(history_size(settings.batch), shape), None
    if settings.lookahead:
        slow = SlowWeights({name: networks[name] for name in dict.fromkeys((*sides["g"], *sides["d"]))})
        memories["lookahead"] = slow, lookahead(settings.lookahead, settings.lookahead_alpha)
    return memories


def latent_of(request: Request, settings: LearningSettings) -> Tensor:
    """The request's latents, or fresh ones from its seed: (count, z)."""
    if request.latent is not None:
        return request.latent
    return noise(request.count, settings.z, settings.prior, torch.Generator().manual_seed(request.seed % 2**63))


def drawn(networks: Networks, request: Request, settings: LearningSettings, *conditions: Tensor) -> Tensor:
    """A request's samples, in chunks: latents, and conditions (count, ...) beside them, through the generator."""
    generator = networks["generator"]
    weight = next(generator.parameters())  # the device, and the precision a network for drawing may have
    latent = latent_of(request, settings).to(weight)
    given = [one.to(weight.device) for one in conditions]
    with torch.set_grad_enabled(request.tracked):
        chunks = zip(*(torch.split(one, CHUNK) for one in (latent, *given)), strict=True)
        return torch.cat([generator(*chunk) for chunk in chunks]).float()
