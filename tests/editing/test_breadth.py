"""How many latents a generator uses, where that is known."""

from __future__ import annotations

import pytest
import torch

from gansmith.editing.breadth import breadth


def test_of_a_linear_generator_it_is_the_participation_ratio_of_its_squared_singular_values() -> None:
    weights = torch.randn(30, 8, generator=torch.Generator().manual_seed(0))
    squares = torch.linalg.svdvals(weights).double().square()
    wanted = float(squares.sum() ** 2 / squares.square().sum())
    assert breadth(lambda coords: coords @ weights.t(), torch.randn(3, 8)) == pytest.approx(wanted, rel=1e-3)


@pytest.mark.parametrize("used", [1, 3, 6])
def test_latents_that_change_nothing_do_not_count(used: int) -> None:
    def draw(coords: torch.Tensor) -> torch.Tensor:
        return torch.tanh(coords[:, :used]).view(len(coords), used, 1, 1)

    assert breadth(draw, torch.zeros(2, 6)) == pytest.approx(used, rel=1e-3)


def test_a_curved_line_folds_all_latents_into_one() -> None:
    """Places differ in where the line leads, and yet at each of them there is a single way to go."""

    def draw(coords: torch.Tensor) -> torch.Tensor:
        along = coords.sum(1, keepdim=True)
        return torch.cat([along.sin(), along.cos()], 1)

    assert breadth(draw, torch.randn(5, 4)) == pytest.approx(1, rel=1e-3)
