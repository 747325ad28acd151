"""The filters of ADA, as matrices along one side of an image: sym6 to resample, sym2 to split into bands.

Karras et al. 2020, appendix B. Beyond its edges an image goes on mirrored, however small it is.
"""

from __future__ import annotations

import math
from functools import cache

import numpy as np
from numpy.typing import NDArray

Matrix = NDArray[np.float64]

# Daubechies 1988: the least asymmetric orthonormal filter with six vanishing moments, and with two.
SYM6 = np.array(
    [
        *(0.015404109327027373, 0.0034907120842174702, -0.11799011114819057, -0.048311742585633),
        *(0.4910559419267466, 0.787641141030194, 0.3379294217276218, -0.07263752278646252),
        *(-0.021060292512300564, 0.04472490177066578, 0.0017677118642428036, -0.007800708325034148),
    ]
)
SYM2 = np.array([1 - math.sqrt(3), 3 - math.sqrt(3), 3 + math.sqrt(3), 1 + math.sqrt(3)]) / (4 * math.sqrt(2))

DELAY = float(np.arange(len(SYM6)) @ SYM6 / SYM6.sum())  # where a pixel's middle comes to lie, in half pixels
MARGIN = 3  # pixels around an image that are resampled, too: what the filter reaches at its edges
FIRST = math.floor(DELAY - 2 * MARGIN)  # half pixel that the first row of `doubling` makes


def mirrored(index: NDArray[np.int64], size: int) -> NDArray[np.int64]:
    """The pixel of 0..size-1 seen at an index, the edge pixels themselves being seen once."""
    return size - 1 - np.abs(index % max(1, 2 * size - 2) - (size - 1))


@cache
def doubling(size: int) -> Matrix:
    """(2 size + 12, size): an image's side, and MARGIN around it, at twice the resolution.

    Row i is half pixel i + FIRST. Half pixel m lies (m - DELAY) / 2 pixels from the first pixel.
    """
    rows = np.arange(2 * (size + 2 * MARGIN))
    matrix = np.zeros((len(rows), size))
    for tap, weight in enumerate(SYM6):
        even = rows[(rows + FIRST - tap) % 2 == 0]
        np.add.at(matrix, (even, mirrored((even + FIRST - tap) // 2, size)), math.sqrt(2) * weight)
    return matrix


@cache
def halving(size: int) -> Matrix:
    """(size, 2 size + 10): back to the resolution of the image, from half pixel 0 on; undoes `doubling`."""
    matrix = np.zeros((size, 2 * size + len(SYM6) - 2))
    for tap, weight in enumerate(SYM6):
        matrix[np.arange(size), 2 * np.arange(size) + tap] = weight / math.sqrt(2)
    return matrix


@cache
def bands(size: int) -> NDArray[np.float64]:
    """(4, size, size): the parts of a side in [0, pi/8], [pi/8, pi/4], [pi/4, pi/2], [pi/2, pi]; they add up to it."""
    return np.stack([_along(kernel, size) for kernel in band_kernels()])


@cache
def band_kernels() -> tuple[NDArray[np.float64], ...]:
    """Symmetric kernels of odd length, lowest band first: cascades of the autocorrelations of SYM2 and its mirror."""
    low = np.convolve(SYM2, SYM2[::-1]) / 2
    high = -low
    high[len(low) // 2] += 1
    kernels = [np.ones(1)]
    for _ in range(3):  # each band moves an octave down, and a new highest one is split off
        kernels = [np.convolve(_spread(kernel), low) for kernel in kernels] + [high]
    return tuple(kernels)


def _spread(kernel: NDArray[np.float64]) -> NDArray[np.float64]:
    out = np.zeros(2 * len(kernel) - 1)
    out[::2] = kernel
    return out


def _along(kernel: NDArray[np.float64], size: int) -> Matrix:
    matrix, rows = np.zeros((size, size)), np.arange(size)
    for tap, weight in enumerate(kernel):
        np.add.at(matrix, (rows, mirrored(rows + tap - len(kernel) // 2, size)), weight)
    return matrix
