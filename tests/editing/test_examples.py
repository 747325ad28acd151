"""Directions from a few examples: planted ones are found, from pictures far better than from latents alone."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from scipy.optimize import minimize
from torch import Tensor

from gansmith.editing.boundary import KINDS, NORMALS, PENALTY
from gansmith.editing.directions import direction
from gansmith.editing.examples import RIDGE, SHARPNESS, classifier_from, classifier_of, rising, strength_of
from tests.editing.spaces import linear


def angle(one: Tensor, other: Tensor) -> float:
    """Cosine of the angle between two vectors."""
    return float(one.double() @ other.double() / (one.double().norm() * other.double().norm()))


@pytest.mark.parametrize("kind", KINDS)
def test_every_boundary_finds_a_planted_direction_where_examples_abound(kind: str) -> None:
    chance = torch.Generator().manual_seed(1)
    normal = torch.randn(10, generator=chance)
    coords = torch.randn(3000, 10, generator=chance)
    labels = coords @ normal + torch.randn(3000, generator=chance) > 0
    assert angle(NORMALS[kind](coords, labels), normal) > 0.99  # type: ignore[index]


def test_the_mean_difference_is_fishers_of_covariance_one() -> None:
    coords = torch.tensor([[1.0, 2.0], [3.0, 4.0], [0.0, 1.0]])
    found = NORMALS["mean"](coords, torch.tensor([True, True, False]))
    torch.testing.assert_close(found, torch.tensor([2.0, 2.0]))


def test_the_logistic_boundary_lowers_its_own_objective() -> None:
    chance = np.random.default_rng(0)
    coords, labels = chance.standard_normal((40, 6)), np.arange(40) % 4 == 0
    weight = np.where(labels, 40 / (2 * labels.sum()), 40 / (2 * (~labels).sum()))

    def objective(w: np.ndarray) -> float:
        margins = np.where(labels, 1, -1) * (coords @ w[:-1] + w[-1])
        return float(w[:-1] @ w[:-1] / 2 + PENALTY * (weight * np.logaddexp(0, -margins)).sum())

    expected = minimize(objective, np.zeros(7), method="BFGS").x[:-1]
    found = NORMALS["logistic"](torch.tensor(coords), torch.tensor(labels))
    np.testing.assert_allclose(found.numpy(), expected, atol=1e-3)


def planted() -> tuple[Tensor, Tensor]:
    """Of 32 latents the first makes two pixels brighter, the others make the rest."""
    pixels = torch.zeros(32, 64)
    pixels[0, :2] = 2.0
    pixels[1:, 2:] = torch.randn(31, 62, generator=torch.Generator().manual_seed(0)) / 4
    return pixels, torch.eye(32)[0]


def test_pictures_tell_a_direction_better_than_latents() -> None:
    pixels, truth = planted()
    space = linear(pixels, shape=(1, 8, 8))
    many = space.points(4000, 100, {})
    images = space.images(many, {})
    by_pictures, by_latents = [], []
    for seed in range(4):
        points = space.points(60, seed, {})
        labels = points[:, 0] > 0
        read = classifier_of(space.images(points, {}), labels)
        assert read.accuracy > 0.75
        by_pictures.append(angle(rising(many, read(images), normal=True), truth))
        by_latents.append([angle(NORMALS[kind](points, labels), truth) for kind in KINDS])
    assert np.mean(by_pictures) > np.mean(by_latents, axis=0).max() + 0.03
    assert min(by_pictures) > 0.85


def test_a_strength_changes_most_of_those_that_lacked_it() -> None:
    pixels, truth = planted()
    space = linear(pixels, shape=(1, 8, 8))
    points = space.points(400, 5, {})
    read = classifier_of(space.images(points, {}), points[:, 0] > 0)
    one = direction("bright", truth, space)
    assert 1.5 <= strength_of(space, one, read, space.points(500, 7, {}), {}) <= 3  # N(0, 1) below 0: 95 % above -2
    lit = points[read(space.images(points, {})) > 0]
    assert strength_of(space, one, read, lit, {}) == 0
    against = direction("dark", -truth, space)
    assert strength_of(space, against, read, space.points(50, 7, {}), {}) == 6
    again = classifier_from(read.tensors())
    torch.testing.assert_close(again(space.images(points, {})), read(space.images(points, {})))


def test_a_classifier_is_the_logistic_regression_of_all_pixels() -> None:
    chance = torch.Generator().manual_seed(0)
    images, labels = torch.randn(14, 1, 4, 4, generator=chance), torch.arange(14) % 2 == 0
    read = classifier_of(images, labels)
    flat = images.flatten(1).double().numpy()
    flat -= flat.mean(0)
    size = np.sqrt((flat**2).sum() / 14)

    def objective(w: np.ndarray) -> float:
        margins = np.where(labels.numpy(), 1, -1) * (flat / size @ w[:-1] + w[-1])
        return float(w[:-1] @ w[:-1] / 2 + SHARPNESS * np.logaddexp(0, -margins).sum())

    expected = minimize(objective, np.zeros(17), method="BFGS").x[:-1] / size
    np.testing.assert_allclose(read.weight.flatten().numpy(), expected, atol=2e-3)


def test_examples_that_differ_in_nothing_are_told_by_chance() -> None:
    images = torch.randn(60, 1, 6, 6, generator=torch.Generator().manual_seed(3))
    assert classifier_of(images, torch.arange(60) % 2 == 0).accuracy == pytest.approx(0.5, abs=0.2)


def test_gradients_are_a_ridge_regression_of_the_scores() -> None:
    from sklearn.linear_model import Ridge

    chance = torch.Generator().manual_seed(0)
    coords = torch.randn(400, 5, generator=chance) @ torch.randn(5, 5, generator=chance)
    scores = coords @ torch.tensor([1.0, 0, -2, 0, 0.5]) + torch.randn(400, generator=chance)
    penalty = RIDGE * float(coords.var(0, correction=0).mean()) * len(coords)
    expected = torch.from_numpy(Ridge(alpha=penalty).fit(coords.numpy(), scores.numpy()).coef_)
    torch.testing.assert_close(rising(coords, scores, normal=False), expected.float(), rtol=1e-3, atol=1e-3)


def test_gradients_at_normal_coordinates_are_found_through_a_step() -> None:
    truth = torch.tensor([3.0, -4.0, 0.0])
    coords = torch.randn(20_000, 3, generator=torch.Generator().manual_seed(0))
    found = rising(coords, (coords @ truth / 5).sign(), normal=True)
    expected = truth / 5 * (2 / torch.pi) ** 0.5  # E |x| of a normal x
    torch.testing.assert_close(found, expected, rtol=0, atol=0.03)
