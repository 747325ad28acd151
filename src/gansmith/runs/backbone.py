"""Which of a run's networks looks at images, and a copy of it to build upon."""

from __future__ import annotations

import copy
from collections.abc import Mapping
from typing import cast

import torch
from torch import Tensor, nn

from gansmith.errors import UsageError, closest
from gansmith.families import family
from gansmith.game.game import Game, Networks
from gansmith.measure.features import standardised
from gansmith.networks.backbone import CELLS, Backbone
from gansmith.runs.config import RunConfig


def backbone(
    config: RunConfig,
    game: Game,
    networks: Networks,
    layer: str = "last",
    freeze: bool = True,
    *,
    of: str = "auto",
    cells: int = CELLS,
    like: Tensor | None = None,
    untrained: int | None = None,
) -> Backbone:
    """See `Model.backbone`."""
    if config.spec.kind != "images":
        raise UsageError("Points have no features to build upon.", do="a run trained on images")
    name = looking(config, game, of)
    network = copy.deepcopy(networks[name])
    if untrained is not None:
        network = unlearnt(config, network, name, untrained)
    judged = name in judges(game)
    shape = (config.spec.shape[0] * (2 if judged and config.spec.pairing == "paired" else 1), *config.spec.shape[1:])
    try:
        found = Backbone(
            network,
            cast(tuple[int, int, int], shape),
            [word.strip() for word in layer.split(",")],
            cells=cells,
            repeat=config.settings.get("pack", 1) if judged else 1,
            classes=len(config.spec.classes),
            frozen=freeze,
        )
    except ValueError as error:
        raise UsageError(f"This {name} has no layers '{layer}'.", str(error), "last, all, or some of these") from None
    if like is not None:
        other = standardised(found, like.to(found.mean.device))
        found.mean.copy_(cast(Tensor, other.mean))
        found.scale.copy_(cast(Tensor, other.scale))
    return found


def judges(game: Game) -> list[str]:
    """Names of the networks that tell real from made."""
    return list(dict.fromkeys(duel.discriminator for duel in game.duels))


def looking(config: RunConfig, game: Game, of: str = "auto") -> str:
    """The name of a network that looks at images: that one, or the first discriminator, or the encoder."""
    known = [*judges(game), *(["encoder"] if "encoder" in game.networks else [])]
    if not known:
        raise UsageError(
            f"A {config.family} has no network that looks at images.",
            do="a run of another family: gansmith models",
        )
    if of not in ("auto", *known):
        raise UsageError(f"A {config.family} has no network '{of}' that looks at images.", do=closest(of, known))
    return known[0] if of == "auto" else of


def unlearnt(config: RunConfig, network: nn.Module, name: str, seed: int) -> nn.Module:
    """The network of that name as it would begin from a seed, as far grown as this one."""
    chosen = family(config.family)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        fresh = chosen.build(chosen.settings.read(config.settings), config.spec, config.images).networks[name]
    grown: Mapping[str, Tensor] = dict(network.named_buffers())
    for key, value in fresh.named_buffers():
        if key == "stage":
            value.copy_(grown[key])
    return fresh.eval().to(next(network.parameters()).device)
