"""StyleGAN's mapping network: latents and classes become styles w, whose mean is followed (Karras et al. 2019, 2.1)."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn.functional import leaky_relu, one_hot

from gansmith.networks.equalised import RECTIFIED, EqualisedLinear, pixel_norm
from gansmith.networks.residual import SLOPE

SLOWER = 0.01  # learning rate, as a share of the other layers'
MEMORY = 0.995  # of the mean, between two batches


class Mapping(nn.Module):
    """Latents (N, z) and labels (N,) -> styles (N, w). z, classes: 0 where there are none, but not both.

    Both are brought to the same length first. Labels of a pack, (N, k), count by their mean. mean: (w,), of the styles
    lately made in training, towards which samples are truncated.
    """

    mean: Tensor

    def __init__(self, z: int, w: int, depth: int, classes: int = 0) -> None:
        super().__init__()
        self.classes = EqualisedLinear(classes, w) if classes else None
        inputs = z + (w if classes else 0)
        self.layers = nn.ModuleList(
            EqualisedLinear(w if place else inputs, w, gain=RECTIFIED, lr_multiplier=SLOWER) for place in range(depth)
        )
        self.register_buffer("mean", torch.zeros(w))

    def forward(self, z: Tensor | None = None, label: Tensor | None = None) -> Tensor:
        with torch.autocast(self.mean.device.type, enabled=False):
            known = [] if z is None else [pixel_norm(z)]
            if self.classes is not None:
                assert label is not None
                hot = one_hot(label, self.classes.in_features).to(self.mean.dtype)
                known.append(pixel_norm(self.classes(hot if hot.dim() == 2 else hot.mean(dim=1))))
            x = torch.cat(known, 1)
            for layer in self.layers:
                x = leaky_relu(layer(x), SLOPE)
        if self.training:
            with torch.no_grad():
                self.mean.lerp_(x.mean(dim=0), 1 - MEMORY)
        return x


def truncated(w: Tensor, mean: Tensor, psi: Tensor) -> Tensor:
    """Styles (N, w) nearer to their mean: as they are at psi (N,) 1 or infinity, at 0 the mean, below it opposite."""
    return mean + torch.where(psi.isinf(), 1.0, psi)[:, None] * (w - mean)


def mixed(one: Tensor, other: Tensor, layers: int, chance: float) -> Tensor:
    """Styles (N, layers, w): `one`'s (N, w) for all layers or, with that chance, `other`'s from a random layer on.

    Mixing regularisation (Karras et al. 2019, section 3.1).
    """
    count, device = len(one), one.device
    first = torch.randint(1, layers, (count, 1), device=device)
    first = torch.where(torch.rand(count, 1, device=device) < chance, first, layers)
    ours = torch.arange(layers, device=device) < first
    return torch.where(ours[:, :, None], one[:, None], other[:, None])
