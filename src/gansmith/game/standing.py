"""Standing statistics: those of BatchNorm, measured anew for what a network is now shown (Brock et al. 2019, 2).

Those kept in training belong to weights that were averaged since and to latents that were not truncated; or, in a
discriminator, to a mixture of reals and fakes, which it was never shown in one batch.
"""

from __future__ import annotations

import copy
from collections.abc import Callable, Hashable

import torch
from torch import nn

Pass = Callable[[nn.Module], object]  # shows a network one batch


@torch.no_grad()
def settled(network: nn.Module, show: Pass, passes: int) -> nn.Module:
    """A copy whose normalisations go by the mean of their statistics over `passes` batches; all else is as it was."""
    network = copy.deepcopy(network)
    norms = normalisations(network)
    for norm in norms:
        norm.reset_running_stats()
        norm.momentum = None  # a plain mean
        norm.train()
    for _ in range(passes):
        show(network)
    for norm in norms:
        norm.eval()
    return network


def normalisations(network: nn.Module) -> list[nn.BatchNorm1d | nn.BatchNorm2d]:
    return [module for module in network.modules() if isinstance(module, nn.BatchNorm1d | nn.BatchNorm2d)]


class Standing:
    """Settles generators that are drawn from, and remembers the last one: a function of weights and `key` alone."""

    def __init__(self, passes: int) -> None:
        self.passes = passes
        self.last: tuple[Hashable, nn.Module] | None = None

    def __call__(self, generator: nn.Module, show: Pass, key: Hashable) -> nn.Module:
        """The generator settled by `show`; itself where it is in training, or where there are no passes."""
        if generator.training or not self.passes or any(norm.training for norm in normalisations(generator)):
            return generator
        versions = tuple((id(weight), weight._version) for weight in generator.parameters())
        if self.last is None or self.last[0] != (versions, key):
            self.last = (versions, key), settled(generator, show, self.passes)
        return self.last[1]
