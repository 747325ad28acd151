"""Agreement of readings against scikit-learn's mutual information, and views against what they are called."""

from __future__ import annotations

import math

import pytest
import torch
from sklearn.metrics import mutual_info_score

from gansmith.losses.agreement import another_view, shared_information


def test_of_certain_readings_it_is_the_mutual_information() -> None:
    chance = torch.Generator().manual_seed(0)
    a = torch.randint(4, (400,), generator=chance)
    b = torch.where(torch.rand(400, generator=chance) < 0.7, a, torch.randint(4, (400,), generator=chance))
    both = torch.cat([a, b]), torch.cat([b, a])  # either is the first view
    sure = [100 * torch.nn.functional.one_hot(one, 4).float() for one in (a, b)]
    assert shared_information(*sure).item() == pytest.approx(
        mutual_info_score(*(one.numpy() for one in both)), abs=1e-3
    )


def test_it_is_largest_where_views_agree_and_classes_are_equally_frequent() -> None:
    even = 100 * torch.eye(5).repeat(8, 1)
    assert shared_information(even, even).item() == pytest.approx(math.log(5), abs=1e-3)
    one = 100 * torch.eye(5)[:1].repeat(40, 1)
    assert shared_information(one, one).item() == pytest.approx(0, abs=1e-3)
    assert shared_information(torch.zeros(40, 5), torch.zeros(40, 5)).item() == pytest.approx(0, abs=1e-3)


def test_a_view_that_may_not_move_is_the_image() -> None:
    image = torch.rand(3, 2, 9, 14)
    torch.testing.assert_close(another_view(image, 0.0, 0.0, 0.0, 0.0), image, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("shape", [(3, 1, 28, 28), (2, 3, 13, 20), (2, 4, 64, 32)])
def test_views_differ_from_image_to_image_and_stay_in_range(shape: tuple[int, ...]) -> None:
    torch.manual_seed(0)
    image = (torch.rand(1, *shape[1:]) * 2 - 1).expand(shape)
    views = another_view(image)
    assert views.shape == shape
    assert views.abs().max() <= 1
    assert (views[0] - views[1]).abs().max() > 0.1


def test_a_turn_of_an_oblong_image_keeps_lengths() -> None:
    """A bar of eight pixels across, turned by a quarter, is a bar of eight pixels down."""
    image = -torch.ones(1, 1, 16, 32)
    image[:, :, 8, 12:20] = 1
    torch.manual_seed(0)
    turned = [another_view(image, 90.0, 0.0, 0.0, 0.0) for _ in range(20)]
    lit = torch.stack([(view + 1).sum() for view in turned])
    assert (lit / (image + 1).sum() - 1).abs().max() < 0.15
