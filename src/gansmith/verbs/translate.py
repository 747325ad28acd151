"""translate: images from anywhere through a run that turns images into others, same size out as in."""

from __future__ import annotations

import io
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, cast

import numpy as np
from PIL import Image
from torch.nn.functional import interpolate

from gansmith.data.decode import Recipe, Unreadable, decode, measure
from gansmith.data.folder import list_folder, read_file
from gansmith.data.gather import as_floats
from gansmith.data.listing import Entry, Listing
from gansmith.data.options import Channels, DataOptions
from gansmith.data.outlines import outline
from gansmith.errors import GansmithError, UsageError
from gansmith.families import family
from gansmith.runs import disk
from gansmith.runs.model import Model, load
from gansmith.runs.pictures import as_picture, grid, save_png, to_uint8
from gansmith.verbs.tiles import in_tiles

Way = Literal["AtoB", "BtoA"]
Watcher = Callable[[Mapping[str, Any]], None]

FORMATS = {".jpg": "JPEG", ".jpeg": "JPEG", ".jpe": "JPEG", ".jfif": "JPEG", ".webp": "WEBP", ".bmp": "BMP"}
FORMATS |= {".png": "PNG", ".tif": "TIFF", ".tiff": "TIFF"}
OPAQUE = {"JPEG", "BMP"}
SHOWN, THUMBNAIL, A_ROW = 12, 192, 3  # pairs on the sheet, their side in pixels, pairs beside one another
LARGER = 2  # times the training's size from which somebody is told of `as_trained`


@dataclass(frozen=True)
class Translated:
    """What was written, what was not and why, and what should be known of it.

    files: in the order of the names. skipped: (name, reason). sheet: before and after, beside each other.
    """

    files: tuple[Path, ...]
    skipped: tuple[tuple[str, str], ...]
    sheet: Path
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class Translator:
    """A model and how it is used.

    way: of its two, where it has two. outlines: of every image are taken first. as_trained: images are made as large
    as those of the training for the translation, and enlarged again.
    """

    model: Model
    way: Way
    outlines: bool
    as_trained: bool
    seed: int

    def __call__(self, data: bytes) -> tuple[np.ndarray, np.ndarray]:
        """The bytes of an image file -> (what the network saw, what it made), (H, W, C) uint8 each.

        Alpha that the network knows nothing of is kept. Raises Unreadable.
        """
        size, channels = measure(data)
        known = cast(Channels, self.model.spec.shape[0])
        pixels = decode(data, Recipe(size, "crop", known)).pixels
        pixels = outline(pixels) if self.outlines else pixels
        made = self.translated(pixels)
        if known in (1, 3) and channels in (2, 4):
            alpha = decode(data, Recipe(size, "crop", 2)).pixels[..., 1:]
            made = np.concatenate([made, alpha], 2)
        return pixels, made

    def translated(self, pixels: np.ndarray) -> np.ndarray:
        """(H, W, C) uint8 -> the same shape."""
        image = as_floats(pixels[None])
        size = image.shape[2:]
        if self.as_trained:
            scale = min(self.model.spec.shape[1:]) / min(size)
            smaller = [max(1, round(side * scale)) for side in size]
            image = interpolate(image, smaller, mode="bicubic", antialias=True).clamp(-1, 1)
        made = in_tiles(
            image, lambda part: self.model.draw(1, self.seed, given={"source": part.contiguous()}, way=self.way)
        )
        if self.as_trained:
            made = interpolate(made, size, mode="bicubic", antialias=True)
        return to_uint8(made)[0]


def translate(
    run: str | Path,
    images: str | Path,
    *,
    to: str | Path,
    direction: str | None = None,
    as_is: bool = False,
    as_trained: bool = False,
    seed: int = 0,
    which: str = "last",
    out: str | Path = "runs",
    device: str = "auto",
    watch: Watcher = lambda report: None,
) -> Translated:
    """Translate an image file, or all below a folder, into the folder `to`, under the same names and in the same sizes.

    direction: "AtoB" or "BtoA"; the run's own by default, the other one only where both were learnt. as_is: a run that
    learnt from outlines is given outlines, not photos. seed: of what chance there is. Files that cannot be read are
    left out and named; GansmithError where none can. Raises UsageError for runs that do not translate.
    """
    images, to = Path(images), Path(to)
    model = load(run, out=out, which=which, device=device)
    options = model.config.options
    way = way_of(model, direction)
    translator = Translator(model, way, options.layout == "edges" and not as_is, as_trained, seed)
    listing = listed(images, to)
    recipe = {"run": model.run, "checkpoint": model.checkpoint, "seed": seed, "direction": named(way, options)}
    files: list[Path] = []
    shown: list[np.ndarray] = []
    skipped, largest = list(listing.refused), 0.0
    for number, entry in enumerate(listing.images):
        watch({"progress": ("translating", number, len(listing.images))})
        try:
            before, after = translator(listing.read(entry))
        except Unreadable as error:
            skipped.append((entry.name, str(error)))
            continue
        largest = max(largest, min(before.shape[:2]) / min(model.spec.shape[1:]))
        files.append(written(after, to, entry.name, {**recipe, "source": entry.name}))
        if len(shown) < 2 * SHOWN:
            shown += [thumbnail(before), thumbnail(after)]
    watch({"progress": ("translating", len(listing.images), len(listing.images))})
    if not files:
        reasons = "; ".join(f"{name}: {why}" for name, why in skipped[:3])
        raise GansmithError(f"Nothing in {images} could be translated.", reasons or "there are no images")
    sheet = free(to, "sheet.png", files)
    saved(lambda: save_png(grid(np.stack(shown), 2 * A_ROW, scale=1), sheet, recipe), to)
    return Translated(tuple(files), tuple(skipped), sheet, tuple(remarks(model, largest, as_trained)))


def way_of(model: Model, direction: str | None) -> Way:
    """The game's way for a direction between the data's sides: AtoB is from the source side of the training."""
    needs, options = family(model.config.family).needs, model.config.options
    if needs not in ("paired", "unpaired"):
        raise UsageError(
            f"{model.run} does not translate.",
            f"it is a {model.config.family}, which makes images from nothing but chance",
            "a run of pix2pix or cyclegan: gansmith runs",
        )
    if direction not in (None, "AtoB", "BtoA"):
        raise UsageError(f"There is no direction '{direction}'.", do="AtoB or BtoA")
    if direction in (None, options.direction):
        return "AtoB"
    if needs == "paired":
        raise UsageError(
            f"{model.run} has learnt {options.direction} only.",
            "pairs are learnt one way at a time",
            "leave out --direction, or train another: "
            f"gansmith train {model.config.source} -f pix2pix --layout {options.layout} --direction {direction}",
        )
    return "BtoA"


def named(way: Way, options: DataOptions) -> str:
    """The direction in the user's words."""
    other = {"AtoB": "BtoA", "BtoA": "AtoB"}
    return options.direction if way == "AtoB" else other[options.direction]


def listed(images: Path, to: Path | None) -> Listing:
    """The image files meant, none of them in `to`. Raises UsageError where there are none, or would be overwritten."""
    if images.is_file():
        if to and images.resolve().parent == to.resolve():
            raise UsageError(f"{images} would be overwritten.", "its translation has the same name", "another --out")
        return Listing(read_file, [Entry(images.name, str(images))])
    if not images.is_dir():
        raise UsageError(f"There is no file or folder {images}.", do="an image, or a folder of images")
    if to and images.resolve() == to.resolve():
        raise UsageError(f"The images in {images} would be overwritten.", "names stay the same", "another --out")
    listing, _ = list_folder(images)
    root = images.resolve()
    inside = to.resolve().relative_to(root) if to and to.resolve().is_relative_to(root) else None
    own = [entry for entry in listing.images if inside is None or not Path(entry.name).is_relative_to(inside)]
    if not own and not listing.refused:
        raise UsageError(f"There are no images in {images}.", do="a folder of PNG, JPEG, WebP, ... files")
    return Listing(listing.read, own, refused=listing.refused)


def written(image: np.ndarray, to: Path, name: str, recipe: Mapping[str, Any]) -> Path:
    """Write an image (H, W, C) uint8 under its name; as PNG, and so called, where that format cannot hold it."""
    path = to / name
    form = FORMATS.get(path.suffix.lower())
    if form is None or (form in OPAQUE and image.shape[2] in (2, 4)):
        path, form = path.with_name(f"{path.name}.png"), "PNG"

    def save() -> None:
        if form == "PNG":
            save_png(as_picture(image), path, recipe)
            return
        buffer = io.BytesIO()
        as_picture(image).save(buffer, form, quality=95, **({"subsampling": 0} if form == "JPEG" else {}))
        path.parent.mkdir(parents=True, exist_ok=True)
        disk.replace(path, buffer.getvalue(), durable=False)

    saved(save, to)
    return path


def saved(save: Callable[[], None], to: Path) -> None:
    """Have something written; what the system refuses is said in words."""
    try:
        save()
    except OSError as error:
        raise GansmithError(f"Cannot write to {to}.", str(error), "--out elsewhere") from None


def free(to: Path, name: str, taken: list[Path]) -> Path:
    """That name in `to`, with dashes before it while a translation is called so."""
    while to / name in taken:
        name = f"-{name}"
    return to / name


def thumbnail(image: np.ndarray) -> np.ndarray:
    """(H, W, C) uint8 in the middle of a white square (THUMBNAIL, THUMBNAIL, 3)."""
    picture = as_picture(image).convert("RGBA")
    scale = THUMBNAIL / max(picture.size)
    size = (max(1, round(picture.width * scale)), max(1, round(picture.height * scale)))
    small = picture.resize(size, Image.Resampling.NEAREST if scale >= 2 else Image.Resampling.LANCZOS)
    page = Image.new("RGBA", (THUMBNAIL, THUMBNAIL), "white")
    page.alpha_composite(small, ((THUMBNAIL - size[0]) // 2, (THUMBNAIL - size[1]) // 2))
    return np.asarray(page.convert("RGB"))


def remarks(model: Model, largest: float, as_trained: bool) -> list[str]:
    """What the pictures do not say themselves."""
    side = min(model.spec.shape[1:])
    if largest < LARGER or as_trained:
        return []
    return [
        f"images up to {largest:.0f} times the {side} pixels it was trained on: what it knows is that much smaller "
        "there; --as-trained translates them at that size"
    ]
