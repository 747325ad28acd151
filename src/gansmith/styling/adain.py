"""Any style without learning it: maps of the photo get the moments of the style's, and a decoder paints them.

Huang & Belongie 2017 (arXiv:1703.06868). What learns is the decoder alone, once, from photos that serve as each other's
styles; the encoder is an extractor's first layers, frozen.
"""

from __future__ import annotations

import torch
from pydantic import Field
from torch import Tensor, nn
from torch.nn.functional import mse_loss

from gansmith.game.acts import Act
from gansmith.game.game import Adam, Game, Networks, Request, Step, Terms, Turn, players
from gansmith.game.schedules import constant, cosine
from gansmith.networks.adain import Decoder, Moments, adain, moments
from gansmith.settings import Settings
from gansmith.styling.aim import added, unit
from gansmith.styling.fast import energy
from gansmith.styling.features import Extractor
from gansmith.styling.parts import PART, in_parts, overview

REACH = 64  # pixels: the encoder's maps of a quarter of the size, and the decoder's way back
NETWORK = "decoder"
IDENTITY = 4.0  # weight of giving the photo back, which teaches colours soonest
BETWEEN = "relu3_1"  # the layer that maps are moved in


class AdainSettings(Settings):
    """How a decoder learns."""

    size: int = Field(default=128, ge=32, le=1024, description="side of the images learnt from, in pixels")
    batch: int = Field(default=4, ge=2, description="images per step, each of them the style of another")
    lr: float = Field(default=2e-3, gt=0, description="learning rate, falling to a twentieth")
    style_weight: float = Field(default=1.0, ge=0, description="of the style, beside a content of 1 (the paper: 10)")


def learning(extractor: Extractor, how: AdainSettings, images: int) -> Game:
    """The game of learning to paint an extractor's maps, from `images` images.

    It draws a request's "source" (N, 3, H, W) in the style of its "style" (1, 3, h, w).
    """
    layers = tuple(layer for layer in extractor.style if layer <= BETWEEN)

    def decode(networks: Networks, step: Step) -> Terms:
        image = step.batch.image
        with torch.no_grad():
            maps = extractor.features(image, layers)
            wanted = {layer: rolled(moments(found)) for layer, found in maps.items()}
            target = adain(maps[BETWEEN], wanted[BETWEEN])
        made = networks[NETWORK](target)
        found = extractor.features(made, layers)
        style = [apart(moments(found[layer]), wanted[layer]) / unit(extractor, energy(maps[layer])) for layer in layers]
        plain = networks[NETWORK](maps[BETWEEN])  # without a style the photo itself is to come back
        return {
            "content": mse_loss(found[BETWEEN], target) / unit(extractor, energy(target)),
            "style": how.style_weight * added(style) / len(layers),
            "identity": IDENTITY * mse_loss(plain, image),
        }

    def draw(networks: Networks, request: Request) -> Tensor:
        return painted(extractor, networks[NETWORK], request.given["source"], request.given["style"])

    return Game(
        players(decoder=decoder_of(extractor)),
        (Turn("decode", (NETWORK,), decode),),
        draw,
        {NETWORK: Adam(cosine(how.lr, how.lr / 20, images), 0.9, constant(0.99))},
        (Act(images),),
        averaged=(NETWORK,),
        half_life=lambda seen: min(400.0, 0.05 * seen),
    )


def decoder_of(extractor: Extractor) -> Decoder:
    """A new decoder of an extractor's maps."""
    with torch.no_grad():
        channels = extractor.features(torch.zeros(1, 3, 64, 64), (BETWEEN,))[BETWEEN].shape[1]
    return Decoder(channels, extractor.strides[BETWEEN].bit_length() - 1)


def rolled(each: Moments) -> Moments:
    """Everybody's moments for their neighbour."""
    return each[0].roll(1, 0), each[1].roll(1, 0)


def apart(found: Moments, wanted: Moments) -> Tensor:
    """Mean squared difference of means and deviations (equation 13, squared)."""
    return mse_loss(found[0], wanted[0]) + mse_loss(found[1], wanted[1])


@torch.no_grad()
def painted(
    extractor: Extractor, decoder: nn.Module, photo: Tensor, style: Tensor, strength: float = 1.0, part: int = PART
) -> Tensor:
    """A photo (N, 3, H, W) in the style of a picture (1, 3, h, w), in [-1, 1]; strength: how far of the way there.

    Beyond part x part pixels part by part, moved by the moments of a smaller copy.
    """

    def between(image: Tensor) -> Tensor:
        return extractor.features(image, (BETWEEN,))[BETWEEN].float()

    wanted, held = moments(between(overview(style, part))), moments(between(overview(photo, part)))

    def act(seen: Tensor) -> Tensor:
        made: Tensor = decoder(adain(between(seen), wanted, strength, held)).clamp(-1, 1)
        return made

    return in_parts(act, photo, part, REACH)
