"""The state of networks themselves: their weights' spectra and the channels that have fallen silent."""

from __future__ import annotations

import math
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

import torch
from torch import Tensor, nn

from gansmith.networks.equalised import EqualisedConv2d, EqualisedLinear, scaled

WIDEST = 768  # rows of the largest matrix whose spectrum is worth its time
SILENT = 1e-4  # of the widest range in its layer: below, a channel says the same whatever it is shown

LAYERS = (nn.Linear, nn.Conv2d, nn.ConvTranspose2d, nn.BatchNorm2d, nn.ReLU, nn.LeakyReLU)


@torch.no_grad()
def spectra(network: nn.Module) -> tuple[float, float]:
    """(largest singular value, smallest effective rank as a share of the possible) over the weight matrices.

    The effective rank is the exponential of the entropy of the singular values (Roy & Vetterli 2007); it falls when
    a discriminator collapses onto few directions (Liu et al. 2019). NaN for weights that are not finite.
    Weights are as they are used: of a spectral normalisation what it leaves. In training mode asking would change it.
    """
    largest, rank = 0.0, 1.0
    for weight in weights(network):
        if weight.dim() < 2 or min(len(weight), weight[0].numel()) < 2 or min(len(weight), weight[0].numel()) > WIDEST:
            continue
        matrix = weight.detach().float().flatten(1)
        matrix = matrix if len(matrix) <= matrix.shape[1] else matrix.T
        if not bool(torch.isfinite(matrix).all()):
            return math.nan, math.nan
        values = torch.linalg.eigvalsh(matrix @ matrix.T).clamp_min(0).sqrt()
        shares = values / values.sum().clamp_min(1e-30)
        entropy = -(shares * shares.clamp_min(1e-30).log()).sum()
        largest, rank = max(largest, float(values[-1])), min(rank, math.exp(float(entropy)) / len(matrix))
    return largest, rank


def weights(network: nn.Module) -> Iterator[Tensor]:
    """Every parameter, and where one is used in another form, that form."""
    layers = [layer for layer in network.modules() if isinstance(layer, EqualisedConv2d | EqualisedLinear)]
    raw = {id(layer.weight) for layer in layers}
    for name, weight in network.named_parameters():
        if "parametrizations." not in name and id(weight) not in raw:
            yield weight
    yield from (scaled(layer)[0] for layer in layers)
    for layer in network.modules():
        yield from (getattr(layer, name) for name in getattr(layer, "parametrizations", ()))


@dataclass
class Silence:
    """Counts channels that are constant over a batch, layer by layer."""

    dead: int = 0
    channels: int = 0
    handles: list[torch.utils.hooks.RemovableHandle] = field(default_factory=list)

    def hear(self, layer: nn.Module, given: tuple[Tensor, ...], answer: Tensor) -> None:
        if answer.dim() < 2 or len(answer) < 2:
            return
        others = [axis for axis in range(answer.dim()) if axis != 1]
        ranges = answer.detach().amax(others) - answer.detach().amin(others)  # thirty times as quick as a deviation
        self.dead += int((ranges <= SILENT * ranges.max()).sum())
        self.channels += len(ranges)

    @property
    def share(self) -> float:
        return self.dead / max(self.channels, 1)


@contextmanager
def listening(network: nn.Module) -> Iterator[Silence]:
    """Within it, every pass through the network tells how many of its channels say nothing; its last layer is left out.

    A layer whose channels are all constant counts as wholly dead.
    """
    silence = Silence()
    layers = [module for module in network.modules() if isinstance(module, LAYERS)]
    weighted = [layer for layer in layers if isinstance(layer, LAYERS[:3])]
    heard = [layer for layer in layers if not weighted or layer is not weighted[-1]]
    handles = [layer.register_forward_hook(silence.hear) for layer in heard]
    try:
        yield silence
    finally:
        for handle in handles:
            handle.remove()
