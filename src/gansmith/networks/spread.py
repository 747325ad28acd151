"""Minibatch standard deviation: the last layer also sees how far the samples of a batch lie apart (Karras et al. 2018).

Of the last features, and in groups, as one more input of the last linear layer: so it fits any discriminator.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn

from gansmith.networks.last import last_place

GROUP = 4


class SeeingSpread(nn.Linear):
    """A linear layer with one more input, the `spread` of what it is given."""

    def __init__(self, layer: nn.Linear) -> None:
        super().__init__(layer.in_features + 1, layer.out_features, layer.bias is not None)
        with torch.no_grad():
            nn.init.normal_(self.weight, 0.0, float(layer.weight.square().mean().sqrt()))
            self.weight[:, :-1] = layer.weight
            if layer.bias is not None:
                self.bias.copy_(layer.bias)

    def forward(self, features: Tensor) -> Tensor:
        return super().forward(torch.cat([features, spread(features).to(features.dtype)], 1))


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

    Reals and fakes must then be judged in passes of their own, or groups would mix them.
    """
    place = last_place(discriminator)
    parent, _, leaf = place.rpartition(".")
    layer = discriminator.get_submodule(place)
    assert isinstance(layer, nn.Linear)
    setattr(discriminator.get_submodule(parent), leaf, SeeingSpread(layer))
