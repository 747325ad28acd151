"""A trained discriminator as the one who looks: its maps at every grid, of pictures of any size."""

from __future__ import annotations

from collections.abc import Callable, Collection
from contextlib import ExitStack, suppress
from typing import Any

import torch
from torch import Tensor, nn

from gansmith.networks.backbone import UNITS, Backbone, hearing
from gansmith.networks.msg import at_every_size
from gansmith.styling.features import STYLE, Extractor, weighed

GREY = (0.299, 0.587, 0.114)  # brightness of (R, G, B)


class Enough(Exception):
    """All maps wanted are there; the network's last layers, which fit one size alone, are not asked."""


class Through(nn.Module):
    """Images (N, 3, H, W) in [-1, 1] -> maps by layer, by a backbone of images with 1 or 3 channels."""

    def __init__(self, backbone: Backbone) -> None:
        super().__init__()
        self.backbone = backbone

    def forward(self, image: Tensor, layers: Collection[str]) -> dict[str, Tensor]:
        if self.backbone.shape[0] == 1:
            image = (image * image.new_tensor(GREY)[:, None, None]).sum(1, keepdim=True)
        found: dict[str, Tensor] = {}

        def heard(layer: str) -> Callable[[Tensor], None]:
            def note(maps: Tensor) -> None:
                found[layer] = maps
                if len(found) == len(layers):
                    raise Enough

            return note

        with ExitStack() as hooks:
            for layer in layers:
                hooks.enter_context(hearing(self.backbone.network, self.backbone.places[layer], heard(layer)))
            with suppress(Enough):
                self.backbone.network(*self.shown(image))
        return found

    def shown(self, image: Tensor) -> tuple[Any, ...]:
        """What the network is called with: what it would be for images of its own size, but for the image."""
        own, *told = self.backbone.shown(self.backbone.blank())
        image = image.repeat(1, self.backbone.repeat, 1, 1)
        return (image if isinstance(own, Tensor) else at_every_size(image), *told)


def through_backbone(backbone: Backbone, name: str) -> Extractor:
    """Style from the maps of every grid larger than 1, the finest weighed most; content from the second coarsest.

    Raises ValueError where the network sees no colours that a picture has, has no such maps, or one size alone.
    """
    if backbone.shape[0] not in (1, 3):
        raise ValueError(f"its images have {backbone.shape[0]} channels")
    with torch.no_grad():
        maps = backbone.features(backbone.blank(), [layer for layer in backbone.places if layer != UNITS])
    layers = [layer for layer, found in maps.items() if min(found.shape[2:]) > 1]
    if not layers:
        raise ValueError("none of its layers has a grid")
    weights = list(STYLE.values())
    style = {layer: weights[min(place, len(weights) - 1)] for place, layer in enumerate(layers)}
    content = {layers[max(0, len(layers) - 2)]: 1.0}
    half = (0.5, 0.5, 0.5)
    found = Extractor(name, Through(backbone), content, weighed(style), half, half, content_weight=0.05)
    larger = backbone.blank().new_zeros(1, 3, *(2 * side for side in backbone.shape[1:]))
    try:
        found.features(larger)
    except RuntimeError:
        raise ValueError("it takes images of one size alone") from None
    return found
