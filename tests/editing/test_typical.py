"""What is usual: closed forms of the chi distribution, and styles a layer at a time."""

from __future__ import annotations

import math

import pytest
import torch
from torch import Tensor

from gansmith.editing.space import Given, Space
from gansmith.editing.typical import typical


def of(count: int, seed: int, given: Given) -> Tensor:
    return torch.randn(count, 16, generator=torch.Generator().manual_seed(seed))


Z = Space("z", (16,), "normal", lambda points, given: points, of, torch.zeros(16), 1.0)
MIXED = torch.tensor([[3.0, 0.0], [2.0, 0.1]])


def test_normal_latents_are_as_far_out_as_chi_says() -> None:
    from scipy.stats import chi

    found = typical(Z)
    points = torch.zeros(3, 16)
    for row, share in enumerate((0.9, 0.5, 0.05)):
        points[row, row] = float(chi.isf(share, 16))
    assert found.rank(points).tolist() == pytest.approx([0.9, 0.5, 0.05], abs=0.06)
    assert found.distance(of(4000, 9, {})).square().mean() == pytest.approx(1, abs=0.05)
    assert float(found.rank(10 * torch.ones(1, 16))) == 0 and float(found.rank(torch.zeros(1, 16))) == 1


def test_styles_are_measured_along_what_varies() -> None:
    """Correlated, of very different spread, far from 0: a step along the short axis is what is unusual."""

    def styles(count: int, seed: int, given: Given) -> Tensor:
        return 5 + torch.randn(count, 2, generator=torch.Generator().manual_seed(seed)) @ MIXED

    usual = styles(5000, 7, {})
    space = Space("w", (2,), "", lambda points, given: points, styles, usual.mean(0), float(usual.std()))
    found = typical(space)
    exact = torch.linalg.inv(MIXED.T @ MIXED)
    points = torch.tensor([[8.0, 5.0], [5.0, 8.0], [5.0, 5.05]])
    expected = ((points - 5) @ exact * (points - 5)).sum(1).div(2).sqrt()
    assert expected[0] < 1 < expected[1] / 10
    torch.testing.assert_close(found.distance(points)[:1], expected[:1], rtol=0.1, atol=0.05)
    assert float(found.rank(points)[1]) == 0


def test_a_style_for_each_layer_counts_by_layer() -> None:
    def styles(count: int, seed: int, given: Given) -> Tensor:
        return of(count, seed, given)[:, None].expand(-1, 3, -1)

    found = typical(Space("w+", (3, 16), "", lambda points, given: points, styles, torch.zeros(3, 16), 1.0))
    points = torch.zeros(1, 3, 16)
    points[0, 1, 0] = 12.0
    assert float(found.distance(points)) == pytest.approx(math.sqrt(12.0**2 / 16 / 3), rel=0.06)
