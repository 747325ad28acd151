"""Steps along directions: in units of the samples' spread, within the prior, and leaving other directions alone."""

from __future__ import annotations

import numpy as np
import pytest
import scipy.linalg
import scipy.stats
import torch

from gansmith.editing.coordinates import coordinates, points_at
from gansmith.editing.directions import Direction, direction, moved, orthogonalised
from gansmith.editing.space import Space
from tests.editing.spaces import linear


@pytest.mark.parametrize("prior", ["normal", "uniform", "spherical"])
def test_coordinates_are_normal_and_lead_back(prior: str) -> None:
    space = linear(torch.eye(16), prior)
    points = space.points(4000, 0, {})
    coords = coordinates(space, points)
    torch.testing.assert_close(points_at(space, coords), points, rtol=1e-4, atol=1e-4)
    assert scipy.stats.kstest(coords[:, 3].numpy(), "norm").pvalue > 0.01
    assert float(coords.std()) == pytest.approx(1, rel=0.02)


def styled(spreads: torch.Tensor) -> Space:
    """Styles of mean 5 and these deviations."""

    def points(count: int, seed: int, given: object) -> torch.Tensor:
        return 5 + torch.randn(count, len(spreads), generator=torch.Generator().manual_seed(seed)) * spreads

    scale = float(spreads.square().mean().sqrt())
    centre = torch.full((len(spreads),), 5.0)
    return Space("w", (len(spreads),), "", lambda found, given: found[:, None, None], points, centre, scale)


def test_a_step_is_a_deviation_of_the_samples_along_it() -> None:
    space = styled(torch.tensor([0.1, 3.0, 1.0, 2.0]))
    for place, spread in enumerate((0.1, 3.0, 1.0, 2.0)):
        one = direction("x", torch.eye(4)[place] * 7, space)
        start = space.points(10, 3, {})
        expected = start + 2 * spread * torch.eye(4)[place]
        torch.testing.assert_close(moved(space, start, [(one, 2.0)]), expected, rtol=0.1, atol=1e-4)


@pytest.mark.parametrize("prior", ["normal", "uniform", "spherical"])
def test_steps_stay_within_the_prior(prior: str) -> None:
    space = linear(torch.eye(8), prior)
    start = space.points(100, 0, {})
    one, other = (direction(name, torch.randn(8), space) for name in "ab")
    end = moved(space, start, [(one, 30.0), (other, -20.0)])
    if prior == "uniform":
        assert end.abs().max() <= 1
    else:
        torch.testing.assert_close(end.norm(dim=1), start.norm(dim=1))
    far = moved(linear(torch.eye(8)), start, [(one, 30.0)], hold=False)
    torch.testing.assert_close(far, start + 30 * one.vector)
    torch.testing.assert_close(moved(space, start, []), start)


def test_what_is_left_of_a_direction_is_the_least_squares_rest() -> None:
    chance = np.random.default_rng(0)
    vector, *others = chance.standard_normal((4, 12))
    others.append(others[0] + others[1])  # says nothing new
    found = orthogonalised(
        Direction("x", torch.tensor(vector), "z"),
        [Direction(f"{n}", torch.tensor(one), "z") for n, one in enumerate(others)],
    )
    weights = scipy.linalg.lstsq(np.stack(others, 1), vector)[0]
    rest = vector - np.stack(others, 1) @ weights
    np.testing.assert_allclose(found.vector.numpy(), rest / np.linalg.norm(rest), atol=1e-12)
    for one in others:
        assert abs(found.vector.numpy() @ one) < 1e-12
    assert found.made["against"] == ["0", "1", "2", "3"]


def test_nothing_is_left_of_a_direction_made_of_others() -> None:
    a, b = (Direction(name, vector, "z") for name, vector in zip("ab", torch.eye(5)[:2], strict=True))
    one = Direction("c", torch.tensor([0.6, 0.8, 0, 0, 0]), "z")
    with pytest.raises(ValueError, match="made of the others"):
        orthogonalised(one, [a, b])
    assert orthogonalised(one, []) is one
