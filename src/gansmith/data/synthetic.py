"""Made-up points: the ring of 8 and grid of 25 modes of PacGAN (arXiv:1712.04086, section 4.1), and a spiral."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

Points = np.ndarray[tuple[int, int], np.dtype[np.float64]]

COUNT = 100_000
SEED = 1712_04086
RING_SIGMA, GRID_SIGMA, SPIRAL_SIGMA = 0.01, 0.05, 0.02


def ring_centres() -> Points:
    """(8, 2): centres of the ring's modes, on the unit circle; sigma is RING_SIGMA."""
    angle = 2 * np.pi * np.arange(8) / 8
    return np.stack([np.cos(angle), np.sin(angle)], axis=1)


def grid_centres() -> Points:
    """(25, 2): centres of the grid's modes, {-4, -2, 0, 2, 4} squared; sigma is GRID_SIGMA."""
    side = np.arange(-4.0, 5.0, 2.0)
    return np.stack(np.meshgrid(side, side, indexing="ij"), axis=-1).reshape(-1, 2)


def ring(count: int = COUNT, seed: int = SEED) -> Points:
    """(count, 2) points of 8 equally likely Gaussians."""
    return _mixture(ring_centres(), RING_SIGMA, count, seed)


def grid(count: int = COUNT, seed: int = SEED) -> Points:
    """(count, 2) points of 25 equally likely Gaussians."""
    return _mixture(grid_centres(), GRID_SIGMA, count, seed)


def spiral(count: int = COUNT, seed: int = SEED) -> Points:
    """(count, 2) points along two turns of an Archimedean spiral of outer radius 1, evenly spread by length."""
    random = np.random.default_rng(seed)
    radius = np.sqrt(random.uniform(0.01, 1, count))
    path = np.stack([radius * np.cos(4 * np.pi * radius), radius * np.sin(4 * np.pi * radius)], axis=1)
    return path + SPIRAL_SIGMA * random.standard_normal((count, 2))


def _mixture(centres: Points, sigma: float, count: int, seed: int) -> Points:
    random = np.random.default_rng(seed)
    return centres[random.integers(len(centres), size=count)] + sigma * random.standard_normal((count, 2))


SYNTHETIC: dict[str, Callable[[], Points]] = {"ring": ring, "grid": grid, "spiral": spiral}
