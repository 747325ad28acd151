"""A careful edit reaches what is wished, and of all that could change leaves most as it was."""

from __future__ import annotations

import torch

from gansmith.editing.careful import FREE, Wish, careful, outside
from gansmith.editing.directions import direction, moved
from gansmith.editing.examples import Classifier
from tests.editing.spaces import linear


def seen(weight: torch.Tensor) -> Classifier:
    return Classifier(weight, torch.tensor(0.0), torch.tensor(1.0))


def test_only_what_is_wished_changes_where_that_is_possible() -> None:
    """Of a generator whose every latent makes one pixel, along a direction that changes all of them."""
    space = linear(torch.eye(64), shape=(1, 8, 8))
    weight = torch.zeros(1, 8, 8)
    weight[0, 1, 1] = 1.0
    start = space.points(6, 0, {})
    before = space.images(start, {})
    wish = Wish(seen(weight), 1.5)
    straight = moved(space, start, [(direction("all", torch.ones(64) / 8, space), 8.0)], hold=False)
    after = space.images(careful(space, before, straight, [wish], given={}), {})
    changed = (after - before).abs()
    rest = outside([wish.classifier]).expand_as(changed) > 0
    plain = (space.images(straight, {}) - before).abs()
    assert (wish.lacking(after) < 0.1).all()
    assert changed[rest].mean() < 0.15 * plain[rest].mean()


def test_others_keep_their_answers() -> None:
    """Two attributes share a latent: what is wished of one is met without the other, which other latents can mend."""
    pixels = torch.zeros(3, 64)
    pixels[0, 0] = pixels[0, 63] = pixels[1, 0] = pixels[2, 63] = 1.0
    space = linear(pixels, shape=(1, 8, 8))
    first, second = torch.zeros(1, 8, 8), torch.zeros(1, 8, 8)
    first[0, 0, 0] = second[0, 7, 7] = 1.0
    start = torch.zeros(1, 3)
    before = space.images(start, {})
    along = torch.tensor([[2.0, 0, 0]])
    wish = Wish(seen(first), 2.0)
    alone = space.images(careful(space, before, along, [wish, Wish(seen(second), -9.0)], given={}), {})
    kept = space.images(careful(space, before, along, [wish], [seen(second)], given={}), {})
    assert float(wish.lacking(kept)) < 0.15
    assert float(kept[0, 0, 7, 7].abs()) < 0.25
    assert float(alone[0, 0, 7, 7]) > 1  # free to change, and nobody's business


def test_wishes_go_both_ways() -> None:
    images = torch.tensor([-3.0, 0.0, 3.0]).view(3, 1, 1, 1)
    one = seen(torch.ones(1, 1, 1))
    torch.testing.assert_close(Wish(one, 1.0).lacking(images), torch.tensor([4.0, 1.0, 0.0]))
    torch.testing.assert_close(Wish(one, -1.0, -1.0).lacking(images), torch.tensor([0.0, 1.0, 4.0]))


def test_pixels_that_tell_are_free_and_no_others() -> None:
    weight = torch.zeros(3, 20, 20)
    weight[:, 4:7, 4:7] = 1
    rest = outside([seen(weight)])
    assert rest.shape == (1, 20, 20)
    assert rest[0, 5, 5] == 0 and rest[0, 15, 15] == 1
    assert float(1 - rest.mean()) <= FREE
