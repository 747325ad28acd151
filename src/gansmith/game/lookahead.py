"""Lookahead-minimax: every so often both players step back towards where they were (Chavdarova et al. 2021, alg. 1).

It damps the rotation of a game, for the price of one copy of the weights.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import torch
from torch import Tensor, nn

from gansmith.game.game import Networks, Rule, Step


class SlowWeights(nn.Module):
    """A copy of the players' weights, as buffers: they never learn, and checkpoints keep them.

    at: number of the step before which they were the players' own.
    """

    at: Tensor

    def __init__(self, players: Mapping[str, nn.Module]) -> None:
        super().__init__()
        self.players = tuple(players)
        self.register_buffer("at", torch.zeros((), dtype=torch.int64))
        for name, weight in _weights(players, self.players):
            self.register_buffer(name, weight.detach().clone())


def lookahead(every: int, alpha: float) -> Rule:
    """After every `every` steps, slow += alpha (fast - slow), then fast = slow, for all players at once.

    Slow weights from before the last `every` steps, as after switching this on in the middle of a training, begin anew.
    """

    @torch.no_grad()
    def rule(networks: Networks, step: Step) -> None:
        taken = step.number + 1
        if taken % every:
            return
        slow = networks["lookahead"]
        assert isinstance(slow, SlowWeights)
        share = torch.where(slow.at == taken - every, alpha, 1.0)  # on the device: no waiting for it
        for name, fast in _weights(networks, slow.players):
            kept = slow.get_buffer(name)
            kept.lerp_(fast, share.to(fast.dtype))
            fast.copy_(kept)
        slow.at.fill_(taken)

    return rule


def _weights(networks: Networks, players: tuple[str, ...]) -> Iterator[tuple[str, Tensor]]:
    for player in players:
        for name, weight in networks[player].named_parameters():
            yield f"{player}/{name.replace('.', '/')}", weight
