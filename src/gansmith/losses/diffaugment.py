"""DiffAugment: differentiable colour, translation and cutout, drawn anew for every image (Zhao et al. 2020)."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import torch
from torch import Tensor
from torch.nn.functional import pad

from gansmith.errors import UsageError, closest

Augment = Callable[[Tensor], Tensor]
Sometimes = Callable[[Tensor, Tensor | float], Tensor]  # (images, probability) -> images


def colour(image: Tensor) -> Tensor:
    """Brightness +-0.5, saturation x[0, 2], contrast x[0.5, 1.5]; (N, C, H, W) -> same."""

    def draw() -> Tensor:
        return torch.rand(image.shape[0], 1, 1, 1, device=image.device, dtype=image.dtype)

    image = image + (draw() - 0.5)
    if image.shape[1] > 1:
        grey = image.mean(dim=1, keepdim=True)
        image = (image - grey) * (2 * draw()) + grey
    middle = image.mean(dim=(1, 2, 3), keepdim=True)
    return (image - middle) * (draw() + 0.5) + middle


def translation(image: Tensor, share: float = 0.125) -> Tensor:
    """Shift by up to `share` of each side; what comes in is 0 (mid-grey)."""
    count, _, height, width = image.shape
    reach_y, reach_x = round(height * share), round(width * share)
    shift_y, shift_x = (drawn(2 * reach + 1, image) - reach for reach in (reach_y, reach_x))
    rows = (torch.arange(height, device=image.device)[None, :, None] + shift_y + 1).clamp(0, height + 1)
    columns = (torch.arange(width, device=image.device)[None, None, :] + shift_x + 1).clamp(0, width + 1)
    which = torch.arange(count, device=image.device)[:, None, None]
    framed = pad(image, (1, 1, 1, 1)).permute(0, 2, 3, 1)
    return framed[which, rows, columns].permute(0, 3, 1, 2)


def cutout(image: Tensor, share: float = 0.5) -> Tensor:
    """Blank one rectangle of `share` of each side, centred anywhere."""
    height, width = image.shape[2:]
    tall, wide = round(height * share), round(width * share)
    top, left = drawn(height + 1 - tall % 2, image) - tall // 2, drawn(width + 1 - wide % 2, image) - wide // 2
    rows = torch.arange(height, device=image.device)[None, :, None]
    columns = torch.arange(width, device=image.device)[None, None, :]
    hidden = (rows >= top) & (rows < top + tall) & (columns >= left) & (columns < left + wide)
    return image * ~hidden[:, None]


def drawn(values: int, image: Tensor) -> Tensor:
    """A whole number below `values` for every image, (N, 1, 1): drawn as a share, hence alike at every size of one."""
    share = torch.rand(len(image), 1, 1, device=image.device, dtype=torch.float64)
    return (share * values).long()


KINDS: Mapping[str, Augment] = {"colour": colour, "translation": translation, "cutout": cutout}


def diffaugment(kinds: str) -> Augment:
    """Compose named kinds, e.g. "colour,translation,cutout". Raises UsageError for an unknown one."""
    chosen = named(kinds)

    def augment(image: Tensor) -> Tensor:
        for kind in chosen:
            image = kind(image)
        return image

    return augment


def sometimes(kinds: str) -> Sometimes:
    """The same, (image, p) -> image: every kind, for every image, with probability p only (Karras et al. 2020)."""
    chosen = named(kinds)

    def augment(image: Tensor, p: Tensor | float) -> Tensor:
        for kind in chosen:
            touched = torch.rand(len(image), 1, 1, 1, device=image.device) < p
            image = torch.where(touched, kind(image), image)
        return image

    return augment


def named(kinds: str) -> list[Augment]:
    """The kinds of a list with commas. Raises UsageError for an unknown one."""
    names = [name.strip() for name in kinds.split(",") if name.strip()]
    for name in names:
        if name not in KINDS:
            raise UsageError(f"There is no augmentation '{name}'.", do=closest(name, KINDS))
    return [KINDS[name] for name in names]
