"""DiffAugment: shifts and rectangles where they should be, each image its own, and gradients through all of it."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import Tensor

from gansmith.errors import UsageError
from gansmith.losses.diffaugment import KINDS, colour, cutout, diffaugment, sometimes, translation

SIZES = [(1, 8, 8), (3, 13, 20), (4, 16, 16), (2, 5, 3)]


def pictures(count: int, *shape: int) -> Tensor:
    return torch.rand(count, *shape, generator=torch.Generator().manual_seed(1)) + 0.5  # no pixel is 0


@pytest.mark.parametrize("shape", SIZES)
@pytest.mark.parametrize("kinds", ["", *KINDS, "colour,translation,cutout", " translation , cutout "])
def test_shape_and_kind_of_number_stay(kinds: str, shape: tuple[int, int, int]) -> None:
    torch.manual_seed(0)
    image = pictures(4, *shape)
    out = diffaugment(kinds)(image)
    assert out.shape == image.shape
    assert out.dtype == image.dtype
    assert bool(torch.isfinite(out).all())
    if not kinds:
        assert out is image


@pytest.mark.parametrize("kind", KINDS)
def test_gradients_reach_the_image(kind: str) -> None:
    """Reference: directional derivative by central differences, in float64, the draws held fixed."""
    image = pictures(3, 3, 9, 7).double().requires_grad_(True)
    weights = torch.randn(3, 3, 9, 7, dtype=torch.float64)
    direction = torch.randn(3, 3, 9, 7, dtype=torch.float64)

    def score(x: Tensor) -> Tensor:
        torch.manual_seed(3)
        return (KINDS[kind](x) * weights).sum()

    (slope,) = torch.autograd.grad(score(image), image)
    expected = (score(image + 1e-5 * direction) - score(image - 1e-5 * direction)) / 2e-5
    assert (slope * direction).sum().item() == pytest.approx(expected.item(), rel=1e-6)
    assert slope.abs().flatten(1).sum(1).min() > 0


@pytest.mark.parametrize("kind", KINDS)
def test_every_image_draws_its_own(kind: str) -> None:
    torch.manual_seed(0)
    same = pictures(1, 3, 16, 16).expand(32, -1, -1, -1)
    out = KINDS[kind](same)
    assert len({image.numpy().tobytes() for image in out}) > 8


@pytest.mark.parametrize("kind", KINDS)
def test_no_image_sees_another(kind: str) -> None:
    image = pictures(6, 3, 16, 16)
    other = image.clone()
    other[3] = -other[3]
    outs = []
    for batch in (image, other):
        torch.manual_seed(5)
        outs.append(KINDS[kind](batch))
    changed = [index for index in range(6) if not torch.equal(outs[0][index], outs[1][index])]
    assert changed == [3]


def shifted(image: np.ndarray, down: int, right: int) -> np.ndarray:
    """What lies `down` and `right` of where it was; zeros come in."""
    _, height, width = image.shape
    out = np.zeros_like(image)
    for y in range(height):
        for x in range(width):
            if 0 <= y + down < height and 0 <= x + right < width:
                out[:, y + down, x + right] = image[:, y, x]
    return out


@pytest.mark.parametrize("shape", [(3, 16, 24), (1, 8, 8)])
def test_translation_shifts_whole_pixels_and_no_further_than_an_eighth(shape: tuple[int, int, int]) -> None:
    torch.manual_seed(2)
    image = pictures(80, *shape)
    reach = (shape[1] // 8, shape[2] // 8)
    ways = [(dy, dx) for dy in range(-reach[0], reach[0] + 1) for dx in range(-reach[1], reach[1] + 1)]
    out, met = translation(image).numpy(), set()
    for before, after in zip(image.numpy(), out, strict=True):
        fits = [way for way in ways if np.array_equal(shifted(before, *way), after)]
        assert len(fits) == 1
        met.add(fits[0])
    for axis in (0, 1):  # every shift is drawn, none is left out at the edges
        assert {way[axis] for way in met} == {way[axis] for way in ways}


def test_translation_of_tiny_images_is_nothing() -> None:
    image = pictures(5, 1, 3, 3)
    assert torch.equal(translation(image), image)


@pytest.mark.parametrize(("height", "width"), [(16, 16), (13, 20), (8, 8)])
def test_cutout_blanks_one_rectangle_of_half_the_sides(height: int, width: int) -> None:
    torch.manual_seed(2)
    image = pictures(400, 2, height, width)
    out = cutout(image)
    hidden = (out == 0).all(dim=1).numpy()
    assert torch.equal(out, image * ~torch.from_numpy(hidden)[:, None])
    tall, wide, full = round(height / 2), round(width / 2), 0
    for mask in hidden:
        rows, columns = np.flatnonzero(mask.any(axis=1)), np.flatnonzero(mask.any(axis=0))
        assert mask[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1].all()
        assert mask.sum() == len(rows) * len(columns)
        assert len(rows) <= tall
        assert len(columns) <= wide
        full += len(rows) == tall and len(columns) == wide
    assert full > 40  # of 400; the others overlap an edge
    assert hidden.any(axis=0).all()  # every pixel is hidden now and then


def test_colour_leaves_no_trace_where_nothing_varies() -> None:
    """A flat grey image only changes brightness, by at most a half: it has no saturation and no contrast."""
    torch.manual_seed(2)
    out = colour(torch.full((500, 3, 4, 4), 0.25))
    shift = out.flatten(1).mean(1) - 0.25
    assert out.flatten(1).std(dim=1).max() < 1e-6
    assert shift.abs().max() <= 0.5
    assert shift.mean().abs() < 5 * (1 / 12) ** 0.5 / 500**0.5
    assert shift.var().item() == pytest.approx(1 / 12, rel=0.2)


def test_saturation_and_contrast_stay_in_their_ranges() -> None:
    torch.manual_seed(2)
    image = pictures(500, 3, 6, 6)
    out = colour(image)
    grey_before, grey_after = image.mean(1, keepdim=True), out.mean(1, keepdim=True)
    contrast = spread(grey_after) / spread(grey_before)
    saturation = spread(out - grey_after) / spread(image - grey_before) / contrast
    assert 0.5 - 1e-4 <= contrast.min() < 0.6 < 1.4 < contrast.max() <= 1.5 + 1e-4
    assert -1e-4 <= saturation.min() < 0.1 < 1.9 < saturation.max() <= 2 + 1e-4


def spread(image: Tensor) -> Tensor:
    return image.flatten(1).std(dim=1)


def test_grey_images_have_no_saturation_to_change() -> None:
    torch.manual_seed(2)
    image = pictures(50, 1, 6, 6)
    contrast = spread(colour(image)) / spread(image)
    assert contrast.min() >= 0.5 - 1e-4
    assert contrast.max() <= 1.5 + 1e-4


def test_an_unknown_kind_is_refused_with_the_nearest() -> None:
    with pytest.raises(UsageError, match="Did you mean 'cutout'"):
        diffaugment("colour,cutuot")


@pytest.mark.parametrize("p", [0.0, 0.3, 1.0])
def test_sometimes_touches_that_share_of_the_images(p: float) -> None:
    """Of 4 000 images, by colour alone; the tolerance is five standard deviations of a binomial share."""
    torch.manual_seed(0)
    image = pictures(4000, 1, 2, 2)
    touched = (sometimes("colour")(image, torch.tensor(p)) != image).flatten(1).any(1).float().mean().item()
    assert touched == pytest.approx(p, abs=5 * (p * (1 - p) / 4000) ** 0.5 + 1e-9)


def test_sometimes_lets_gradients_through_to_the_second_order() -> None:
    torch.manual_seed(0)
    image = pictures(6, 2, 8, 8).requires_grad_(True)
    out = sometimes("colour,translation,cutout")(image, torch.tensor(0.5))
    (slope,) = torch.autograd.grad(out.square().sum(), image, create_graph=True)
    (second,) = torch.autograd.grad(slope.square().sum(), image)
    assert (slope.flatten(1).abs().sum(1) > 0).all()
    assert torch.isfinite(second).all()
    assert (second.flatten(1).abs().sum(1) > 0).all()
