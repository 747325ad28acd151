"""Where a discriminator speaks its last word: its last linear layer."""

from __future__ import annotations

from torch import nn


def last_linear(network: nn.Module) -> nn.Linear:
    """The linear layer registered last; ValueError where there is none."""
    return network.get_submodule(last_place(network))  # type: ignore[return-value]


def last_place(network: nn.Module) -> str:
    """That layer's dotted name."""
    places = [name for name, module in network.named_modules() if isinstance(module, nn.Linear)]
    if not places:
        raise ValueError(f"{type(network).__name__} has no linear layer")
    return places[-1]
