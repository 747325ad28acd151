"""Learning styles once for ever: a game whose only player turns any photo into a painting in one pass.

Johnson et al. 2016 (arXiv:1603.08155), section 3: what an optimised picture lowers is lowered
over many photos. With several styles each step is of the next one (Dumoulin et al. 2017,
arXiv:1610.07629).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Literal, cast

import torch
from pydantic import Field
from torch import Tensor
from torch.nn.functional import mse_loss

from gansmith.game.acts import Act
from gansmith.game.game import Adam, Game, Networks, Request, Step, Terms, Turn, players
from gansmith.game.schedules import constant, cosine
from gansmith.losses.style import StyleLoss, moments, variation
from gansmith.networks.transfer import Look, TransferNet
from gansmith.settings import Settings
from gansmith.styling.aim import added, losses_for, style_moments, unit
from gansmith.styling.features import Extractor
from gansmith.styling.parts import PART, in_parts, overview

NETWORK = "transfer"
Layer = Literal["relu1_1", "relu2_1", "relu3_1", "relu4_1", "relu4_2", "relu5_1"]
LOUDER = 2.5  # the content's weight beside that of an optimised picture, which begins as the photo; a network does not


class FastSettings(Settings):
    """How a transfer network is made and learns. Sized for a laptop; the paper: width 32, 5 blocks, 256 pixels."""

    width: int = Field(default=16, ge=4, le=128, description="channels of the network's finest layer")
    blocks: int = Field(default=4, ge=1, le=16, description="residual blocks")
    size: int = Field(default=128, ge=32, le=1024, description="side of the photos learnt from, in pixels")
    style_size: int = Field(default=256, ge=32, le=2048, description="shorter side that the style is looked at with")
    batch: int = Field(default=4, ge=1, description="photos per step")
    lr: float = Field(default=2e-3, gt=0, description="learning rate, falling to a twentieth")
    content_layer: str = Field(
        default="relu3_1", description="what photo and painting are to share, maps of this layer"
    )
    content_weight: float | None = Field(default=None, ge=0, description="of the content, beside a style of 1")
    smooth: float = Field(default=4.0, ge=0, description="weight of smoothness (total variation)")


def learning(extractor: Extractor, styles: Sequence[Tensor], how: FastSettings, images: int) -> Game:
    """The game of learning styles, pictures (1, 3, H, W) in [-1, 1] each, from `images` photos.

    It draws a request's "source" (N, 3, H, W) in the mix "styles" (N, S), by default of equal parts.
    """
    with torch.no_grad():
        wanted = [losses_for(extractor, style_moments(extractor, style), "wasserstein") for style in styles]
    weight = LOUDER * extractor.content_weight if how.content_weight is None else how.content_weight
    extractor = replace(extractor, content={how.content_layer: 1.0})
    mixes = torch.eye(len(styles)).to(styles[0])

    def paint(networks: Networks, step: Step) -> Terms:
        photo, style = step.batch.image, step.number % len(styles)
        made = networks[NETWORK](photo, Look(mixes[style].expand(len(photo), -1)))
        with torch.no_grad():
            target = extractor.features(photo, tuple(extractor.content))
        maps = extractor.features(made)
        return {
            "content": weight * content_loss(extractor, maps, target),
            "style": style_loss(extractor, maps, wanted[style]),
            "roughness": how.smooth * variation(made),
        }

    def draw(networks: Networks, request: Request) -> Tensor:
        source = request.given["source"]
        mix = request.given.get("styles")
        return painted(
            cast(TransferNet, networks[NETWORK]), source, mix if mix is not None else mixes.mean(0, keepdim=True)
        )

    return Game(
        players(transfer=TransferNet(len(styles), how.width, how.blocks)),
        (Turn("paint", (NETWORK,), paint),),
        draw,
        {NETWORK: Adam(cosine(how.lr, how.lr / 20, images), 0.9, constant(0.99))},
        (Act(images),),
        averaged=(NETWORK,),
        half_life=lambda seen: min(400.0, 0.05 * seen),
    )


def content_loss(extractor: Extractor, maps: Mapping[str, Tensor], target: Mapping[str, Tensor]) -> Tensor:
    """Mean squared differences of maps (N, C, H, W) by content layer, weighed, in the extractor's unit."""
    return added(
        [
            weight * mse_loss(maps[layer].float(), target[layer].float()) / unit(extractor, energy(target[layer]))
            for layer, weight in extractor.content.items()
        ]
    )


def style_loss(extractor: Extractor, maps: Mapping[str, Tensor], wanted: Mapping[str, StyleLoss]) -> Tensor:
    """Distances of each image's moments from a style's, by style layer, weighed: the mean over images."""
    return added([weight * wanted[layer](moments(maps[layer])) for layer, weight in extractor.style.items()])


def energy(maps: Tensor) -> Tensor:
    return maps.float().square().mean()


@torch.no_grad()
def painted(network: TransferNet, photo: Tensor, mix: Tensor, part: int = PART) -> Tensor:
    """A photo (N, 3, H, W) of any size in the mix of styles (N or 1, S), in [-1, 1], in one pass.

    Beyond part x part pixels part by part, in bounded memory, all normalised by the moments of a smaller copy, so that
    there are no seams (Chen et al. 2022, arXiv:2103.11784).
    """
    first = Look(mix.to(photo).expand(len(photo), -1))
    if photo.shape[2] * photo.shape[3] <= part**2:
        made: Tensor = network(photo, first)
        return made
    network(overview(photo, part), first)
    held = tuple(first.noted)
    return in_parts(lambda seen: network(seen, Look(first.styles, held)), photo, part, network.reach)
