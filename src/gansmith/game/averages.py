"""Exponential moving averages of networks: what is sampled, evaluated and kept."""

from __future__ import annotations

import copy

import torch
from torch import Tensor, nn

from gansmith.game.game import Game


class Averages:
    """Averaged copies of `game.averaged`, in eval mode, never trained."""

    def __init__(self, game: Game) -> None:
        self.networks = nn.ModuleDict(
            {name: copy.deepcopy(game.networks[name]).eval().requires_grad_(False) for name in game.averaged}
        )
        # Listed once: walking modules at every step costs a small game a tenth of its time.
        sources = [game.networks[name] for name in self.networks]
        self.parameters: list[Tensor] = [p for average in self.networks.values() for p in average.parameters()]
        self.followed: list[Tensor] = [p for source in sources for p in source.parameters()]
        self.buffers = [b for average in self.networks.values() for b in average.buffers()]
        self.copied = [b for source in sources for b in source.buffers()]

    @torch.no_grad()
    def follow(self, images: int, half_life: float) -> None:
        """Move towards the networks: after `half_life` images half of the old average is left. Buffers are copied."""
        share = 1.0 if half_life <= 0 else 1 - 0.5 ** (images / half_life)
        if self.parameters:
            torch._foreach_lerp_(self.parameters, self.followed, share)
        for kept, buffer in zip(self.buffers, self.copied, strict=True):
            kept.copy_(buffer)

    def state(self) -> dict[str, Tensor]:
        return dict(self.networks.state_dict())
