"""Brings images of any size and aspect to one size, and chooses that size when nobody did."""

from __future__ import annotations

from collections.abc import Sequence
from statistics import median

from PIL import Image

from gansmith.data.options import Fit

Size = tuple[int, int]  # (height, width) in pixels

WHITE: dict[str, tuple[int, ...]] = {"L": (255,), "LA": (255, 0), "RGB": (255,) * 3, "RGBA": (255, 255, 255, 0)}
LARGEST_CHOICE = 64  # what a laptop trains in minutes; more is for those who ask for it
SMALLEST_CHOICE = 8


def choose_size(sizes: Sequence[Size]) -> Size:
    """Small sets of one size stay as they are; all others become the square power of two below their short side."""
    if len(set(sizes)) == 1 and min(sizes[0]) >= SMALLEST_CHOICE and max(sizes[0]) <= LARGEST_CHOICE:
        return sizes[0]
    short = median(min(size) for size in sizes)
    side = SMALLEST_CHOICE
    while side * 2 <= min(short, LARGEST_CHOICE):
        side *= 2
    return side, side


def told(sizes: Sequence[Size], size: Size, fit: Fit) -> str:
    """What `fitted` does to images of these sizes, in words, and what it costs them."""
    goal = f"{size[0]}x{size[1]}"
    if all(original == size for original in sizes):
        return f"keep {goal}"
    aspect = size[1] / size[0]
    off = max(max(aspect * height / width, width / height / aspect) for height, width in sizes)  # unlike in shape
    share = 1 - 1 / off
    if share < 0.005:
        return f"{fit} to {goal}"
    costs = {
        "crop": f"the middle is kept, up to {share:.0%} of an image cut off; --fit pad keeps all",
        "pad": f"up to {share:.0%} of an image is added white",
        "stretch": f"up to {off:.2g} times too wide or too high",
    }
    return f"{fit} to {goal} ({costs[fit]})"


def fitted(image: Image.Image, size: Size, fit: Fit) -> Image.Image:
    """`image` (L, LA, RGB or RGBA) at exactly `size`; pixels untouched if it has that size already.

    crop keeps the middle; pad adds white (transparent, with alpha); stretch distorts. Lanczos filtering, with
    colours weighted by their opacity.
    """
    height, width = size
    if image.size == (width, height):
        return image
    if fit == "stretch":
        return _resized(image, (width, height), (0.0, 0.0, float(image.width), float(image.height)))
    if fit == "crop":
        return _resized(image, (width, height), _middle(image.size, width / height))
    scale = min(width / image.width, height / image.height)
    inner = (max(1, round(image.width * scale)), max(1, round(image.height * scale)))
    small = _resized(image, inner, (0.0, 0.0, float(image.width), float(image.height)))
    page = Image.new(image.mode, (width, height), WHITE[image.mode])
    page.paste(small, ((width - inner[0]) // 2, (height - inner[1]) // 2))
    return page


def _middle(size: tuple[int, int], aspect: float) -> tuple[float, float, float, float]:
    """The largest central box of the given aspect (width / height) within an image of (width, height)."""
    width, height = size
    inner_width, inner_height = min(width, height * aspect), min(height, width / aspect)
    left, top = (width - inner_width) / 2, (height - inner_height) / 2
    return left, top, left + inner_width, top + inner_height


def _resized(image: Image.Image, size: tuple[int, int], box: tuple[float, float, float, float]) -> Image.Image:
    return image.resize(size, Image.Resampling.LANCZOS, box=box, reducing_gap=3.0)
