"""ADA's geometry: whole pixels move bit by bit, anything else as numpy and scipy would move it."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from scipy import ndimage
from torch import Tensor

from gansmith.losses.ada_draws import draw
from gansmith.losses.ada_geometry import BETWEEN, WHOLE, between_pixels, moved, resampled
from gansmith.losses.ada_wavelets import SYM6
from tests.losses.drawing import decided


def pictures(*shape: int) -> Tensor:
    return torch.rand(*shape, generator=torch.Generator().manual_seed(1)) * 2 - 1


def smooth(height: int, width: int, blur: float = 3.0) -> np.ndarray:
    noise = np.random.default_rng(0).standard_normal((height, width))
    found = ndimage.gaussian_filter(noise, blur)
    return found / found.std()


@pytest.mark.parametrize("shape", [(1, 8, 8), (3, 13, 20), (4, 5, 3)])
def test_flips_are_exact(shape: tuple[int, int, int]) -> None:
    image = pictures(3, *shape)
    assert torch.equal(moved(image, decided(3, uniform={"xflip": (0.75,)})), image.flip(3))
    assert torch.equal(moved(image, decided(3, uniform={"xflip": (0.25,)})), image)


@pytest.mark.parametrize("size", [8, 9])
@pytest.mark.parametrize("quarters", range(4))
def test_quarter_turns_are_exact(quarters: int, size: int) -> None:
    image = pictures(2, 3, size, size)
    out = moved(image, decided(2, uniform={"rotate90": ((quarters + 0.5) / 4,)}))
    assert torch.equal(out, image.rot90(quarters, (2, 3)))


@pytest.mark.parametrize(("height", "width"), [(6, 10), (9, 5), (16, 8)])
def test_quarter_turns_of_oblong_images_are_filled_by_their_mirror(height: int, width: int) -> None:
    image = pictures(1, 2, height, width)
    large = np.pad(image[0].numpy(), ((0, 0), (20, 20), (20, 20)), mode="reflect")
    turned = np.rot90(large, 1, (1, 2))
    top, left = (turned.shape[1] - height) // 2, (turned.shape[2] - width) // 2
    out = moved(image, decided(uniform={"rotate90": (0.3,)}))
    assert np.array_equal(out[0].numpy(), turned[:, top : top + height, left : left + width])


def test_a_quarter_turn_between_odd_and_even_sides_still_copies_pixels() -> None:
    image = pictures(1, 1, 8, 13)
    out = moved(image, decided(uniform={"rotate90": (0.3,)}))
    assert set(out.flatten().tolist()) <= set(image.flatten().tolist())


@pytest.mark.parametrize(("across", "down"), [(0.9, 0.5), (0.5, 0.1), (0.99, 0.02)])
def test_shifts_by_whole_pixels_are_exact_and_at_most_an_eighth(across: float, down: float) -> None:
    image = pictures(1, 3, 16, 40)
    right, below = (round((2 * share - 1) * size / 8) for share, size in ((across, 40), (down, 16)))
    padded = np.pad(image[0].numpy(), ((0, 0), (8, 8), (8, 8)), mode="reflect")
    out = moved(image, decided(uniform={"xint": (across, down)}))
    assert np.array_equal(out[0].numpy(), padded[:, 8 - below : 24 - below, 8 - right : 48 - right])


def plainly_resampled(image: np.ndarray, map: np.ndarray) -> np.ndarray:
    """The same in the plainest steps: mirror, put zeros between, convolve, read, convolve, leave out every other."""
    height, width = image.shape
    padded = np.pad(image, 8, mode="reflect")
    large = np.zeros((2 * padded.shape[0], 2 * padded.shape[1]))
    large[::2, ::2] = padded
    for axis in (0, 1):
        large = np.sqrt(2) * np.apply_along_axis(lambda row: np.convolve(row, SYM6)[: len(row)], axis, large)
    delay = np.arange(12) @ SYM6 / SYM6.sum()
    y, x = np.meshgrid(*((np.arange(2 * size + 10) - delay) / 2 for size in (height, width)), indexing="ij")
    places = [2 * (row[0] * x + row[1] * y + row[2]) + delay + 16 for row in (map[1], map[0])]
    read = ndimage.map_coordinates(large, places, order=1)
    for axis in (0, 1):
        read = np.apply_along_axis(lambda row: np.correlate(row, SYM6)[::2] / np.sqrt(2), axis, read)
    return read


@pytest.mark.parametrize(("height", "width"), [(16, 16), (13, 20), (5, 7)])
@pytest.mark.parametrize("linear", [((1, 0, 0), (0, 1, 0)), ((0.93, 0.02, 0.3), (-0.02, 0.95, 0.2))])
def test_resampling_is_the_papers_in_plain_steps(height: int, width: int, linear: tuple[tuple[float, ...]]) -> None:
    """Within the margin, where mirroring before and after doubling are the same."""
    image, map = pictures(1, 1, height, width).double(), np.array([*linear, (0, 0, 1)])
    out = resampled(image, torch.tensor(map)[None])[0, 0].numpy()
    np.testing.assert_allclose(out, plainly_resampled(image[0, 0].numpy(), map), atol=1e-10)


def plane(xx: float, xy: float, yx: float, yy: float, x: float = 0.0, y: float = 0.0) -> np.ndarray:
    return np.array([[xx, xy, x], [yx, yy, y], [0, 0, 1]])


def around(angle: float) -> np.ndarray:
    return plane(np.cos(angle), -np.sin(angle), np.sin(angle), np.cos(angle))


@pytest.mark.parametrize("seed", range(4))
def test_all_of_it_moves_a_smooth_image_as_scipy_does(seed: int) -> None:
    """Reference: the operations in the paper's order as they move the image, inverted, read by cubic splines."""
    height, width = 48, 64
    chance = np.random.default_rng(seed)
    flip, quarters = int(chance.integers(2)), int(chance.integers(4))
    whole, angles, normal = chance.random(2), chance.random(2), chance.standard_normal(4)
    draws = decided(
        uniform={
            "xflip": ((flip + 0.5) / 2,),
            "rotate90": ((quarters + 0.5) / 4,),
            "xint": tuple(whole),
            "rotate": (angles[0],),
            "rotate after": (angles[1],),
        },
        normal={"scale": (normal[0],), "aniso": (normal[1],), "xfrac": tuple(normal[2:])},
    )
    scale, aspect = 2 ** (0.2 * normal[0]), 2 ** (0.2 * normal[1])
    steps = [
        plane(1 - 2 * flip, 0, 0, 1),
        around(-quarters * np.pi / 2),
        plane(1, 0, 0, 1, *(round((2 * share - 1) * size / 8) for share, size in zip(whole, (width, height)))),
        plane(scale, 0, 0, scale),
        around(-(2 * angles[0] - 1) * np.pi),
        plane(aspect, 0, 0, 1 / aspect),
        around(-(2 * angles[1] - 1) * np.pi),
        plane(1, 0, 0, 1, normal[2] * width / 8, normal[3] * height / 8),
    ]
    forward = np.eye(3)
    for step in steps:
        forward = step @ forward
    middle = plane(1, 0, 0, 1, (width - 1) / 2, (height - 1) / 2)
    inverse = np.linalg.inv(middle @ forward @ np.linalg.inv(middle))[:2]
    image = smooth(height, width)
    expected = ndimage.affine_transform(image, inverse[::-1, 1::-1], inverse[::-1, 2], order=3, mode="mirror")
    out = moved(torch.from_numpy(image)[None, None], draws)[0, 0].numpy()
    assert np.sqrt(np.mean((out - expected) ** 2)) < 0.02  # of a deviation of 1


def test_images_that_drew_nothing_stay_bit_for_bit() -> None:
    torch.manual_seed(0)
    image, draws = pictures(64, 3, 12, 9), draw(("scale", "rotate", "xflip"), 64, 0.3)
    out, touched = moved(image, draws), draws.touched(*WHOLE, *BETWEEN)
    assert 0 < int(touched.sum()) < 64
    assert torch.equal(out[~touched], image[~touched])


def test_one_image_at_two_sizes_is_moved_alike() -> None:
    large = torch.from_numpy(np.stack([smooth(64, 64, 5.0)] * 16))[:, None]
    torch.manual_seed(0)
    draws = draw(BETWEEN, 16, 1.0)
    shrunk = torch.nn.functional.avg_pool2d
    both = shrunk(moved(large, draws), 2), moved(shrunk(large, 2), draws)
    assert (both[0] - both[1]).square().mean().sqrt() < 0.1  # but for half a pixel in what is mirrored
    assert (both[0] - both[1].roll(1, 0)).square().mean().sqrt() > 1


def test_scales_and_shifts_have_the_papers_spread() -> None:
    """Over 20 000 images: log2 of the area's root 0.2, of the aspect 0.2, translation an eighth of each side."""
    torch.manual_seed(0)
    maps = between_pixels(draw(("scale", "aniso"), 20_000, 1.0), 32, 64)
    assert (-maps[:, 0, 0] * maps[:, 1, 1]).abs().log2().std().item() / 2 == pytest.approx(0.2, rel=0.03)
    assert (maps[:, 1, 1] / maps[:, 0, 0]).log2().std().item() / 2 == pytest.approx(0.2, rel=0.03)
    shifts = between_pixels(draw(("xfrac",), 20_000, 1.0), 32, 64)[:, :2, 2].std(0)
    assert shifts.tolist() == pytest.approx([8, 4], rel=0.03)
