"""Images at a smaller size, for trainings that begin coarse: the mean of every block of pixels."""

from __future__ import annotations

import numpy as np

CHUNK = 4096  # images in float32 at a time


def shrunk(values: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    """(N, H, W, C) uint8 -> (N, height, width, C) uint8, rounded means of blocks; `size` is (height, width).

    Blocks have ceil(H / height) by ceil(W / width) pixels; where they reach beyond the image its last rows and columns
    are repeated, so that a coarse grid of whole cells covers any size.
    """
    count, height, width, channels = values.shape
    tall, wide = -(-height // size[0]), -(-width // size[1])
    surplus = ((0, 0), (0, size[0] * tall - height), (0, size[1] * wide - width), (0, 0))
    small = np.empty((count, *size, channels), np.uint8)
    for start in range(0, count, CHUNK):
        part = np.pad(values[start : start + CHUNK], surplus, "edge")
        blocks = part.reshape(len(part), size[0], tall, size[1], wide, channels)
        small[start : start + CHUNK] = np.rint(blocks.mean(axis=(2, 4), dtype=np.float32))
    return small
