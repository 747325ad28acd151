"""ADA's augmentations: each met by each image with one probability, so that what is shown tells what the data is.

Karras et al. 2020, arXiv:2006.06676, section 2.2 and appendix B: up to a probability of about 0.8 only the distribution
of the data looks, augmented, as the augmented data does; so a generator whose samples are shown augmented learns it.
"""

from __future__ import annotations

import torch
from torch import Tensor

from gansmith.errors import UsageError, closest
from gansmith.losses.ada_colour import COLOURS, recoloured
from gansmith.losses.ada_corruption import cut, filtered, noisy
from gansmith.losses.ada_draws import draw
from gansmith.losses.ada_geometry import moved
from gansmith.losses.diffaugment import Sometimes

BLIT = ("xflip", "rotate90", "xint")
GEOMETRY = ("scale", "rotate", "aniso", "xfrac")
OPERATIONS = (*BLIT, *GEOMETRY, *COLOURS, "imgfilter", "noise", "cutout")
PRESETS = {
    "blit": BLIT,
    "geom": GEOMETRY,
    "color": COLOURS,
    "filter": ("imgfilter",),
    "bg": (*BLIT, *GEOMETRY),
    "bgc": (*BLIT, *GEOMETRY, *COLOURS),
    "bgcf": (*BLIT, *GEOMETRY, *COLOURS, "imgfilter"),
    "bgcfn": (*BLIT, *GEOMETRY, *COLOURS, "imgfilter", "noise"),
    "bgcfnc": OPERATIONS,
}
NAMES = tuple(dict.fromkeys((*PRESETS, *OPERATIONS)))
STANDARD = "bgc"  # the best of the paper's sets (figure 4)


def ada(kinds: str) -> Sometimes:
    """(images, p) -> images, every operation named, or of a preset named, met by each image with probability p.

    kinds: with commas, e.g. "bgc" or "xflip,noise". Images are (N, C, H, W) in [-1, 1], C from 1 to 4, of any size;
    differentiable in them, twice and more; computed in float32 at least. Draws come from torch's global generator and
    are the same at any size. Raises UsageError for an unknown name.
    """
    chosen = operations(kinds)

    def augment(image: Tensor, p: Tensor | float) -> Tensor:
        p = float(p)
        if p <= 0:
            return image
        draws = draw(chosen, len(image), p)
        with torch.autocast(image.device.type, enabled=False):
            shown = image if image.dtype == torch.float64 else image.float()
            for change in (moved, recoloured, filtered, noisy, cut):
                shown = change(shown, draws)
        return shown.to(image.dtype)

    return augment


def operations(kinds: str) -> tuple[str, ...]:
    """What is named, presets resolved. Raises UsageError for an unknown name."""
    chosen: dict[str, None] = {}
    for name in filter(None, (name.strip() for name in kinds.split(","))):
        if name not in NAMES:
            raise UsageError(f"There is no augmentation '{name}'.", do=closest(name, NAMES))
        chosen |= dict.fromkeys(PRESETS.get(name, (name,)))
    return tuple(chosen)
