"""Samples as pictures: grids, PNG files that carry their recipe, and thumbnails in a terminal."""

from __future__ import annotations

import io
import json
import math
from collections.abc import Mapping
from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from PIL import Image, PngImagePlugin

from gansmith.errors import GansmithError
from gansmith.runs import disk
from gansmith.runs.plots import scatter

if TYPE_CHECKING:
    import torch
    from rich.text import Text

__all__ = ["grid", "half_blocks", "read_recipe", "save_png", "scatter", "to_uint8"]

RECIPE = "gansmith"  # the name of the PNG text chunk
GAP = 110  # a grey that keeps black and white images apart alike


def to_uint8(image: np.ndarray | torch.Tensor) -> np.ndarray:
    """(N, C, H, W) in [-1, 1] to (N, H, W, C) uint8: clamped, rounded to nearest; NaN becomes 0."""
    import torch

    # One copy, then in place, and by torch's threads: by numpy it takes twice as long.
    levels = torch.as_tensor(image).detach().float().cpu().permute(0, 2, 3, 1)
    levels = levels.clone(memory_format=torch.contiguous_format)
    levels = levels.nan_to_num_(-1.0).clamp_(-1.0, 1.0).add_(1.0).mul_(127.5).round_()
    return levels.to(torch.uint8).numpy()


def as_picture(image: np.ndarray) -> Image.Image:
    """One (H, W, C) uint8 image, 1 to 4 channels (2 is grey + alpha), as a PIL image."""
    if image.ndim == 2:
        image = image[:, :, None]
    return Image.fromarray(np.ascontiguousarray(image[:, :, 0] if image.shape[2] == 1 else image))


def grid(
    images: np.ndarray, columns: int | None = None, *, scale: int | None = None, gap: int | None = None
) -> Image.Image:
    """Lay (N, H, W, C) uint8 images out row by row.

    columns: by default the picture comes out nearly square. scale: each pixel becomes scale x scale pixels; by default
    the picture's longer side then has 600 to 1000 pixels, where whole numbers allow. gap: pixels of grey (of nothing,
    where there is alpha) between images; by default as wide as one of their pixels, within 2 to 8.
    """
    count, height, width, channels = images.shape
    if columns is None:
        columns = math.ceil(math.sqrt(count * height / width))
    columns = max(1, min(columns, count))
    rows = math.ceil(count / columns)

    def size(scale: int) -> tuple[int, int, int]:
        between = max(2, min(8, scale)) if gap is None else gap
        return rows * (height * scale + between) - between, columns * (width * scale + between) - between, between

    if scale is None:
        scale = next(s for s in range(1, 1001) if max(size(s)) >= 600 and max(size(s + 1)) > 1000)
    high, wide, between = size(scale)
    canvas = np.full((high, wide, channels), GAP if channels % 2 else 0, np.uint8)
    for index, image in enumerate(images):
        top = (index // columns) * (height * scale + between)
        left = (index % columns) * (width * scale + between)
        canvas[top : top + height * scale, left : left + width * scale] = image.repeat(scale, 0).repeat(scale, 1)
    return as_picture(canvas)


def save_png(picture: Image.Image, path: Path, recipe: Mapping[str, Any]) -> None:
    """Write a PNG that says how it was made: whole or not at all, the recipe as JSON in a text chunk.

    Raises OSError as the file system gives it (full, read-only); an older file at `path` then stays as it was.
    """
    notes = PngImagePlugin.PngInfo()
    notes.add_text(RECIPE, json.dumps(dict(recipe), default=str))
    file = io.BytesIO()
    picture.save(file, "PNG", pnginfo=notes)
    path.parent.mkdir(parents=True, exist_ok=True)
    disk.replace(path, file.getvalue())


def read_recipe(path: Path) -> dict[str, Any]:
    """The recipe that `save_png` wrote; raises GansmithError where there is none."""
    try:
        with Image.open(path, formats=("PNG",)) as picture:
            picture.load()
            recipe = json.loads(picture.info[RECIPE])
    except KeyError:
        raise GansmithError(
            f"{path} carries no recipe.",
            "It was not written by gansmith, or another program saved it again.",
            "Use the PNG exactly as `gansmith sample` or a run wrote it.",
        ) from None
    except (OSError, SyntaxError, ValueError) as error:
        raise GansmithError(f"The recipe in {path} cannot be read.", str(error)) from None
    if not isinstance(recipe, dict):
        raise GansmithError(f"The recipe in {path} cannot be read.", "It is not a JSON object.")
    return recipe


def half_blocks(images: np.ndarray, columns: int, width: int = 72) -> Text:
    """Images for a truecolor terminal, two pixels to a character, at most `width` characters wide.

    images: (N, H, W, C) uint8. Each is shrunk to its share of the width, or enlarged by whole numbers within it; a
    little is left between them, and transparent pixels show the terminal's own background.
    """
    from rich.text import Text

    columns = max(1, min(columns, len(images)))
    share = max(1, (width - (columns - 1)) // columns)
    cells = [_thumbnail(image, share) for image in images]
    high, wide = cells[0].shape[:2]
    rows = math.ceil(len(cells) / columns)
    pitch = high + 2 - high % 2  # an even number of pixels, the last one or two of them empty
    canvas = np.zeros((rows * pitch - 2 * (high % 2 == 0), columns * (wide + 1) - 1, 4), np.uint8)
    for index, cell in enumerate(cells):
        top, left = (index // columns) * pitch, (index % columns) * (wide + 1)
        canvas[top : top + high, left : left + wide] = cell
    text = Text(no_wrap=True, end="")
    for line in range(0, len(canvas), 2):
        pairs = (_block(upper, lower) for upper, lower in zip(canvas[line].tolist(), canvas[line + 1].tolist()))
        for (block, style), run in groupby(pairs):
            text.append(block * len(list(run)), style)
        if line + 2 < len(canvas):
            text.append("\n")
    return text


def _thumbnail(image: np.ndarray, width: int) -> np.ndarray:
    picture = as_picture(image).convert("RGBA")
    if picture.width > width:
        size = (width, max(1, round(picture.height * width / picture.width)))
        return np.asarray(picture.resize(size, Image.Resampling.BOX))
    scale = width // picture.width
    return np.asarray(picture).repeat(scale, axis=0).repeat(scale, axis=1)


def _block(upper: list[int], lower: list[int]) -> tuple[str, str]:
    above, below = (f"#{r:02x}{g:02x}{b:02x}" if alpha >= 128 else "" for r, g, b, alpha in (upper, lower))
    if above and below:
        return "▀", f"{above} on {below}"
    return ("▀", above) if above else ("▄", below) if below else (" ", "")
