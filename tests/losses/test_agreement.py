"""Agreement of readings where the answer is known, and views against what they are called."""

from __future__ import annotations

import math

import pytest
import torch
from torch.nn.functional import one_hot

from gansmith.losses.agreement import SHARPNESS, another_view, balanced, disagreement


def test_balancing_gives_every_class_its_share_and_every_image_one() -> None:
    torch.manual_seed(0)
    found = balanced(torch.randn(200, 5) + torch.tensor([4.0, 0.0, 0.0, 0.0, -4.0]))
    torch.testing.assert_close(found.sum(1), torch.ones(200))
    assert (found.sum(0) / 40 - 1).abs().max() < 0.25


def test_what_is_balanced_already_is_only_sharpened() -> None:
    one = torch.randn(1, 6)
    logits = torch.cat([one.roll(shift, 1) for shift in range(6)])  # every class is favoured once
    torch.testing.assert_close(balanced(logits), torch.softmax(SHARPNESS * logits, 1), rtol=1e-4, atol=1e-6)


def test_classes_that_were_merged_are_pulled_apart() -> None:
    """Two kinds of images read as one class: the balanced reading gives the less sure kind to the empty class."""
    logits = torch.tensor([[8.0, 0.0]] * 50 + [[8.0, 0.5]] * 50)
    found = balanced(logits)
    assert (found[50:, 1] > found[:50, 1]).all()
    assert found[:, 1].sum().item() == pytest.approx(50, rel=0.05)


def test_it_is_nothing_where_views_agree_for_certain_and_log_k_where_they_say_nothing() -> None:
    even = 40 * one_hot(torch.arange(5).repeat(8), 5).float()
    assert disagreement(even, even).item() == pytest.approx(0, abs=1e-3)
    assert disagreement(even, even.roll(1, 0)).item() > 5
    nothing = torch.zeros(40, 5)
    assert disagreement(nothing, nothing).item() == pytest.approx(math.log(5), abs=1e-5)
    one = 40 * one_hot(torch.zeros(40, dtype=torch.int64), 5).float()
    assert disagreement(one, one).item() > 5  # agreed, and all of one class


def test_only_the_reading_that_is_judged_is_moved() -> None:
    """Balanced readings are targets: no gradient flows through them."""
    a, b = torch.randn(20, 3, requires_grad=True), torch.randn(20, 3)
    (slope,) = torch.autograd.grad(disagreement(a, b), a)
    expected = (torch.softmax(a.detach(), 1) - balanced(b)) / 40
    torch.testing.assert_close(slope, expected, rtol=1e-4, atol=1e-6)


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
