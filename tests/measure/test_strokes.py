"""Strokes are measured on drawn bars and rings, whose measures are known, and against scipy's distance transform."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from scipy import ndimage
from torch import Tensor

from gansmith.measure.strokes import perimeter, strokes

SIDE, FINE = 48, 4  # pixels; parts of a pixel's side that are drawn, then averaged


def drawn(inside: np.ndarray) -> Tensor:
    """An image (1, 1, SIDE, SIDE) in [-1, 1] of a figure drawn FINE times as large."""
    soft = inside.reshape(SIDE, FINE, SIDE, FINE).astype(np.float64).mean((1, 3))
    return torch.from_numpy(soft)[None, None] * 2 - 1


def places() -> tuple[np.ndarray, np.ndarray]:
    """(right, up) of every fine point from the middle, in pixels."""
    along = (np.arange(SIDE * FINE) + 0.5) / FINE - SIDE / 2
    return along[None, :], -along[:, None]


def bar(width: float, height: float, slant: float = 0.0) -> Tensor:
    right, up = places()
    return drawn((abs(right - slant * up) <= width / 2) & (abs(up) <= height / 2))


def test_an_upright_bar_has_its_own_sides() -> None:
    found = strokes(bar(4, 30))
    assert found.slant.item() == pytest.approx(0, abs=1e-9)
    assert found.area.item() == pytest.approx(120, rel=1e-6)
    # n pixels in a row, taken for points, have a variance of (n^2 - 1) / 12.
    assert found.width.item() == pytest.approx(math.sqrt(4**2 - 1), rel=1e-6)
    assert found.height.item() == pytest.approx(math.sqrt(30**2 - 1), rel=1e-6)
    assert found.thickness.item() == pytest.approx(4 * (1 - 4 / 34), rel=0.02)


@pytest.mark.parametrize("slant", [-0.6, -0.2, 0.3, 0.7])
def test_a_sheared_bar_leans_as_it_was_sheared_and_is_as_wide_as_before(slant: float) -> None:
    found = strokes(bar(5, 32, slant))
    assert found.slant.item() == pytest.approx(slant, abs=0.01)
    # Edges at all places within pixels blur by a pixel's own variance, 1/12.
    assert found.width.item() == pytest.approx(math.sqrt(5**2 + 1), rel=0.02)
    assert found.height.item() == pytest.approx(32, rel=0.01)


@pytest.mark.parametrize("thickness", [2.0, 3.0, 5.0])
def test_a_ring_is_as_thick_as_it_was_drawn(thickness: float) -> None:
    right, up = places()
    ring = drawn(abs(np.hypot(right, up) - 15) <= thickness / 2)
    found = strokes(ring)
    assert found.thickness.item() == pytest.approx(thickness, rel=0.04)
    assert found.area.item() == pytest.approx(2 * math.pi * 15 * thickness, rel=0.02)


def test_the_perimeter_of_a_disc_does_not_depend_on_soft_edges() -> None:
    right, up = places()
    disc = (drawn(np.hypot(right, up) <= 14)[:, 0] + 1) / 2
    soft = torch.from_numpy(ndimage.gaussian_filter(disc.numpy(), (0, 1, 1)))
    for ink in (disc, soft):
        assert perimeter(ink).item() == pytest.approx(2 * math.pi * 14, rel=0.03)


def test_moments_are_those_of_numpy() -> None:
    """np.cov with the ink as weights is another way to the same second moments."""
    chance = np.random.default_rng(3)
    ink = ndimage.gaussian_filter(chance.random((20, 26)), 1.5)
    ink = 0.15 + 0.7 * (ink - ink.min()) / np.ptp(ink)
    weights = (ink - 0.1) / 0.8
    rows, columns = np.mgrid[:20, :26]
    (m20, m11), (_, m02) = np.cov(columns.ravel(), rows.ravel(), ddof=0, aweights=weights.ravel())
    found = strokes(torch.from_numpy(ink)[None, None] * 2 - 1)
    assert found.slant.item() == pytest.approx(-m11 / m02, rel=1e-9)
    assert found.width.item() == pytest.approx(math.sqrt(12 * (m20 - m11**2 / m02)), rel=1e-9)
    assert found.height.item() == pytest.approx(math.sqrt(12 * m02), rel=1e-9)


def test_thickness_of_written_lines_agrees_with_the_distance_transform() -> None:
    """Four times the mean distance to the ground is the thickness of a stroke; its ends make it a little less here."""
    chance = np.random.default_rng(1)
    found, known = [], []
    for _ in range(24):
        ends = np.array([[-18, chance.uniform(-15, 15)], [18, chance.uniform(-15, 15)]])
        bend, thick = chance.uniform(-10, 10, 2), chance.uniform(2, 6)
        along = np.linspace(0, 1, 200)[:, None]
        path = ends[0] * (1 - along) + ends[1] * along + 4 * bend * along * (1 - along)
        line = np.ones((SIDE * FINE, SIDE * FINE), dtype=bool)
        columns, rows = ((path + SIDE / 2) * FINE).astype(int).clip(0, SIDE * FINE - 1).T
        line[rows, columns] = False
        inside = ndimage.distance_transform_edt(line) <= thick / 2 * FINE
        found.append(strokes(drawn(inside)).thickness.item())
        known.append(4 * ndimage.distance_transform_edt(inside)[inside].mean() / FINE)
    assert np.corrcoef(found, known)[0, 1] > 0.97
    assert 0.85 < np.median(np.divide(found, known)) < 1


def test_an_image_without_ink_has_no_strokes() -> None:
    found = strokes(torch.stack([torch.full((1, 28, 28), -1.0), bar(4, 30)[0, :, :28, :28].float()]))
    for values in vars(found).values():
        assert math.isnan(values[0].item()) and math.isfinite(values[1].item())


def test_colours_are_refused() -> None:
    with pytest.raises(ValueError, match="one channel"):
        strokes(torch.zeros(2, 3, 8, 8))
