"""Minibatch standard deviation: the last layer also sees how far the samples of a batch lie apart (Karras et al. 2018).

Of the last features, and in groups, as one more input of the last layer: so it fits any discriminator.
"""

from __future__ import annotations

import math
from typing import cast

import torch
from torch import Tensor, nn

from gansmith.networks.last import last_place

GROUP = 4


class SeeingSpread(nn.Linear):
    """A linear layer with one more input, the `spread` of what it is given."""

    def __init__(self, layer: nn.Linear) -> None:
        super().__init__(layer.in_features + 1, layer.out_features, layer.bias is not None)
        take_over(self, layer)

    def forward(self, features: Tensor) -> Tensor:
        return super().forward(torch.cat([features, spread(features).to(features.dtype)], 1))


class SeeingSpreadEverywhere(nn.Conv2d):
    """A convolution with one more map, everywhere the `spread` of what it is given."""

    def __init__(self, layer: nn.Conv2d) -> None:
        height, width = layer.kernel_size
        stride, padding = layer.stride[0], layer.padding[0]
        assert isinstance(padding, int)
        bias = layer.bias is not None
        super().__init__(layer.in_channels + 1, layer.out_channels, (height, width), stride, padding, bias=bias)
        take_over(self, layer)

    def forward(self, maps: Tensor) -> Tensor:
        return super().forward(with_spread(maps))


def with_spread(maps: Tensor) -> Tensor:
    """(N, C, H, W) -> (N, C + 1, H, W): one more map, everywhere the `spread` of the others."""
    one = spread(maps.flatten(1)).to(maps.dtype)[:, :, None, None]
    return torch.cat([maps, one.expand(-1, -1, *maps.shape[2:])], 1)


@torch.no_grad()
def take_over(layer: nn.Linear | nn.Conv2d, old: nn.Linear | nn.Conv2d) -> None:
    """Give a layer with one input more the weights of the old one; those of the new input are as large."""
    nn.init.normal_(layer.weight, 0.0, float(old.weight.square().mean().sqrt()))
    layer.weight[:, :-1] = old.weight
    if layer.bias is not None and old.bias is not None:
        layer.bias.copy_(old.bias)


def spread(features: Tensor, group: int = GROUP) -> Tensor:
    """(N, d) -> (N, 1): per group of neighbours, the standard deviation of each feature, averaged over features.

    Groups have `group` members, or one fewer or two where N does not divide; a sample alone has a spread of 0.
    """
    with torch.autocast(features.device.type, enabled=False):
        features = features.float()
        count = len(features)
        groups = math.ceil(count / group)
        whose = torch.arange(count, device=features.device) * groups // count
        member = nn.functional.one_hot(whose, groups).to(features.dtype)
        share = (member / member.sum(0)).t()  # (groups, N): averages each group
        around = features - member @ (share @ features)
        deviation = torch.sqrt(share @ around.square() + 1e-8)  # the root's slope at 0 is infinite
        return member @ deviation.mean(1, keepdim=True)


def see_spread(discriminator: nn.Module) -> None:
    """Give the discriminator's last layer the spread of its batch to see, in place.

    One with a true attribute `sees_spread` has a place for it further down, and is left as it is.
    Reals and fakes must then be judged in passes of their own, or groups would mix them.
    """
    if getattr(discriminator, "sees_spread", False):
        return
    place = last_place(discriminator)
    parent, _, leaf = place.rpartition(".")
    layer = discriminator.get_submodule(place)
    seeing = SeeingSpread(layer) if isinstance(layer, nn.Linear) else SeeingSpreadEverywhere(cast(nn.Conv2d, layer))
    setattr(discriminator.get_submodule(parent), leaf, seeing)
