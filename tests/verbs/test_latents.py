"""A run's latents as spaces: the same images as its samples, and gradients where they are asked for."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch

from gansmith.errors import UsageError
from gansmith.game.game import Request
from gansmith.runs.model import load
from gansmith.verbs import frames, plan
from gansmith.verbs.latents import space_of
from gansmith.verbs.train import train
from tests.verbs.runs import tiny


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("runs")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(plan, "measure_speed", lambda *args, **kwargs: 1000.0)
        patch.setattr(frames, "FRAMES", 2)
        tiny(out, name="gan")
        train("ring", family="robust", duration="640img", width=8, depth=1, batch=16, name="ring", out=out)
        small: dict[str, Any] = {"size_dial": 0.02, "z": 8, "mixing": 0.5, "batch": 8, "precision": "32"}
        train("digits", family="stylegan2", duration="16img", out=out, name="styled", **small)
    return out


@pytest.mark.parametrize(("name", "shape"), [("auto", (8,)), ("w", (8,)), ("w+", (4, 8))])
def test_points_of_styles_are_drawn_as_samples_are(folder: Path, name: str, shape: tuple[int, ...]) -> None:
    model = load("styled", out=folder)
    space = space_of(model, name)
    assert space.shape == tuple(space.centre.shape) == shape
    given = {"label": torch.tensor([1, 2, 3])}
    points = space.points(3, 5, given)
    plain = model.draw(3, seed=5, given=given)
    torch.testing.assert_close(space.images(points, {}), plain)
    tracked = space.images(points.requires_grad_(), {})
    torch.testing.assert_close(tracked, model.game.draw(model.networks, Request(3, 5, given=given)))
    assert tracked.requires_grad
    many = space.points(4096, 9, {})
    assert float((many - space.centre).square().mean().sqrt()) == pytest.approx(space.scale, rel=0.1)


def test_points_of_z_are_drawn_as_samples_are(folder: Path) -> None:
    model = load("gan", out=folder)
    space = space_of(model)
    assert (space.name, space.shape, space.prior) == ("z", (8,), "uniform")  # as the family *gan* has it
    points = space.points(5, 3, {})
    torch.testing.assert_close(space.images(points, {}), model.draw(5, seed=3))
    tracked = space.images(points.requires_grad_(), {})
    torch.testing.assert_close(tracked, model.game.draw(model.networks, Request(5, 3)))
    assert tracked.requires_grad
    many = space.points(4096, 9, {})
    assert float((many - space.centre).square().mean().sqrt()) == pytest.approx(space.scale, rel=0.05)


@pytest.mark.parametrize(
    ("run", "name", "told"),
    [("gan", "w", "has no styles"), ("gan", "x", "no space 'x'"), ("ring", "auto", "makes points, not images")],
)
def test_spaces_that_are_not_there_are_refused(folder: Path, run: str, name: str, told: str) -> None:
    with pytest.raises(UsageError, match=told):
        space_of(load(run, out=folder), name)
