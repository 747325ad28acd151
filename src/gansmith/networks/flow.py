"""A flow: an invertible network that turns a normal distribution into another one, both ways exactly.

Real-valued non-volume-preserving transformations (Dinh et al. 2017).
"""

from __future__ import annotations

from typing import cast

import torch
from torch import Tensor, nn

from gansmith.networks.mlp import stack
from gansmith.networks.residual import SLOPE

MOST = 1.0  # of a log scale in one coupling: further out than any code, more would throw latents far beyond all codes


class Coupling(nn.Module):
    """Half of the values, scaled and shifted by what the other half says (ibid., eq. 7); the identity until trained.

    first: whether the first half stays as it is.
    """

    def __init__(self, size: int, units: int, *, first: bool) -> None:
        super().__init__()
        self.first, self.middle = first, size // 2
        kept, moved = (self.middle, size - self.middle) if first else (size - self.middle, self.middle)
        self.layers = stack(kept, units, 2, 2 * moved, SLOPE)
        nn.init.zeros_(cast(nn.Linear, self.layers[-1]).weight)

    def forward(self, u: Tensor) -> Tensor:
        kept, moved = self.parted(u)
        log_scale, shift = self.told(kept)
        return self.joined(kept, moved * log_scale.exp() + shift)

    def inverse(self, z: Tensor) -> tuple[Tensor, Tensor]:
        """What `forward` makes z of, (N, size), and the logarithm of how much volume grows on the way back, (N,)."""
        kept, moved = self.parted(z)
        log_scale, shift = self.told(kept)
        return self.joined(kept, (moved - shift) * (-log_scale).exp()), -log_scale.sum(1)

    def told(self, kept: Tensor) -> tuple[Tensor, Tensor]:
        log_scale, shift = self.layers(kept).chunk(2, dim=1)
        return MOST * torch.tanh(log_scale / MOST), shift

    def parted(self, x: Tensor) -> tuple[Tensor, Tensor]:
        a, b = x[:, : self.middle], x[:, self.middle :]
        return (a, b) if self.first else (b, a)

    def joined(self, kept: Tensor, moved: Tensor) -> Tensor:
        return torch.cat([kept, moved] if self.first else [moved, kept], 1)


class Flow(nn.Module):
    """(N, size) -> (N, size), `couplings` one after another, values shuffled between them; with none the identity.

    Always in float32: rounding would not be undone on the way back. size: at least 2 where there are couplings.
    """

    orders: Tensor

    def __init__(self, size: int, couplings: int, units: int) -> None:
        super().__init__()
        self.couplings = nn.ModuleList(Coupling(size, units, first=bool(place % 2)) for place in range(couplings))
        orders = [torch.randperm(size) if place % 2 else torch.arange(size) for place in range(couplings)]
        self.register_buffer("orders", torch.stack(orders) if orders else torch.zeros(0, size, dtype=torch.int64))

    def forward(self, u: Tensor) -> Tensor:
        with torch.autocast(u.device.type, enabled=False):
            z = u.float()
            for coupling, order in zip(self.couplings, self.orders, strict=True):
                z = coupling(z)[:, order]
            return z

    def inverse(self, z: Tensor) -> tuple[Tensor, Tensor]:
        """What `forward` makes z of, and the logarithm of the volume's growth on the way back, (N,)."""
        with torch.autocast(z.device.type, enabled=False):
            u, growth = z.float(), torch.zeros(len(z), device=z.device)
            for coupling, order in reversed(list(zip(self.couplings, self.orders, strict=True))):
                u, grown = coupling.inverse(u[:, order.argsort()])
                growth = growth + grown
            return u, growth
