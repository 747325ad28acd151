"""Small images for tests, made from arrays."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image


def noise(*shape: int, seed: int = 0) -> np.ndarray:
    """uint8 noise of any shape."""
    return np.random.default_rng(seed).integers(0, 256, shape, dtype=np.uint8)


def smooth(height: int, width: int, seed: int = 0) -> np.ndarray:
    """(height, width, 3) uint8: a colourful gradient, different for every seed, that survives JPEG."""
    random = np.random.default_rng(seed)
    down, across = np.mgrid[0 : 1 : height * 1j, 0 : 1 : width * 1j]
    waves = [np.sin(6 * (random.uniform(-1, 1) * down + random.uniform(-1, 1) * across + seed)) for _ in range(3)]
    return (127.5 + 120 * np.stack(waves, axis=-1)).astype(np.uint8)


def encoded(image: Image.Image | np.ndarray, kind: str = "PNG", **options: Any) -> bytes:
    """The bytes of an image file."""
    stream = io.BytesIO()
    (Image.fromarray(image) if isinstance(image, np.ndarray) else image).save(stream, kind, **options)
    return stream.getvalue()


def write(path: Path, image: np.ndarray | bytes | None = None) -> Path:
    """Write an image file, its folders too; by default noise that depends on the name."""
    path.parent.mkdir(parents=True, exist_ok=True)
    if image is None:
        image = noise(16, 16, 3, seed=sum(path.name.encode("utf-8", "surrogateescape")))
    path.write_bytes(image if isinstance(image, bytes) else encoded(image))
    return path
