"""Turns the bytes of one image file, friendly or hostile, into plain 8-bit pixels of the wanted shape."""

from __future__ import annotations

import io
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import numpy as np
from PIL import Image, ImageOps, UnidentifiedImageError

from gansmith.data.listing import Part
from gansmith.data.names import shown
from gansmith.data.options import Channels, Fit
from gansmith.data.outlines import outline
from gansmith.data.shaping import fitted

FORMATS = ("PNG", "JPEG", "WEBP", "GIF", "TIFF", "BMP", "PPM")
MAX_PIXELS = 50_000_000
MODES: dict[int, str] = {1: "L", 2: "LA", 3: "RGB", 4: "RGBA"}
EXIF_ORIENTATION = 0x0112

Pixels = np.ndarray[tuple[int, ...], np.dtype[np.uint8]]


class Unreadable(Exception):
    """This file gives no image; the message is the reason, in words for its owner."""


@dataclass(frozen=True)
class Recipe:
    """The shape every image is brought to."""

    size: tuple[int, int]
    fit: Fit
    channels: Channels


@dataclass(frozen=True)
class Picture:
    """A decoded image.

    pixels: (H, W, C) uint8; size: the original upright (height, width); channels: 1 to 4, those of the file;
    grey: whether no colour can be seen; notes: what was unusual about it.
    """

    pixels: Pixels
    size: tuple[int, int]
    channels: int
    grey: bool
    notes: tuple[str, ...] = ()


def measure(data: bytes) -> tuple[tuple[int, int], int]:
    """((height, width) upright, channels 1 to 4) of a whole file, from its header alone. Raises Unreadable."""
    with _opened(data) as image:
        return _upright_size(image), _channels(image)


def two_halves(size: tuple[int, int]) -> bool:
    """Whether an image of (height, width) may be two square ones side by side."""
    height, width = size
    return height >= 2 and abs(width - 2 * height) <= max(2, height / 50)


def decode(data: bytes, recipe: Recipe, part: Part = "") -> Picture:
    """Decode (a part of) a file, turn upright, bring to 8 bits and to the recipe's shape. Raises Unreadable alone."""
    with _opened(data) as image:
        size, channels, notes = _upright_size(image), _channels(image), _oddities(image)
        # JPEG decodes at 1/2, 1/4 or 1/8 for a fraction of the cost; twice the target leaves the filter its work.
        image.draft(None, (2 * max(recipe.size), 2 * max(recipe.size)))
        image = _turned(image)
        image, rescaled = _eight_bit(image)
        if part in ("left", "right"):
            if not two_halves(size):
                raise Unreadable(f"{size[0]}x{size[1]} is not two squares side by side")
            size, image = (size[0], size[1] // 2), _half(image, part)
        pixels, grey = shaped(image, recipe)
        if part == "outline":
            pixels, grey = outline(pixels), True
        return Picture(pixels, size, channels, grey, notes + rescaled)


def shaped(image: Image.Image, recipe: Recipe) -> tuple[Pixels, bool]:
    """An L, LA, RGB or RGBA image as ((H, W, C) uint8, whether it is grey).

    Transparent parts are laid on white unless the recipe keeps alpha.
    """
    if recipe.channels in (1, 3) and image.mode in ("LA", "RGBA"):
        image = _on_white(image)
    image = fitted(image, recipe.size, recipe.fit)
    grey = image.mode in ("L", "LA") or _is_grey(np.asarray(image)[..., :3])
    if image.mode != MODES[recipe.channels]:
        image = image.convert(MODES[recipe.channels])
    return np.asarray(image).reshape(*recipe.size, recipe.channels), grey


@contextmanager
def _opened(data: bytes) -> Iterator[Image.Image]:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            warnings.simplefilter("error", Image.DecompressionBombWarning)
            with Image.open(io.BytesIO(data), formats=FORMATS) as image:
                if image.width * image.height > MAX_PIXELS:
                    raise Unreadable(_too_large(image.width * image.height))
                if not image.width * image.height:
                    raise Unreadable("an image without pixels")
                yield image
    except Unreadable:
        raise
    except (Image.DecompressionBombWarning, Image.DecompressionBombError):
        raise Unreadable(_too_large()) from None
    except UnidentifiedImageError:
        raise Unreadable(_what_it_is(data)) from None
    except MemoryError:
        raise Unreadable("needs more memory than a decoder is given") from None
    except Exception as error:  # decoders meet broken files with every kind of exception
        reason = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise Unreadable("truncated" if "truncated" in reason.lower() else f"damaged ({shown(reason[:120])})") from None


def _too_large(pixels: int | None = None) -> str:
    size = f"{pixels / 1e6:.0f} megapixels" if pixels else "too many pixels"
    return f"{size}, more than the {MAX_PIXELS // 1_000_000} million that are safe to open"


def _what_it_is(data: bytes) -> str:
    if not data:
        return "an empty file"
    if not data.strip(b"\0"):
        return "nothing but zeros"
    try:
        data[:256].decode("ascii")
    except UnicodeDecodeError:
        return f"not an image of a known format ({', '.join(FORMATS)})"
    return "text, not an image"


def _upright_size(image: Image.Image) -> tuple[int, int]:
    try:
        lying = image.getexif().get(EXIF_ORIENTATION, 1) in (5, 6, 7, 8)
    except Exception:  # broken metadata says nothing about the pixels
        lying = False
    return (image.width, image.height) if lying else (image.height, image.width)


def _channels(image: Image.Image) -> int:
    grey = image.mode in ("1", "L", "LA", "La", "I", "F") or image.mode.startswith("I;")
    return (1 if grey else 3) + image.has_transparency_data


def _oddities(image: Image.Image) -> tuple[str, ...]:
    if image.format not in ("GIF", "WEBP", "PNG", "TIFF") or not getattr(image, "is_animated", False):
        return ()
    return ("several pages, the first is used",) if image.format == "TIFF" else ("animated, the first frame is used",)


def _turned(image: Image.Image) -> Image.Image:
    image.load()
    try:
        return ImageOps.exif_transpose(image)
    except Exception:  # broken metadata says nothing about the pixels
        return image


def _eight_bit(image: Image.Image) -> tuple[Image.Image, tuple[str, ...]]:
    """The image in mode L, LA, RGB or RGBA, and what had to be assumed about its range."""
    if image.mode.startswith("I;16"):
        values = np.asarray(image).astype(np.float64)
        dark = 0 < values.max() < 4096
        return _from_numbers(values / 257), ("16 bits, but nearly black: spread 12-bit values first",) if dark else ()
    if image.mode in ("I", "F"):
        values, note = to_byte_range(np.asarray(image))
        return _from_numbers(values), (note,)
    if image.has_transparency_data:
        mode = "LA" if image.mode in ("L", "LA", "La") else "RGBA"
    else:
        mode = "L" if image.mode in ("1", "L") else "RGB"
    return (image if image.mode == mode else image.convert(mode)), ()


def to_byte_range(values: np.ndarray) -> tuple[np.ndarray, str]:
    """Numbers of any range as float64 in 0..255, and a note of the range that was recognised. Raises Unreadable."""
    numbers = values.astype(np.float64)
    if not np.isfinite(numbers).all():
        raise Unreadable("pixel values that are not numbers")
    low, high = float(numbers.min()), float(numbers.max())
    if values.dtype.kind == "f" and low >= -1 and high <= 1:
        return (numbers * 255, "range 0 to 1") if low >= 0 else ((numbers + 1) * 127.5, "range -1 to 1")
    if low >= 0 and high <= 255:
        return numbers, "range 0 to 255"
    if low >= 0 and high <= 65535:
        return numbers / 257, "range 0 to 65535"
    return (numbers - low) * (255 / max(high - low, 1e-300)), "stretched from its own darkest to its own brightest"


def _from_numbers(values: np.ndarray) -> Image.Image:
    return Image.fromarray(np.clip(np.rint(values), 0, 255).astype(np.uint8))


def _half(image: Image.Image, part: Part) -> Image.Image:
    middle = image.width // 2
    return image.crop((0, 0, middle, image.height) if part == "left" else (middle, 0, 2 * middle, image.height))


def _on_white(image: Image.Image) -> Image.Image:
    colour = "L" if image.mode == "LA" else "RGB"
    white = Image.new(colour, image.size, "white")
    white.paste(image.convert(colour), mask=image.getchannel("A"))
    return white


def _is_grey(colours: Pixels, tolerance: int = 2) -> bool:
    """JPEG gives back neutral grey with errors of a level or two."""

    def even(some: np.ndarray) -> bool:
        red, green, blue = (some[..., channel].astype(np.int16) for channel in range(3))
        return bool((abs(red - green) <= tolerance).all() and (abs(green - blue) <= tolerance).all())

    return even(colours[::8, ::8]) and even(colours)  # a few pixels settle it for most
