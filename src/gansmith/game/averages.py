"""Exponential moving averages of networks: what is sampled, evaluated and kept."""

from __future__ import annotations

import copy

import torch
from torch import Tensor, nn

from gansmith.game.game import Game, Networks


class Averages:
    """Averaged copies of `game.averaged`, in eval mode, never trained."""

    def __init__(self, game: Game) -> None:
        self.networks = nn.ModuleDict(
            {name: copy.deepcopy(game.networks[name]).eval().requires_grad_(False) for name in game.averaged}
        )

    @torch.no_grad()
    def follow(self, networks: Networks, images: int, half_life: float) -> None:
        """Move towards the networks: after `half_life` images half of the old average is left. Buffers are copied."""
        share = 1.0 if half_life <= 0 else 1 - 0.5 ** (images / half_life)
        for name, average in self.networks.items():
            source = networks[name]
            torch._foreach_lerp_(list(average.parameters()), [p.detach() for p in source.parameters()], share)
            for kept, buffer in zip(average.buffers(), source.buffers(), strict=True):
                kept.copy_(buffer)

    def state(self) -> dict[str, Tensor]:
        return dict(self.networks.state_dict())
