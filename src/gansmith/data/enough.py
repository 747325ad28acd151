"""What so many samples can teach a generator that begins with nothing, and what they cannot."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Kind = Literal["images", "pairs", "sides", "points"]


@dataclass(frozen=True)
class Band:
    """below: the number of images it ends at."""

    below: float
    verdict: str
    gives: str
    lacks: str


# After published trainings on few images: from 1,000 (ADA, Karras et al. 2020), from 100 (DiffAugment, Zhao et al.).
BANDS = (
    Band(50, "too few", "these images back, hardly changed", "anything new"),
    Band(300, "very few", "their colours and textures, in samples close to single ones of them", "new combinations"),
    Band(
        1_000, "few", "the look they share and variations of the common kinds", "rare kinds, fine detail, much variety"
    ),
    Band(5_000, "enough for what is common", "new images of the common kinds", "rare kinds and the finest detail"),
)
PAIRS, SIDES = (100, 400), (100, 1_000)  # few below the first; the second are Pix2Pix's facades, CycleGAN's horses
ROWS = 1_000


def enough(count: int, kind: Kind = "images") -> str:
    """A verdict on the number of samples."""
    if kind == "points":
        return "yes" if count >= ROWS else f"few: {count:,} rows give a rough picture of the distribution"
    if kind in ("pairs", "sides"):
        few, plenty = PAIRS if kind == "pairs" else SIDES
        if count >= plenty:
            return "yes"
        words = f"{count:,} pairs" if kind == "pairs" else f"{count:,} images a side"
        return (
            f"{'few' if count < few else 'some'}: {words} teach what to do with their like, less what to do with others"
        )
    if count < BANDS[-1].below:
        band = band_of(count)
        return f"{band.verdict}: {outlook(count)}"
    return (
        "yes" if count >= 2 * BANDS[-1].below else "yes; augmentation is added when a training passes over them often"
    )


def outlook(count: int) -> str:
    """What a generator of so few images can and cannot give, as a sentence; empty from the last band on."""
    if count >= BANDS[-1].below:
        return ""
    band = band_of(count)
    images = "1 image" if count == 1 else f"{count:,} images"
    return f"{images} can give {band.gives}, not {band.lacks}"


def band_of(count: int) -> Band:
    return next(band for band in BANDS if count < band.below)
