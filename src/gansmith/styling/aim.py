"""What a picture is to become: the content's maps and the styles' statistics, and how far an image is from them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor
from torch.autograd.function import once_differentiable
from torch.nn.functional import adaptive_avg_pool2d, avg_pool2d

from gansmith.losses.style import LOSSES, Moments, StyleLoss, mixed, moments
from gansmith.styling.features import Extractor
from gansmith.styling.tiles import Tile, tiles_of

Maps = Mapping[str, Tensor]
ByLayer = dict[str, tuple[Moments, float]]  # moments, and of how many positions they are


@dataclass(frozen=True)
class Style:
    """A picture (1, 3, H, W) in [-1, 1], its share among several, and where in the content it is wanted.

    mask: (1, 1, h, w) in [0, 1] over the whole content; None: everywhere.
    """

    picture: Tensor
    weight: float = 1.0
    mask: Tensor | None = None


@dataclass(frozen=True)
class Region:
    """A part of the picture, and by layer what it is compared with there. share: its weight in the style loss."""

    share: float
    losses: Mapping[str, StyleLoss]
    mask: Tensor | None = None

    def moments(self, maps: Maps, extractor: Extractor, tile: Tile) -> ByLayer:
        """Of a tile's maps, within this region."""
        found: ByLayer = {}
        for layer in self.losses:
            mask = (
                None if self.mask is None else shrunk(tile.inner(self.mask), maps[layer], extractor.strides.get(layer))
            )
            count = float(maps[layer][0, 0].numel() if mask is None else mask.sum())
            if count > 0:
                found[layer] = moments(maps[layer], mask), count
        return found

    def loss(self, found: Mapping[str, Moments], weights: Mapping[str, float]) -> Tensor:
        return self.share * added([weights[layer] * loss(found[layer]) for layer, loss in self.losses.items()])


@dataclass(frozen=True)
class Aim:
    """Content and styles as an extractor sees them, at one size.

    targets: the content's maps (1, C, H', W') by tile and layer. scales: what differences from them are multiplied by,
    layer by layer: 1 / values in all, in the extractor's unit, times the layer's weight.
    """

    extractor: Extractor
    targets: Sequence[Maps]
    scales: Mapping[str, Tensor]
    regions: tuple[Region, ...]
    tiles: tuple[Tile, ...]

    def distances(self, image: Tensor) -> tuple[Tensor, Tensor]:
        """(content, style) losses of an image (1, 3, H, W) in [-1, 1], layers weighed; differentiable.

        Of a picture in tiles the statistics are summed over all of them first, then every tile is looked at again for
        its slope: exact, in the memory of one tile.
        """
        if len(self.tiles) > 1:
            content, style = _InTiles.apply(image, self)  # type: ignore[no-untyped-call]
            return content, style
        maps = self.extractor.features(image)
        return self.content_loss(maps, 0), self.style_loss(merged([self.moments(maps, 0)]))

    def content_loss(self, maps: Maps, tile: int) -> Tensor:
        """What a tile adds to the mean squared differences."""
        return added(
            [
                (maps[layer].float() - target.float()).square().sum() * self.scales[layer]
                for layer, target in self.targets[tile].items()
            ]
        )

    def moments(self, maps: Maps, tile: int) -> list[ByLayer]:
        """Of a tile's maps, region by region."""
        return [region.moments(maps, self.extractor, self.tiles[tile]) for region in self.regions]

    def style_loss(self, found: Sequence[Mapping[str, Moments]]) -> Tensor:
        """Of the moments of each region."""
        return added([one.loss(each, self.extractor.style) for one, each in zip(self.regions, found, strict=True)])


@torch.no_grad()
def aim_at(
    extractor: Extractor, content: Tensor, styles: Sequence[Style], loss: str = "wasserstein", tile: int = 1024
) -> Aim:
    """Look at a content (1, 3, H, W) and at styles, once and for all.

    Styles without masks are mixed by their weights into one; with masks each is wanted in its own part, and its weight
    is its share of the loss. loss: a name in LOSSES. tile: side in pixels of what is looked at at once.
    """
    tiles = tiles_of((content.shape[2], content.shape[3]), tile, extractor)
    targets = [each.maps(extractor, content, tuple(extractor.content)) for each in tiles]
    scales = {}
    for layer, weight in extractor.content.items():
        maps = [found[layer] for found in targets]
        energy, count = sum(one.float().square().sum() for one in maps), sum(one.numel() for one in maps)
        scales[layer] = weight / count / unit(extractor, torch.as_tensor(energy / count))
    seen = [style_moments(extractor, style.picture, tile) for style in styles]
    total = sum(style.weight for style in styles)
    regions = []
    if common := [place for place, style in enumerate(styles) if style.mask is None]:
        weights = [styles[place].weight for place in common]
        mixture = {layer: mixed([seen[place][layer] for place in common], weights) for layer in extractor.style}
        regions.append(Region(sum(weights) / total, losses_for(extractor, mixture, loss)))
    for place, style in enumerate(styles):
        if style.mask is not None:
            regions.append(Region(style.weight / total, losses_for(extractor, seen[place], loss), style.mask))
    return Aim(extractor, targets, scales, tuple(regions), tiles)


def style_moments(extractor: Extractor, picture: Tensor, tile: int = 1024) -> dict[str, Moments]:
    """The moments of a picture (1, 3, H, W) by style layer, tile by tile."""
    region = Region(1.0, dict.fromkeys(extractor.style, lambda found: found.energy))
    tiles = tiles_of((picture.shape[2], picture.shape[3]), tile, extractor)
    layers = tuple(extractor.style)
    (found,) = merged([[region.moments(one.maps(extractor, picture, layers), extractor, one)] for one in tiles])
    return found


def losses_for(extractor: Extractor, wanted: Mapping[str, Moments], loss: str) -> dict[str, StyleLoss]:
    """A loss per layer; Gram's always in units of the style's own, for it is of the fourth order in the maps."""
    return {
        layer: scaled(LOSSES[loss](each), each.energy**2 if loss == "gram" else unit(extractor, each.energy))
        for layer, each in wanted.items()
    }


def scaled(loss: StyleLoss, scale: Tensor) -> StyleLoss:
    return lambda found: loss(found) / scale


def unit(extractor: Extractor, energy: Tensor) -> Tensor:
    """What a loss of an extractor's maps is divided by."""
    return energy.clamp_min(1e-12) if extractor.relative else torch.ones_like(energy)


def shrunk(mask: Tensor, maps: Tensor, stride: int | None) -> Tensor:
    """A mask (1, 1, H, W) as large as some maps."""
    return avg_pool2d(mask, stride) if stride else adaptive_avg_pool2d(mask, (maps.shape[2], maps.shape[3]))


def merged(parts: Sequence[Sequence[ByLayer]]) -> list[dict[str, Moments]]:
    """The moments of every region, from those of its tiles."""
    found = []
    for tiles in zip(*parts, strict=True):
        by = {}
        for layer in dict.fromkeys(layer for tile in tiles for layer in tile):
            each = [tile[layer] for tile in tiles if layer in tile]
            by[layer] = mixed(*zip(*each)) if len(each) > 1 else each[0][0]
        found.append(by)
    return found


def added(terms: Sequence[Tensor]) -> Tensor:
    return torch.stack(list(terms)).sum()


class _InTiles(torch.autograd.Function):
    """An image's distances from an aim, tile by tile."""

    @staticmethod
    def forward(ctx: Any, image: Tensor, aim: Aim) -> tuple[Tensor, Tensor]:
        content, parts = [], []
        for number, tile in enumerate(aim.tiles):
            maps = tile.maps(aim.extractor, image, aim.extractor.layers)
            content.append(aim.content_loss(maps, number))
            parts.append(aim.moments(maps, number))
        found = merged(parts)
        leaves = [
            tensor.requires_grad_() for by in found for each in by.values() for tensor in (each.mean, each.second)
        ]
        with torch.enable_grad():
            style = aim.style_loss(found)
            slopes = iter(torch.autograd.grad(style, leaves))
        ctx.slopes = [{layer: (next(slopes), next(slopes)) for layer in by} for by in found]
        ctx.counts = [
            {layer: sum(part[place][layer][1] for part in parts if layer in part[place]) for layer in by}
            for place, by in enumerate(found)
        ]
        ctx.aim = aim
        ctx.save_for_backward(image)
        return added(content), style.detach()

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, of_content: Tensor, of_style: Tensor) -> tuple[Tensor, None]:
        (image,), aim = ctx.saved_tensors, ctx.aim
        slope = torch.zeros_like(image)
        for number, tile in enumerate(aim.tiles):
            part = tile.cut(image).detach().requires_grad_()
            with torch.enable_grad():
                maps = tile.cropped(aim.extractor, aim.extractor.features(part))
                terms = [of_content * aim.content_loss(maps, number)]
                for place, by in enumerate(aim.moments(maps, number)):
                    for layer, (each, count) in by.items():
                        mean, second = ctx.slopes[place][layer]
                        share = of_style * count / ctx.counts[place][layer]
                        terms.append(share * ((each.mean * mean).sum() + (each.second * second).sum()))
                (found,) = torch.autograd.grad(added(terms), part)
            tile.cut(slope).add_(found)
        return slope, None
