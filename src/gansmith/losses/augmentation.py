"""Augmentations by name: DiffAugment's kinds, or ADA's operations and presets.

Both know a `cutout`. A list of nothing but DiffAugment's kinds means those, so `cutout` alone is DiffAugment's.
"""

from __future__ import annotations

from gansmith.errors import UsageError, closest
from gansmith.losses.ada import NAMES, ada
from gansmith.losses.diffaugment import KINDS, Augment, Sometimes, diffaugment, sometimes


def augmentation(kinds: str) -> Sometimes:
    """(images, p) -> images, each kind met by each image with probability p. Raises UsageError for an unknown one."""
    return sometimes(kinds) if of_diffaugment(kinds) else ada(kinds)


def steadily(kinds: str, p: float = 1.0) -> Augment:
    """The same at a fixed probability."""
    if of_diffaugment(kinds) and p == 1:
        return diffaugment(kinds)
    augment = augmentation(kinds)
    return lambda image: augment(image, p)


def of_diffaugment(kinds: str) -> bool:
    """Which of the two a list with commas means. Raises UsageError for an unknown name, and where it mixes both."""
    names = [name.strip() for name in kinds.split(",") if name.strip()]
    for name in names:
        if name not in KINDS and name not in NAMES:
            raise UsageError(f"There is no augmentation '{name}'.", do=closest(name, [*KINDS, *NAMES]))
    foreign = [name for name in names if name not in KINDS]
    own = [name for name in names if name not in NAMES]
    if foreign and own:
        raise UsageError(
            f"'{own[0]}' is of DiffAugment, '{foreign[0]}' of ADA.",
            why="the two draw differently, and one of them is done at a time",
            do=f"augment={','.join(name for name in names if name in NAMES)}, or DiffAugment's {','.join(KINDS)}",
        )
    return not foreign
