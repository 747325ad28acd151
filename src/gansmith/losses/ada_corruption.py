"""What ADA does to images besides moving and colouring them: bands amplified, noise added, a part cut out.

Karras et al. 2020, appendix B.
"""

from __future__ import annotations

import torch
from torch import Tensor

from gansmith.losses.ada_colour import opaque
from gansmith.losses.ada_draws import BANDS, Draws, applied
from gansmith.losses.ada_wavelets import bands

POWER = (10 / 13, 1 / 13, 1 / 13, 1 / 13)  # of natural images in each band, lowest first
AMPLIFIED = 1.0  # octaves, standard deviation
NOISE = 0.1  # standard deviation of the standard deviation
CUT = 0.5  # of each side


def filtered(image: Tensor, draws: Draws) -> Tensor:
    """Frequency bands of the colours (N, C, H, W) made stronger or weaker, at the usual power of all together."""
    channels, gains = opaque(image), band_gains(draws)

    def change(some: Tensor, places: Tensor) -> Tensor:
        own = gains[places].to(some)
        down, across = (
            torch.einsum("nb,bij->nij", own, torch.as_tensor(bands(size)).to(some)) for size in some.shape[2:]
        )
        colours = down[:, None] @ (some[:, :channels] @ across.mT[:, None])
        return torch.cat([colours, some[:, channels:]], dim=1)

    return applied(image, draws.touched(*BANDS), change)


def band_gains(draws: Draws) -> Tensor:
    """Factors (N, 4): each band's drawn one, the others following so that the expected power stays."""
    power, gains = torch.tensor(POWER), torch.ones(draws.on.shape[1], 4)
    for band, name in enumerate(BANDS):
        factors = torch.ones_like(gains)
        factors[:, band] = draws.factor(name, AMPLIFIED)
        gains = gains * factors / (factors.square() @ power).sqrt()[:, None]
    return gains


def noisy(image: Tensor, draws: Draws) -> Tensor:
    """White noise of a half-normal deviation on the colours (N, C, H, W)."""
    strength = NOISE * draws.gauss("noise").abs()

    def change(some: Tensor, places: Tensor) -> Tensor:
        colours = some[:, : opaque(some)]
        grain = torch.randn_like(colours) * strength[places].to(some)[:, None, None, None]
        return torch.cat([colours + grain, some[:, opaque(some) :]], dim=1)

    return applied(image, draws.touched("noise"), change)


def cut(image: Tensor, draws: Draws) -> Tensor:
    """A rectangle of half of each side, centred anywhere, 0 in all channels of the images (N, C, H, W)."""

    def change(some: Tensor, places: Tensor) -> Tensor:
        inside = [
            (((torch.arange(size) + 0.5) / size - draws.share("cutout", axis)[places][:, None]).abs() < CUT / 2)
            for axis, size in enumerate(some.shape[2:])
        ]
        hidden = inside[0][:, None, :, None] & inside[1][:, None, None, :]
        return some * ~hidden.to(some.device)

    return applied(image, draws.touched("cutout"), change)
