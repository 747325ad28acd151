"""Where a discriminator speaks its last word: its last linear layer, or convolution where it judges patches."""

from __future__ import annotations

from torch import nn

Last = nn.Linear | nn.Conv2d


def last_layer(network: nn.Module) -> Last:
    """The linear layer registered last; in a network without one, the convolution. ValueError where neither is."""
    return network.get_submodule(last_place(network))  # type: ignore[return-value]


def last_place(network: nn.Module) -> str:
    """That layer's dotted name."""
    for kind in (nn.Linear, nn.Conv2d):
        places = [name for name, module in network.named_modules() if isinstance(module, kind)]
        if places:
            return places[-1]
    raise ValueError(f"{type(network).__name__} has no linear layer and no convolution")
