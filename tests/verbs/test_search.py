"""From which side of the examples a direction is learnt: their latents where they tell, or else their pictures."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from torch import Tensor

from gansmith.runs.model import load
from gansmith.verbs.groups import Group
from gansmith.verbs.latents import space_of
from gansmith.verbs.search import Search
from tests.verbs.runs import quick as quick
from tests.verbs.runs import tiny

pytestmark = pytest.mark.usefixtures("quick")


@pytest.fixture
def search(tmp_path: Path) -> Search:
    model = load(tiny(tmp_path, family="dcgan").path)
    return Search(model, space_of(model), {}, lambda report: None)


def sides(search: Search, has: Tensor, points: Tensor, images: Tensor) -> tuple[Group, Group]:
    have, lack = (Group(text, images[rows], points[rows], {}) for text, rows in (("1-20", has), ("21-40", ~has)))
    return have, lack


def test_latents_are_learnt_from_where_they_tell_and_pictures_where_they_do_not(search: Search) -> None:
    points = search.space.points(400, 5, {})
    images = search.space.images(points, {})
    order = points[:, 3].argsort()
    ends = torch.cat([order[:20], order[-20:]])
    clear = sides(search, points[ends, 3] > 0, points[ends], images[ends])
    one = search.told_apart("third", *clear, "auto")
    assert one.made["by"] == "logistic" and one.vector[3] > 0.8
    dark = images[:40].clone()
    dark[:20] -= 1  # seen at a glance, and nowhere among the latents
    told = search.told_apart("dark", *sides(search, torch.arange(40) < 20, points[:40], dark), "auto")
    assert told.made["by"] == "pictures" and told.made["accuracy"] > 0.9


def test_images_without_latents_leave_their_pictures(search: Search) -> None:
    images = torch.cat([torch.ones(10, 1, 8, 8), -torch.ones(10, 1, 8, 8)]) + 0.1 * torch.randn(20, 1, 8, 8)
    bright, dark = Group("a", images[:10], None, {}), Group("b", images[10:], None, {})
    assert search.told_apart("x", bright, dark, "auto").made["by"] == "pictures"
