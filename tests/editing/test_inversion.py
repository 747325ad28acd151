"""Images back into points: closed forms where there are some, several starts where one is not enough."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace

import pytest
import torch
from torch import Tensor

from gansmith.editing import inversion
from gansmith.editing.inversion import STEPS, invert, rounds
from gansmith.editing.space import Given, Space

SHAPE = (1, 6, 8)
DICE = torch.Generator().manual_seed(1)
WEIGHT = 0.1 * torch.randn(4, math.prod(SHAPE), generator=DICE)


def linear(points: Tensor, given: Given) -> Tensor:
    return (points @ WEIGHT + given.get("bias", torch.zeros(1, 1))).view(-1, *SHAPE)


def space(images: Callable[[Tensor, Given], Tensor] = linear, prior: str = "normal") -> Space:
    def points(count: int, seed: int, given: Given) -> Tensor:
        dice = torch.Generator().manual_seed(seed)
        return (
            torch.rand(count, 4, generator=dice) * 2 - 1
            if prior == "uniform"
            else torch.randn(count, 4, generator=dice)
        )

    return Space("z", (4,), prior, images, points, torch.zeros(4), 3**-0.5 if prior == "uniform" else 1.0)


def test_of_a_linear_generator_it_is_the_least_squares_solution() -> None:
    wanted = torch.randn(5, *SHAPE, generator=DICE) * 0.1
    found = invert(space(), wanted, prior=0.0, enough=0.0, starts=2)
    expected = torch.linalg.lstsq(WEIGHT.T, wanted.flatten(1).T).solution.T
    torch.testing.assert_close(found.points, expected, atol=1e-3, rtol=0)
    torch.testing.assert_close(found.images, linear(expected, {}), atol=1e-3, rtol=0)
    by_hand = ((linear(expected, {}) - wanted) / 2).square().flatten(1).mean(1).sqrt()
    torch.testing.assert_close(found.errors, by_hand, atol=1e-3, rtol=0)


def test_what_no_sample_looks_like_is_not_sought_where_no_sample_lies() -> None:
    own, wanted = space(), linear(torch.full((1, 4), 20.0), {})
    drawn = own.points(50_000, 5, {}).square().mean(1)
    far = float(invert(own, wanted, prior=1e3, enough=0.0).points.square().mean())
    assert 0.98 < float((drawn < far).float().mean()) < 1  # as far out as samples lie, and no farther
    assert float(invert(own, wanted, prior=0.0, enough=0.0).points.square().mean()) == pytest.approx(400, rel=0.01)


@pytest.mark.parametrize("prior", ["normal", "uniform"])
def test_own_samples_are_found_and_stay_within_their_prior(prior: str) -> None:
    own = space(lambda points, given: linear(points, given).tanh(), prior)
    points = own.points(20, 9, {})
    found = invert(own, own.images(points, {}), enough=1e-4, prior=0.0)
    assert found.errors.max() < 1e-3
    torch.testing.assert_close(found.points, points, atol=0.03, rtol=0)
    if prior == "uniform":
        assert found.points.abs().max() <= 1


def rings(points: Tensor, given: Given) -> Tensor:
    """Full of valleys: from almost everywhere downhill leads to the wrong one."""
    return torch.cat([(3 * points).sin(), 0.1 * points], 1).repeat(1, 6).view(-1, *SHAPE)


def test_several_starts_and_another_try_find_what_one_start_does_not(monkeypatch: pytest.MonkeyPatch) -> None:
    own = space(rings)
    wanted = own.images(own.points(60, 9, {}), {})
    monkeypatch.setattr(inversion, "MISSED", 1e-3)

    def errors(starts: int, again: int) -> Tensor:
        return invert(own, wanted, starts=starts, again=again, seed=4, prior=0.0, enough=1e-3).errors

    once, several, again = errors(1, 0), errors(8, 0), errors(8, 4)
    assert several.mean() < 0.9 * once.mean()
    assert again.mean() < 0.9 * several.mean() and (again <= several + 1e-6).all()


def test_it_begins_where_it_is_told_to() -> None:
    own = space(rings)
    points = own.points(6, 9, {})
    found = invert(own, own.images(points, {}), starts=1, steps=20, begin=points + 0.02, prior=0.0, enough=1e-4)
    torch.testing.assert_close(found.points, points, atol=1e-2, rtol=0)


def test_each_image_is_sought_under_its_own_conditions() -> None:
    given = {"bias": torch.tensor([[0.5], [-0.5], [0.0]])}
    points = space().points(3, 9, {})
    found = invert(space(), linear(points, given), given=given, enough=1e-5, prior=0.0)
    torch.testing.assert_close(found.points, points, atol=1e-2, rtol=0)


def test_images_are_told_of_as_they_are_finished_and_do_not_depend_on_company(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("gansmith.editing.inversion.ROOM", 2 * 30 * 4 * 9 * 2)  # two images at once
    wanted = linear(space().points(5, 9, {}), {})
    told: list[tuple[int, int]] = []
    found = invert(space(), wanted, progress=lambda done, count: told.append((done, count)))
    assert told == [(2, 5), (4, 5), (5, 5)]
    alone = invert(space(), wanted[4:])
    torch.testing.assert_close(found.points[4:], alone.points, atol=0.02, rtol=0)


def test_styles_are_sought_in_units_of_their_spread() -> None:
    own = replace(space(), name="w", prior="", centre=torch.full((4,), 3.0), scale=0.01)
    far = replace(own, images=lambda points, given: linear((points - 3.0) / 0.01, given))
    styles = 3.0 + 0.01 * own.points(4, 9, {})
    found = invert(
        replace(far, points=lambda count, seed, given: 3.0 + 0.01 * own.points(count, seed, given)),
        far.images(styles, {}),
        enough=1e-5,
        prior=0.0,
    )
    torch.testing.assert_close(found.points, styles, atol=1e-3, rtol=0)


def test_starts_are_halved_while_their_tries_double() -> None:
    assert list(rounds(8, STEPS)) == [(4, 8), (2, 16), (1, 32), (1, STEPS)]
    assert list(rounds(5, 10)) == [(3, 8), (2, 10), (1, 10), (1, 10)]
    assert list(rounds(1, 7)) == [(1, 7)]
