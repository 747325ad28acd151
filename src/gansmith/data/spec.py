"""What a family and a sampler need to know about the data, and no more: it is stored in every run."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from gansmith.settings import Settings


class DataSpec(Settings):
    """The data as the networks see it. Enough to build networks and to write samples without the data."""

    kind: Literal["images", "points"]
    shape: tuple[int, ...] = Field(description="(channels, height, width) of an image; (dimensions,) of a point")
    count: int = Field(description="Samples used for training, the held-out ones not counted")
    classes: tuple[str, ...] = Field(default=(), description="Class names, in the order of their label numbers")
    columns: tuple[str, ...] = Field(default=(), description="Column names of points")
    mean: tuple[float, ...] = Field(default=(), description="Column means: point = mean + scale * network value")
    scale: tuple[float, ...] = Field(default=(), description="Column standard deviations")
    decimals: tuple[int, ...] = Field(default=(), description="Decimals each column was written with")
    fingerprint: str = Field(description="SHA-256 over the prepared content and the options that shaped it")
