"""The picture of a sum: of each term its exemplars over their mean, then what it all comes to (DCGAN, figure 7)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

from gansmith.runs.pictures import grid

PIXELS = 96  # of an image's longer side, about
BETWEEN, SIGN, WORDS = 8, 36, 13  # pixels between exemplars and mean; of a sign, and the room for it; of a term's words
LONGEST = 40  # letters of a term
INK, PAPER = (70, 70, 80), "white"


@dataclass(frozen=True)
class Column:
    """A term: + or -, its words, exemplars (n, H, W, C) uint8 and what it comes to (1, H, W, C), or None."""

    sign: str
    words: str
    exemplars: NDArray[np.uint8] | None
    own: NDArray[np.uint8] | None


def equation(columns: Sequence[Column], results: NDArray[np.uint8]) -> Image.Image:
    """Terms with their signs between, and up to nine results (n, H, W, C) uint8, three in a row."""
    scale = max(1, PIXELS // max(results.shape[1:3]))
    result = flat(grid(results, 3, scale=scale))
    blocks = [block(column, scale) for column in columns]
    words = [shortened(column.words) for column in columns]
    widths = [max(one.width, round(font().getlength(text)) + 4) for one, text in zip(blocks, words, strict=True)]
    high = max(result.height, *(one.height for one in blocks))
    whole = Image.new("RGB", (sum(widths) + SIGN * (len(columns) + 1) + result.width, high + 2 * WORDS), PAPER)
    draw, left = ImageDraw.Draw(whole), 0
    for place, (column, one, text, width) in enumerate(zip(columns, blocks, words, widths, strict=True)):
        if place or column.sign == "-":
            sign(draw, left, high, column.sign)
        left += SIGN
        whole.paste(one, (left + (width - one.width) // 2, (high - one.height) // 2))
        draw.text((left + width / 2, high + WORDS), text, INK, font(), "mm")
        left += width
    sign(draw, left, high, "=")
    whole.paste(result, (left + SIGN, (high - result.height) // 2))
    return whole


def sign(draw: ImageDraw.ImageDraw, left: int, high: int, which: str) -> None:
    """+, - or = in lines: fonts differ."""
    x, y, reach = left + SIGN // 2, high // 2, SIGN // 4
    for up in (-4, 4) if which == "=" else (0,):
        draw.line((x - reach, y + up, x + reach, y + up), INK, 3)
    if which == "+":
        draw.line((x, y - reach, x, y + reach), INK, 3)


def block(column: Column, scale: int) -> Image.Image:
    """A term's exemplars, and below, a little apart, what it comes to; of neither, nothing."""
    parts = [flat(grid(part, 1, scale=scale)) for part in (column.exemplars, column.own) if part is not None]
    if not parts:
        return Image.new("RGB", (1, 1), PAPER)
    high = sum(part.height for part in parts) + BETWEEN * (len(parts) - 1)
    whole = Image.new("RGB", (parts[0].width, high), PAPER)
    top = 0
    for part in parts:
        whole.paste(part, (0, top))
        top += part.height + BETWEEN
    return whole


def flat(picture: Image.Image) -> Image.Image:
    """The picture on paper, where it lets that through."""
    seen = picture.convert("RGBA")
    paper = Image.new("RGBA", seen.size, PAPER)
    return Image.alpha_composite(paper, seen).convert("RGB")


def shortened(words: str) -> str:
    return words if len(words) <= LONGEST else words[: LONGEST - 3] + "..."


def font() -> ImageFont.FreeTypeFont | ImageFont.ImageFont:
    return ImageFont.load_default(WORDS)
