"""Jitter moves and mirrors images, each by itself, and leaves what it must not touch."""

from __future__ import annotations

import torch

from gansmith.game.jitter import jittered


def ramp(count: int, high: int, across: int) -> torch.Tensor:
    """Images whose two channels are the place of every pixel, -1..1."""
    rows = torch.linspace(-1, 1, high)[:, None].expand(high, across)
    columns = torch.linspace(-1, 1, across).expand(high, across)
    return torch.stack([rows, columns]).expand(count, 2, high, across).contiguous()


def test_what_is_cut_is_a_window_of_the_enlarged_image() -> None:
    torch.manual_seed(0)
    image = ramp(64, 20, 30)
    cut = jittered(image, 0.2, flip=False)
    assert cut.shape == image.shape
    inside = cut[:, :, 4:-4, 4:-4]  # away from where bicubic rows meet a border
    slope = 2 / 19 * 20 / 24  # of a straight ramp, over 24 pixels instead of 20
    assert torch.allclose(inside[:, 0].diff(dim=1), torch.tensor(slope), atol=0.01)  # bicubic ramps waver
    starts = {round(float(value), 3) for value in cut[:, 0, 8, 0]}
    assert len(starts) == 5  # 24 - 20 + 1 places to cut, all of them met in 64 images


def test_half_of_the_images_are_mirrored_and_nothing_else_happens() -> None:
    torch.manual_seed(0)
    image = torch.rand(400, 3, 4, 5) * 2 - 1
    flipped = jittered(image, 0.0, flip=True)
    mirrored = (flipped == image.flip(3)).flatten(1).all(1)
    kept = (flipped == image).flatten(1).all(1)
    assert bool((mirrored ^ kept).all())
    assert 150 < int(mirrored.sum()) < 250  # five deviations of a fair coin


def test_without_either_the_image_is_itself() -> None:
    image = torch.rand(2, 3, 4, 4)
    assert torch.equal(jittered(image, 0.0, flip=False), image)


def test_halves_that_go_together_stay_together_and_in_range() -> None:
    torch.manual_seed(1)
    image = torch.rand(8, 3, 16, 16).mul(2).sub(1).sign()
    a, b = jittered(torch.cat([image, image], 1), 0.12, flip=True).chunk(2, 1)
    assert torch.equal(a, b)
    assert a.abs().max() <= 1
