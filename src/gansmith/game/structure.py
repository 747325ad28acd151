"""What two builds of one family have in common: which networks a change of settings would make anew."""

from __future__ import annotations

from torch import nn

from gansmith.game.game import Game


def made_anew(before: Game, after: Game) -> tuple[str, ...]:
    """Names of the networks of `after` that the tensors of `before` do not fit: new ones, other keys, other shapes.

    Empty where the change is not structural (rates, weights of penalties, noise): then a checkpoint fits as it is.
    """
    return tuple(
        name
        for name, network in after.networks.items()
        if name not in before.networks or _plan(network) != _plan(before.networks[name])
    )


def _plan(network: nn.Module) -> dict[str, tuple[int, ...]]:
    return {name: tuple(tensor.shape) for name, tensor in network.state_dict().items()}
