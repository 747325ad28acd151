"""Copies rows out of a large array and turns them into what networks see, at the speed of memory or of the disk."""

from __future__ import annotations

import mmap
from collections import deque
from collections.abc import Iterator

import numpy as np
import torch

ANNOUNCED_BYTES = 256 * 2**20  # smaller maps are in memory after the first glance
AHEAD = 2  # batches
HALF = np.float32(127.5)


def gathered(values: np.ndarray, rows: np.ndarray) -> np.ndarray:
    """`values[rows]`, copied."""
    # Taking from a flat view copies whole rows; numpy is slower on four axes, torch slower still.
    flat = values.reshape(len(values), -1)
    return np.asarray(np.take(flat, rows, axis=0)).reshape(len(rows), *values.shape[1:])


def as_floats(raw: np.ndarray) -> torch.Tensor:
    """(n, H, W, C) uint8 as (n, C, H, W) float32 in [-1, 1], channels-last in memory; floats stay as they are.

    0 becomes exactly -1 and 255 exactly 1.
    """
    if raw.dtype != np.uint8:
        return torch.from_numpy(raw)
    # One thread: so little work gains nothing from two, and waiting for the second is costly on a busy machine.
    floats = np.subtract(raw, HALF, dtype=np.float32)
    floats *= np.float32(1 / HALF)
    return torch.from_numpy(floats).permute(0, 3, 1, 2)


def as_floats_there(raw: torch.Tensor) -> torch.Tensor:
    """`as_floats` of a tensor on any device, to the last bit."""
    if raw.dtype != torch.uint8:
        return raw
    return raw.permute(0, 3, 1, 2).to(torch.float32).sub_(float(HALF)).mul_(1 / float(HALF))


def announced(values: np.ndarray, picks: Iterator[np.ndarray]) -> Iterator[np.ndarray]:
    """The same picks; but of a large map, the disk is told of each some batches before it is needed.

    Without that every row waits for the disk in turn: 900 instead of 7,000 images of 64x64 a second, measured.
    """
    pages = values.base
    if not isinstance(pages, mmap.mmap) or values.nbytes < ANNOUNCED_BYTES or not hasattr(pages, "madvise"):
        yield from picks
        return
    start, size = len(pages) - values.nbytes, values.nbytes // len(values)
    waiting: deque[np.ndarray] = deque()
    for rows in picks:
        for row in rows.tolist():
            place = start + row * size
            page = place - place % mmap.PAGESIZE
            pages.madvise(mmap.MADV_WILLNEED, page, place + size - page)
        waiting.append(rows)
        if len(waiting) > AHEAD:
            yield waiting.popleft()
