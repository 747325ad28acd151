"""Reads IDX files, the format of MNIST: `train-images-idx3-ubyte[.gz]` with its labels beside it."""

from __future__ import annotations

import gzip
import struct
import zlib
from pathlib import Path

import numpy as np

from gansmith.data.arrays import Images, label_numbers
from gansmith.data.names import shown
from gansmith.errors import GansmithError

MOST_BYTES = 8 * 2**30
UNSIGNED_BYTE = 0x08


def idx_images_in(folder: Path) -> Path | None:
    """The images file of an IDX set lying in `folder`; the training part where there are several."""
    found = sorted(path for path in folder.glob("*images*idx3*") if path.is_file())
    return min(found, key=lambda path: (not path.name.startswith("train"), path.name), default=None)


def labels_beside(path: Path) -> Path | None:
    """`train-labels-idx1-ubyte[.gz]` for `train-images-idx3-ubyte[.gz]`, packed or not."""
    name = path.name.replace("images", "labels").replace("idx3", "idx1")
    names = (name, name.removesuffix(".gz"), f"{name}.gz")
    return next((path.with_name(n) for n in names if n != path.name and path.with_name(n).is_file()), None)


def read_idx_set(path: Path) -> Images:
    """Images of an IDX file and the labels beside it. GansmithError for a damaged file."""
    images = read_idx(path)
    if images.ndim != 3 or 0 in images.shape:
        raise _damaged(path, f"images have 3 dimensions (count, height, width); this has {images.shape}")
    beside = labels_beside(path)
    if beside is None:
        return Images(images[..., None])
    labels = read_idx(beside)
    if labels.shape != images.shape[:1]:
        note = f"{shown(beside.name)} is not used: {len(images):,} images, but labels of shape {labels.shape}."
        return Images(images[..., None], notes=(note,))
    return Images(images[..., None], *label_numbers(labels, ()))


def read_idx(path: Path) -> np.ndarray:
    """The bytes of an IDX file in the shape it states. GansmithError if they are not all there."""
    try:
        with gzip.open(path) if path.suffix == ".gz" else path.open("rb") as stream:
            zeros, kind, dimensions = struct.unpack(">HBB", stream.read(4))
            if zeros or kind != UNSIGNED_BYTE or not 1 <= dimensions <= 4:
                raise _damaged(path, "it does not start like an IDX file of bytes")
            shape = struct.unpack(f">{dimensions}I", stream.read(4 * dimensions))
            size = int(np.prod(shape, dtype=object))
            if size > MOST_BYTES:
                raise _damaged(path, f"it claims {size:,} bytes; {MOST_BYTES:,} are the most that is read")
            data = stream.read(size)
    except (struct.error, OSError, EOFError, zlib.error) as error:
        raise _damaged(path, str(error) or "it ends too early") from None
    if len(data) != size:
        raise _damaged(path, f"it promises {size:,} bytes and has {len(data):,}")
    return np.frombuffer(data, np.uint8).reshape(shape)


def _damaged(path: Path, why: str) -> GansmithError:
    return GansmithError(f"Cannot read {shown(str(path))}.", why, "Download or copy the file again.")
