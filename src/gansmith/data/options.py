"""The choices a user has about data: size, fit, channels, what is held out, what is paired with what."""

from __future__ import annotations

import re
from typing import Any, Literal

from pydantic import Field, field_validator

from gansmith.errors import UsageError
from gansmith.settings import Settings

MAX_SIDE = 4096

Fit = Literal["crop", "pad", "stretch"]
Channels = Literal[1, 2, 3, 4]
Layout = Literal["auto", "plain", "paired", "unpaired", "edges"]
Direction = Literal["AtoB", "BtoA"]


class DataOptions(Settings):
    """How data is shaped before training."""

    size: tuple[int, int] | None = Field(
        default=None,
        description="Height and width of the prepared images (64 or 64x96); chosen from the data if absent",
    )
    fit: Fit = Field(
        default="crop", description="How other shapes become this size: cut the middle, add white edges, or distort"
    )
    channels: Channels | None = Field(
        default=None, description="1 grey, 2 grey + alpha, 3 colour, 4 colour + alpha; chosen from the data if absent"
    )
    holdout: float = Field(
        default=0.05, ge=0, le=0.5, description="Share kept out of training, to measure with (at least 64 of many)"
    )
    cache: bool = Field(default=True, description="Keep the prepared images on disk, so that the next start is instant")
    strict: bool = Field(default=False, description="Refuse to start when any file cannot be read or has no partner")
    layout: Layout = Field(
        default="auto",
        description="What the images are: plain, paired, unpaired (two sides), or edges (outlines are made of them)",
    )
    sides: tuple[str, str] | None = Field(default=None, description="The two sub-folders that are side A and side B")
    direction: Direction = Field(default="AtoB", description="Which side is the source, and which is learned")
    balanced: bool = Field(default=False, description="Draw every class equally often")
    captions: Literal["optional", "required"] = Field(
        default="optional", description="Whether images without a caption are left out"
    )

    @field_validator("size", mode="before")
    @classmethod
    def _size(cls, value: Any) -> Any:
        if isinstance(value, (str, int)):
            return read_size(str(value))
        return None if value is None else read_size("x".join(map(str, value)))

    @field_validator("sides", mode="before")
    @classmethod
    def _sides(cls, value: Any) -> Any:
        return read_sides(value) if isinstance(value, str) else value


def read_sides(text: str) -> tuple[str, str]:
    """("flat", "3d") from `flat,3d`; UsageError for anything else."""
    names = [name.strip().strip("/") for name in text.split(",")]
    if len(names) != 2 or not all(names) or names[0] == names[1]:
        raise UsageError(f"'{text}' does not name two sides.", "Two different sub-folders are needed.", "--sides A,B")
    return names[0], names[1]


def read_size(text: str) -> tuple[int, int]:
    """(height, width) in pixels from `64` or `64x96`; UsageError for anything else."""
    match = re.fullmatch(r"\s*(\d{1,9})\s*(?:[x×X*]\s*(\d{1,9})\s*)?", text, re.ASCII)
    if not match:
        raise UsageError(
            f"'{text}' is not an image size.",
            "A size is a number of pixels, or height x width.",
            "64 or 64x96",
        )
    height, width = int(match[1]), int(match[2] or match[1])
    if not (1 <= height <= MAX_SIDE and 1 <= width <= MAX_SIDE):
        raise UsageError(f"'{text}' is not a possible image size.", f"Sides run from 1 to {MAX_SIDE} pixels.", "64")
    return height, width
