"""Synthetic points: exactly the published protocol, and the same ones for ever."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np

from gansmith.data.open import open_data
from gansmith.data.synthetic import GRID_SIGMA, RING_SIGMA, grid, grid_centres, ring, ring_centres, spiral


def judged(points: np.ndarray, centres: np.ndarray, sigma: float) -> tuple[np.ndarray, float]:
    """(share of points per mode, share within 3 sigma of a mode), as the protocol measures them."""
    distance = np.linalg.norm(points[:, None] - centres[None], axis=2)
    good = distance.min(axis=1) < 3 * sigma
    return np.bincount(distance.argmin(axis=1), minlength=len(centres)) / len(points), float(good.mean())


def test_ring_and_grid_are_what_a_perfect_sampler_would_draw() -> None:
    for points, centres, sigma in ((ring(), ring_centres(), RING_SIGMA), (grid(), grid_centres(), GRID_SIGMA)):
        shares, good = judged(points, centres, sigma)
        assert abs(good - (1 - np.exp(-4.5))) < 0.002  # 98.89 %
        assert abs(shares * len(centres) - 1).max() < 0.05
        nearest = np.linalg.norm(points[:, None] - centres[None], axis=2).argmin(axis=1)
        assert abs((points - centres[nearest]).std() / sigma - 1) < 0.01


def test_the_protocol_file_agrees(shared_data: Path) -> None:
    protocol = json.loads((shared_data / "protocols" / "mode_coverage.json").read_text())
    assert (protocol["ring_2d"]["modes"], protocol["ring_2d"]["sigma"]) == (len(ring_centres()), RING_SIGMA)
    assert (protocol["grid_2d"]["modes"], protocol["grid_2d"]["sigma"]) == (len(grid_centres()), GRID_SIGMA)
    assert protocol["pacgan_training_2d"]["train_samples"] == len(ring()) == len(grid())


def test_centres() -> None:
    assert np.allclose(np.linalg.norm(ring_centres(), axis=1), 1)
    assert np.allclose(ring_centres()[:3], [[1, 0], [0.5**0.5, 0.5**0.5], [0, 1]])
    assert {tuple(centre) for centre in grid_centres().tolist()} == {
        (float(x), float(y)) for x in range(-4, 5, 2) for y in range(-4, 5, 2)
    }


def test_they_are_the_same_every_time() -> None:
    for make in (ring, grid, spiral):
        assert (make() == make()).all()
    assert open_data("ring").spec == open_data("ring").spec


def test_opened_points_return_to_their_place() -> None:
    found = open_data("grid")
    assert (len(found.train), len(found.held)) == (95_000, 5_000)
    back = np.asarray(found.spec.mean) + found.values.astype(np.float64) * found.spec.scale
    assert np.allclose(back, grid(), atol=1e-5)


def test_the_spiral_stays_in_its_disc() -> None:
    points = spiral(5000)
    radius = np.linalg.norm(points, axis=1)
    assert radius.max() < 1.15
    assert radius.min() < 0.2
