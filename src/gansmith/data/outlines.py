"""Draws the outlines of an image: thin black lines on white, after Canny (PAMI 1986)."""

from __future__ import annotations

import numpy as np

Floats = np.ndarray[tuple[int, int], np.dtype[np.float32]]

SIGMA = 1.0  # pixels; of the blur that keeps noise from becoming lines
STRONG, WEAK = 0.25, 0.1  # of the image's own strong edges
STRONG_SHARE = 0.97  # the quantile of slopes that counts as a strong edge
FAINTEST = 8.0  # levels per pixel: an image without contrast has no edges


def outline(pixels: np.ndarray) -> np.ndarray:
    """(H, W, C) uint8 -> (H, W, C) uint8: black lines on white, opaque where there is alpha.

    Blur, gradient of the channel that changes most, thinning across the edge, and hysteresis: weak edges count where
    they continue strong ones. Thresholds follow the image's own contrast.
    """
    colours: np.ndarray = pixels[..., : 1 if pixels.shape[2] < 3 else 3].astype(np.float32)
    if pixels.shape[2] in (2, 4):  # what is transparent looks white
        opaque = pixels[..., -1:].astype(np.float32) / 255
        colours = colours * opaque + 255 * (1 - opaque)
    down, across, slope = _slopes(colours)
    thin = np.where(_is_ridge(down, across, slope), slope, 0)
    reference = max(float(np.quantile(slope, STRONG_SHARE)), FAINTEST / STRONG)
    lines = _continued(thin >= STRONG * reference, thin >= WEAK * reference)
    drawn = np.full(pixels.shape, 255, np.uint8)
    drawn[..., : colours.shape[2]][lines] = 0
    return drawn


def _slopes(colours: np.ndarray) -> tuple[Floats, Floats, Floats]:
    """Change down and across, in levels per pixel, and its length, of the channel that changes most."""
    reach = int(np.ceil(3 * SIGMA))
    bell = np.exp(-0.5 * (np.arange(-reach, reach + 1) / SIGMA) ** 2).astype(np.float32)
    blurred = _along(_along(colours, bell / bell.sum(), 0), bell / bell.sum(), 1)
    smooth, change = np.array([0.25, 0.5, 0.25], np.float32), np.array([-0.5, 0, 0.5], np.float32)
    down, across = _along(_along(blurred, change, 0), smooth, 1), _along(_along(blurred, smooth, 0), change, 1)
    length = np.hypot(down, across)
    most = length.argmax(axis=2)[..., None]
    chosen = (np.take_along_axis(values, most, axis=2)[..., 0] for values in (down, across, length))
    down, across, length = chosen
    return down, across, length


def _along(values: np.ndarray, weights: np.ndarray, axis: int) -> np.ndarray:
    """Correlate with `weights` along one axis; the border is continued outwards."""
    reach, length = len(weights) // 2, values.shape[axis]
    wide = np.pad(values, [(reach, reach) if at == axis else (0, 0) for at in range(values.ndim)], mode="edge")
    parts = (weight * wide.take(range(at, at + length), axis) for at, weight in enumerate(weights) if weight)
    return np.asarray(sum(parts), np.float32)


def _is_ridge(down: Floats, across: Floats, slope: Floats) -> np.ndarray:
    """Where the slope is highest along its own direction, of the four that a grid has."""
    high, wide = slope.shape
    padded = np.pad(slope, 1)
    sector = np.round(np.arctan2(down, across) / (np.pi / 4)).astype(int) % 4
    ridge = np.zeros(slope.shape, bool)
    for number, (y, x) in enumerate(((0, 1), (1, 1), (1, 0), (1, -1))):
        ahead = padded[1 + y : 1 + y + high, 1 + x : 1 + x + wide]
        behind = padded[1 - y : 1 - y + high, 1 - x : 1 - x + wide]
        # A plateau of two equal slopes leaves one line, not two or none.
        ridge |= (sector == number) & (slope > behind) & (slope >= ahead)
    return ridge


def _continued(strong: np.ndarray, weak: np.ndarray) -> np.ndarray:
    """`strong`, and all of `weak` that touches it, directly or through others."""
    high, wide = strong.shape
    while True:
        padded = np.pad(strong, 1)
        near = sum(padded[y : y + high, x : x + wide] for y in range(3) for x in range(3)) > 0
        grown = strong | (near & weak)
        if (grown == strong).all():
            return strong
        strong = grown
