"""The geometry of ADA: every image moved by one affine map, whole pixels exactly, anything else resampled with sym6.

Karras et al. 2020, appendix B. What comes in at the edges is the image mirrored.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

from gansmith.losses.ada_draws import ROTATIONS, Draws, applied
from gansmith.losses.ada_sampling import sampled
from gansmith.losses.ada_wavelets import DELAY, FIRST, MARGIN, Matrix, doubling, halving, mirrored

WHOLE = ("xflip", "rotate90", "xint")
BETWEEN = ("scale", *ROTATIONS, "aniso", "xfrac")
REACH = 0.125  # of a side: integer translation at most, fractional in standard deviations
OCTAVES = 0.2  # scales, both
CHUNK = 8  # images resampled at once: more only leave the processor's cache


def moved(image: Tensor, draws: Draws) -> Tensor:
    """Images (N, C, H, W) in float32 or float64, each moved as was drawn for it."""
    height, width = image.shape[2:]
    whole = in_whole_pixels(draws, height, width)
    between = draws.touched(*BETWEEN)
    image = applied(image, draws.touched(*WHOLE) & ~between, lambda some, places: gathered(some, whole[places]))
    if not bool(between.any()):
        return image
    maps = whole @ around_the_middle(between_pixels(draws, height, width), height, width)
    return applied(image, between, lambda some, places: resampled(some, maps[places]))


def in_whole_pixels(draws: Draws, height: int, width: int) -> Tensor:
    """Flips, quarter turns and shifts: from a pixel (x, y, 1) of the result to the one it shows, whole (N, 3, 3)."""
    side = 1 - 2 * draws.when("xflip", (2 * draws.share("xflip")).floor())
    quarters = draws.when("rotate90", (4 * draws.share("rotate90")).floor()).long()
    cos, sin = torch.tensor([1.0, 0, -1, 0])[quarters], torch.tensor([0.0, 1, 0, -1])[quarters]
    shift = [
        draws.when("xint", ((2 * draws.share("xint", axis) - 1) * REACH * length).round())
        for axis, length in enumerate((width, height))
    ]
    maps = matrices(side, 1.0) @ matrices(cos, cos, -sin, sin) @ matrices(1.0, 1.0, x=-shift[0], y=-shift[1])
    maps = around_the_middle(maps, height, width)
    maps[:, :2, 2].floor_()  # a quarter turn of an odd and an even side leaves half a pixel
    return maps


def between_pixels(draws: Draws, height: int, width: int) -> Tensor:
    """Scale, turn, change of aspect, turn, shift: from the result to what it shows, around the middle, (N, 3, 3)."""
    scale, aspect = draws.factor("scale", OCTAVES), draws.factor("aniso", OCTAVES)
    first, last = (draws.angle(name) for name in ROTATIONS)
    shift = [
        draws.when("xfrac", draws.gauss("xfrac", axis) * REACH * length) for axis, length in enumerate((width, height))
    ]
    return (
        matrices(1 / scale, 1 / scale)
        @ turned(first)
        @ matrices(1 / aspect, aspect)
        @ turned(last)
        @ matrices(1.0, 1.0, x=-shift[0], y=-shift[1])
    )


def matrices(
    xx: Tensor | float, yy: Tensor | float, xy: Tensor | float = 0.0, yx: Tensor | float = 0.0,
    *, x: Tensor | float = 0.0, y: Tensor | float = 0.0,
) -> Tensor:  # fmt: skip
    """Affine maps of (x, y, 1) by their entries (N,), (N, 3, 3): xy is what y adds to x."""
    entries = [torch.as_tensor(entry) for entry in (xx, xy, x, yx, yy, y)]
    count = max(entry.numel() for entry in entries)
    maps = torch.eye(3).repeat(count, 1, 1)
    for place, entry in enumerate(entries):
        maps[:, place // 3, place % 3] = entry
    return maps


def turned(angle: Tensor) -> Tensor:
    return matrices(angle.cos(), angle.cos(), -angle.sin(), angle.sin())


def around_the_middle(maps: Tensor, height: int, width: int) -> Tensor:
    """The same maps, of coordinates that count from the middle, for pixels that count from the first."""
    x, y = (width - 1) / 2, (height - 1) / 2
    return matrices(1.0, 1.0, x=x, y=y) @ maps @ matrices(1.0, 1.0, x=-x, y=-y)


def gathered(image: Tensor, maps: Tensor) -> Tensor:
    """Images (N, C, H, W) moved by maps of whole numbers (N, 3, 3): pixels copied, bit for bit."""
    channels, height, width = image.shape[1:]
    where = torch.stack(coordinates(maps, torch.arange(width) * 1.0, torch.arange(height) * 1.0)).round().long().numpy()
    rows, columns = (torch.from_numpy(mirrored(index, size)) for index, size in zip(where[::-1], (height, width)))
    index = (rows * width + columns).flatten(1).to(image.device)
    return image.flatten(2).gather(2, index[:, None].expand(-1, channels, -1)).view_as(image)


def resampled(image: Tensor, maps: Tensor) -> Tensor:
    """Images (N, C, H, W) moved by any affine maps (N, 3, 3): doubled, read bilinearly, halved."""
    height, width = image.shape[2:]

    def matrix(values: Matrix) -> Tensor:
        return torch.as_tensor(values, device=image.device, dtype=image.dtype)

    sizes = (width, height)
    doubled, halved = [matrix(doubling(size)) for size in sizes], [matrix(halving(size)) for size in sizes]
    points = [(torch.arange(2 * size + 10).to(image) - DELAY) / 2 for size in sizes]
    chunk = CHUNK if image.device.type == "cpu" else len(image)
    parts = []
    for some, own in zip(torch.split(image, chunk), torch.split(maps.to(image), chunk), strict=True):
        large = doubled[1] @ (some @ doubled[0].T)
        parts.append(halved[1] @ (sampled(large, reading_grid(own, points, sizes)) @ halved[0].T))
    return torch.cat(parts)


def reading_grid(maps: Tensor, points: Sequence[Tensor], sizes: Sequence[int]) -> Tensor:
    """Where maps (N, 3, 3) of pixels take points across and down, within doubled images: (N, rows, columns, 2)."""
    grid = maps.new_empty(len(maps), len(points[1]), len(points[0]), 2)
    for axis, (place, size) in enumerate(zip(coordinates(maps, *points), sizes, strict=True)):
        rows = 2 * (size + 2 * MARGIN)
        torch.mul(folded(place, size), 4 / (rows - 1), out=grid[..., axis])
        grid[..., axis] += (DELAY - FIRST) * 2 / (rows - 1) - 1
    return grid


def coordinates(maps: Tensor, across: Tensor, down: Tensor) -> list[Tensor]:
    """Where maps (N, 3, 3) take the points of a grid: x and y, (N, rows, columns) each."""
    across, down = across[None, None, :], down[None, :, None]
    return [
        torch.addcmul(row[:, 1] * down + row[:, 2], row[:, 0], across) for row in maps[:, :2, :, None, None].unbind(1)
    ]


def folded(pixel: Tensor, size: int) -> Tensor:
    """Positions in pixels, those more than MARGIN outside mirrored into the image.

    Mirroring what was doubled differs from doubling what was mirrored by the slight asymmetry of sym6.
    """
    last = size - 1
    inside = (pixel - last / 2).abs_() <= last / 2 + MARGIN
    mirror = pixel.remainder(max(2 * last, 1)).sub_(last).abs_().neg_().add_(last)
    return torch.where(inside, pixel, mirror)
