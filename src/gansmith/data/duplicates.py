"""Finds images that occur twice, exactly or nearly, so that none is held out and trained on at once."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

Int = np.ndarray[tuple[int], np.dtype[np.int64]]

SIDE = 8  # of the thumbnails compared
BANDS = 4  # a 64-bit hash with at most 3 bits changed keeps one of 4 bands whole
NEIGHBOURS = 4  # compared within a band: bounds the work for any number of images
MOST_COMPARED = 500_000
NEAR_LEVELS = 3.0  # root mean square difference of thumbnails, of 255
NEAR_SHARE = 0.05  # and of their own contrast


@dataclass(frozen=True)
class Duplicates:
    """groups: (N,) the first row each row repeats (itself if none); exact, near: how many rows repeat another."""

    groups: Int
    exact: int
    near: int


def find_duplicates(values: np.ndarray) -> Duplicates:
    """Group equal and nearly equal images of `values` (N, H, W, C) uint8.

    Nearly equal: equal up to re-encoding. Candidates share a quarter of a 64-bit difference hash (dHash) and are
    confirmed on thumbnails; each is compared with a bounded number of others, so a few may be missed.
    """
    exact = _exact_groups(values)
    first = np.flatnonzero(exact == np.arange(len(exact)))
    if len(first) > MOST_COMPARED:
        return Duplicates(exact, len(exact) - len(first), 0)
    joined = _joined(len(first), _near_pairs(_thumbnails(values, first)))
    near = int((joined != np.arange(len(first))).sum())
    place = np.full(len(exact), -1, np.int64)
    place[first] = first[joined]
    return Duplicates(place[exact], len(exact) - len(first), near)


def _exact_groups(values: np.ndarray) -> Int:
    seen: dict[bytes, int] = {}
    digests = (hashlib.blake2b(np.ascontiguousarray(row).data, digest_size=16).digest() for row in values)
    return np.fromiter((seen.setdefault(digest, row) for row, digest in enumerate(digests)), np.int64, len(values))


def _thumbnails(values: np.ndarray, rows: Int, block: int = 1024) -> np.ndarray:
    """(n, 8, 9) float32 grey block means, one column more than rows so that 8 differences fit."""
    _, height, width, channels = values.shape
    down, across = _averaging(height, SIDE), _averaging(width, SIDE + 1)
    across = np.repeat(across, channels, axis=1) / channels  # averages the channels, too
    small = np.empty((len(rows), SIDE, SIDE + 1), np.float32)
    for start in range(0, len(rows), block):
        lines = values[rows[start : start + block]].reshape(-1, height, width * channels).astype(np.float32)
        small[start : start + block] = down @ (lines @ across.T)
    return small


def _averaging(length: int, parts: int) -> np.ndarray:
    """(parts, length): the matrix that takes means over `parts` equal stretches, counting broken pixels in part."""
    edges = np.linspace(0, length, parts + 1)
    pixel = np.arange(length)
    overlap = np.minimum(edges[1:, None], pixel + 1) - np.maximum(edges[:-1, None], pixel)
    return (np.clip(overlap, 0, None) * parts / length).astype(np.float32)


def _near_pairs(small: np.ndarray) -> Iterator[tuple[Int, Int]]:
    """Pairs of thumbnails that show the same picture."""
    bits = np.packbits(small[:, :, 1:] > small[:, :, :-1], axis=2).reshape(len(small), SIDE)
    flat = small.reshape(len(small), -1)
    brightness = flat.mean(axis=1)
    allowed = np.minimum(NEAR_LEVELS, NEAR_SHARE * flat.std(axis=1))
    for band in np.ascontiguousarray(bits).view(np.uint16).reshape(len(small), BANDS).T:
        order = np.lexsort((brightness, band))
        for step in range(1, NEIGHBOURS + 1):
            left, right = order[:-step], order[step:]
            alike = band[left] == band[right]
            left, right = left[alike], right[alike]
            apart = np.concatenate(
                [
                    np.sqrt(np.square(flat[left[s : s + 65536]] - flat[right[s : s + 65536]]).mean(axis=1))
                    for s in range(0, max(1, len(left)), 65536)
                ]
            )
            close = apart <= allowed[left]
            yield left[close], right[close]


def _joined(count: int, pairs: Iterator[tuple[Int, Int]]) -> Int:
    """The smallest member of each number's group, when every pair belongs to one group."""
    parent = list(range(count))

    def root(number: int) -> int:
        while parent[number] != number:
            parent[number] = number = parent[parent[number]]
        return number

    for lefts, rights in pairs:
        for left, right in zip(lefts.tolist(), rights.tolist(), strict=True):
            one, other = sorted((root(left), root(right)))
            parent[other] = one
    return np.array([root(number) for number in range(count)], np.int64)
