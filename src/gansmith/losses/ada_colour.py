"""The colours of ADA: every image's brightness, contrast, luma, hue and saturation changed by one affine map.

Karras et al. 2020, appendix B. Colours are in [-1, 1]; of one channel, what becomes of its grey.
"""

from __future__ import annotations

import torch
from torch import Tensor

from gansmith.losses.ada_draws import Draws, applied

COLOURS = ("brightness", "contrast", "lumaflip", "hue", "saturation")
BRIGHTER, CONTRAST, SATURATION = 0.2, 0.5, 1.0  # standard deviations; the last two in octaves


def opaque(image: Tensor) -> int:
    """How many of the channels are colour: the last of two or four is transparency."""
    return image.shape[1] - (image.shape[1] in (2, 4))


def recoloured(image: Tensor, draws: Draws) -> Tensor:
    """Images (N, C, H, W), C from 1 to 4; transparency stays as it is."""
    channels = opaque(image)
    maps = colour_maps(draws)
    if channels == 1:  # what becomes of a grey, on average over red, green and blue
        maps = torch.stack([maps[:, :3, :3].sum(2).mean(1), maps[:, :3, 3].mean(1)], dim=1)[:, None]

    def change(some: Tensor, places: Tensor) -> Tensor:
        these = maps[places].to(some)
        flat = some[:, :channels].flatten(2)
        colours = torch.baddbmm(these[:, :channels, -1:], these[:, :channels, :-1], flat).view(
            -1, channels, *some.shape[2:]
        )
        return torch.cat([colours, some[:, channels:]], dim=1)

    return applied(image, draws.touched(*COLOURS[: 3 if channels == 1 else 5]), change)


def colour_maps(draws: Draws) -> Tensor:
    """Maps of (red, green, blue, 1), (N, 4, 4): brightness, then contrast, luma flip, hue, saturation."""
    count = draws.on.shape[1]
    eye = torch.eye(4).expand(count, 4, 4)
    luma = torch.tensor([1.0, 1, 1, 0]) / 3**0.5
    grey = torch.outer(luma, luma)
    colourful = torch.eye(4) - grey
    colourful[3, 3] = 0

    def each(values: Tensor) -> Tensor:
        return values[:, None, None]

    brightness = eye.clone()
    brightness[:, :3, 3] = draws.when("brightness", BRIGHTER * draws.gauss("brightness"))[:, None]
    contrast = (
        eye * torch.cat([draws.factor("contrast", CONTRAST)[:, None].expand(-1, 3), torch.ones(count, 1)], 1)[:, None]
    )
    flip = eye - 2 * grey * each(draws.when("lumaflip", (2 * draws.share("lumaflip")).floor()))
    hue = around_grey(draws.angle("hue"))
    saturation = eye + colourful * (each(draws.factor("saturation", SATURATION)) - 1)
    return saturation @ hue @ flip @ contrast @ brightness


def around_grey(angle: Tensor) -> Tensor:
    """Rotations of (red, green, blue, 1) around the axis of greys, by angles (N,): (N, 4, 4), after Rodrigues."""
    cross = torch.zeros(4, 4)
    cross[:3, :3] = torch.tensor([[0.0, -1, 1], [1, 0, -1], [-1, 1, 0]]) / 3**0.5
    sin, cos = angle.sin()[:, None, None], angle.cos()[:, None, None]
    return torch.eye(4) + sin * cross + (1 - cos) * (cross @ cross)
