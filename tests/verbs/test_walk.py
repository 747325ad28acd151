"""A walk passes through its keys without a corner, closes, and stays in the distribution it walks through."""

from __future__ import annotations

import pytest
import torch
from scipy import stats

from gansmith.game.game import noise
from gansmith.verbs.walk import latents, through, walk, weights


@pytest.mark.parametrize(("frames", "keys"), [(24, 3), (25, 4), (100, 7)])
def test_weights_are_those_of_a_closed_cubic_spline(frames: int, keys: int) -> None:
    """Against the textbook matrix of Catmull and Rom, by hand, neighbours counted round the ring."""
    matrix = torch.tensor([[0, 2, 0, 0], [-1, 0, 1, 0], [2, -5, 4, -1], [-1, 3, -3, 1]], dtype=torch.float64) / 2
    expected = torch.zeros(frames, keys, dtype=torch.float64)
    for frame in range(frames):
        segment, t = divmod(frame * keys / frames, 1.0)
        shares = torch.tensor([1, t, t**2, t**3], dtype=torch.float64) @ matrix
        for offset, share in enumerate(shares):
            expected[frame, (int(segment) + offset - 1) % keys] += share
    found = weights(frames, keys)
    torch.testing.assert_close(found, expected.float(), atol=1e-6, rtol=0)
    torch.testing.assert_close(found.sum(1), torch.ones(frames))


def test_a_spline_meets_its_keys_and_has_no_corner_not_even_where_it_closes() -> None:
    keys = torch.randn(5, 3, generator=torch.Generator().manual_seed(0))
    frames = 500
    path = through(keys, frames)
    torch.testing.assert_close(path[::100], keys)
    speed = path.roll(-1, 0) - path
    turn = (speed.roll(-1, 0) - speed).norm(dim=1)
    assert turn.max() < 0.05 * speed.norm(dim=1).max()  # a corner would turn as far as it goes
    straight = torch.linspace(0, 1, 6)[:, None]
    torch.testing.assert_close(through(straight, 60)[20:30, 0], torch.linspace(1 / 3, 1 / 2, 11)[:10] * 6 / 5)


@pytest.mark.parametrize("prior", ["normal", "uniform", "spherical"])
def test_it_begins_with_the_samples_of_its_seed_and_closes(prior: str) -> None:
    path = walk(latents(4, 5, 16, prior, seed=7), 100, prior)
    first = noise(4, 16, prior, torch.Generator().manual_seed(7))
    torch.testing.assert_close(path[0], first, atol=1e-5, rtol=1e-5)
    steps = (path.roll(-1, 0) - path).flatten(1).norm(dim=1)
    assert steps[-1] < 1.5 * steps[:-1].max()
    assert not torch.allclose(path[50], first, atol=0.1)


@pytest.mark.parametrize(("prior", "cdf"), [("normal", stats.norm.cdf), ("uniform", stats.uniform(-1, 2).cdf)])
def test_between_two_keys_latents_are_distributed_as_the_prior_says(prior: str, cdf: object) -> None:
    path = walk(latents(2000, 3, 4, prior, seed=0), 12, prior)
    for frame in (1, 2, 6, 11):
        assert stats.kstest(path[frame].flatten().numpy(), cdf).pvalue > 1e-3
    assert abs(float(path.square().mean()) - {"normal": 1, "uniform": 1 / 3}[prior]) < 0.02


def test_a_sphere_is_not_left() -> None:
    path = walk(latents(50, 4, 9, "spherical", seed=1), 40, "spherical")
    torch.testing.assert_close(path.norm(dim=-1), torch.full((40, 50), 3.0))
