"""What a family and a sampler need to know about the data, and no more: it is stored in every run."""

from __future__ import annotations

from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray
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
    shares: tuple[float, ...] = Field(default=(), description="Share of each class among the samples trained on")
    pairing: Literal["none", "paired", "unpaired"] = Field(
        default="none", description="Whether each image has a source image, or there is a second side of sources"
    )
    sides: tuple[str, ...] = Field(default=(), description="Names of the source side and the target side")
    captions: tuple[str, ...] = Field(default=(), description="Some captions, spread over the training samples")
    words: tuple[str, ...] = Field(default=(), description="Words of the training captions, most frequent first")
    caption_bytes: int = Field(default=0, description="Length of a caption's row of bytes; 0 without captions")
    fingerprint: str = Field(description="SHA-256 over the prepared content and the options that shaped it")

    def same_as(self, other: DataSpec) -> bool:
        """Whether networks see the same samples and they mean the same: shifted points are standardised alike."""
        a, b = ((*spec.mean, *spec.scale) for spec in (self, other))
        return self.fingerprint == other.fingerprint and np.allclose(a, b, rtol=1e-9, atol=0)

    def in_units(self, points: NDArray[Any]) -> NDArray[np.float64]:
        """Standardised rows (N, D) -> the data's own units, rounded to the decimals its columns have."""
        values = points.astype(np.float64) * np.array(self.scale) + np.array(self.mean)
        return np.stack([column.round(places) for column, places in zip(values.T, self.decimals, strict=True)], axis=1)
