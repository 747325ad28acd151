"""Prepares images: chooses size and channels, decodes every file or reshapes an array, and reports what it met."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import numpy as np
from PIL import Image

from gansmith.data.decode import MODES, Picture, Recipe, Unreadable, decode, measure, shaped
from gansmith.data.duplicates import find_duplicates
from gansmith.data.labels import class_names, find_classes
from gansmith.data.listing import Entry, Listing
from gansmith.data.names import shown
from gansmith.data.options import Channels, DataOptions
from gansmith.data.pool import Progress, decode_all
from gansmith.data.prepared import NewRows, Prepared, class_counts, fingerprint, numbered
from gansmith.data.report import DataReport, Sizes, enough, size_text
from gansmith.data.shaping import Size, choose_size
from gansmith.data.spec import DataSpec
from gansmith.errors import GansmithError

CHANNEL_NAMES = {1: "grey", 2: "grey + alpha", 3: "colour", 4: "colour + alpha"}
GLANCED, GLANCED_FOR_COLOUR = 512, 64  # files looked at beforehand
BLOCK = 1024


@dataclass
class Found:
    """What decoding met, gathered image by image."""

    names: list[str] = field(default_factory=list)
    sizes: list[Size] = field(default_factory=list)
    channels: dict[int, int] = field(default_factory=lambda: defaultdict(int))
    noted: dict[str, list[str]] = field(default_factory=lambda: defaultdict(list))
    unreadable: list[tuple[str, str]] = field(default_factory=list)
    grey: bool = True


def from_files(source: str, listing: Listing, options: DataOptions, new_rows: NewRows, progress: Progress) -> Prepared:
    """Decode every file of a listing. GansmithError when none can be read."""
    size, channels = _glance(listing, options)
    values, found = _decoded(listing, Recipe(size, options.fit, channels), options, new_rows, progress)
    if options.channels is None and found.grey != (channels == 1):
        recipe = Recipe(size, options.fit, 1 if found.grey else 3)
        values, found = _decoded(listing, recipe, options, new_rows, progress)
    unreadable = tuple(sorted((shown(name), reason) for name, reason in (*listing.refused, *found.unreadable)))
    if not found.names:
        raise GansmithError(
            f"None of the {len(unreadable):,} images in {source} can be used.",
            "; ".join(f"{name}: {reason}" for name, reason in unreadable[:3]),
            "Check that these are PNG, JPEG, WebP, GIF, TIFF, BMP or PPM images.",
        )
    kept = set(found.names)
    classes = find_classes(replace(listing, images=[entry for entry in listing.images if entry.name in kept]))
    of_each = [classes.of[name] for name in found.names] if classes.of else []
    names = class_names(of_each)
    report = DataReport(
        source=source,
        kind="images",
        count=len(found.names) + len(unreadable),
        usable=len(found.names),
        sizes=_sizes(found.sizes),
        channels={CHANNEL_NAMES[number]: found.channels[number] for number in sorted(found.channels)},
        unreadable=unreadable,
        warnings=(*_warnings(found, size), *([classes.note] if classes.note else [])),
        plan=_plan(found.sizes, size, options, values.shape[-1]),
        enough="",
    )
    return _finished(values, numbered(of_each, names) if names else None, names, report)


def from_array(
    source: str,
    images: np.ndarray,
    labels: np.ndarray | None,
    names: tuple[str, ...],
    options: DataOptions,
    new_rows: NewRows,
    progress: Progress,
    notes: Sequence[str] = (),
) -> Prepared:
    """Prepare images (N, H, W, C) uint8 that are already decoded, with labels (N,) that number `names`."""
    original: Size = (images.shape[1], images.shape[2])
    size = options.size or choose_size([original])
    channels = options.channels or (1 if images.shape[3] < 3 or _all_grey(images) else 3)
    rows = new_rows((*size, channels), np.uint8)
    recipe = Recipe(size, options.fit, channels)
    for start in range(0, len(images), BLOCK):
        block = images[start : start + BLOCK]
        if block.shape[1:] != rows.shape:
            block = np.stack([shaped(_image(pixels), recipe)[0] for pixels in block])
        rows.append(block)
        progress("reading", min(start + BLOCK, len(images)), len(images))
    found = Found(sizes=[original])
    report = DataReport(
        source=source,
        kind="images",
        count=len(images),
        usable=len(images),
        sizes=Sizes(smallest=original, median=original, largest=original, distinct=1),
        channels={CHANNEL_NAMES[images.shape[3]]: len(images)},
        warnings=(*notes, *_warnings(found, size)),
        plan=_plan(found.sizes, size, options, channels),
    )
    return _finished(rows.finish(), labels, names, report)


def _finished(values: np.ndarray, labels: np.ndarray | None, names: tuple[str, ...], report: DataReport) -> Prepared:
    duplicates = find_duplicates(values)
    count, height, width, channels = values.shape
    warnings = list(report.warnings)
    if count == 1:
        warnings.append("There is one image: the generator can only learn to copy it.")
    elif duplicates.exact * 10 > count:
        warnings.append(f"{duplicates.exact:,} of {count:,} images are copies of others.")
    report = report.changed(
        classes=class_counts(labels, names),
        duplicates=duplicates.exact,
        near_duplicates=duplicates.near,
        warnings=tuple(warnings),
        enough=enough(count - duplicates.exact, "images"),
    )
    spec = DataSpec(
        kind="images",
        shape=(channels, height, width),
        count=count,
        classes=names,
        fingerprint=fingerprint(values, labels, names),
    )
    return Prepared(values, labels, duplicates.groups, spec, report)


def _glance(listing: Listing, options: DataOptions) -> tuple[Size, Channels]:
    """Size and channels as far as a few files tell; decoding corrects the channels."""
    if options.size and options.channels:
        return options.size, options.channels
    sizes, grey = [], True
    step = max(1, len(listing.images) // GLANCED)
    for place, entry in enumerate(listing.images[::step]):
        try:
            data = listing.read(entry)
            size, channels = measure(data)
            if grey and channels > 2 and place < GLANCED_FOR_COLOUR:
                grey = decode(data, Recipe((16, 16), "stretch", 3)).grey
        except Unreadable:
            continue
        sizes.append(size)
    return options.size or choose_size(sizes or [(64, 64)]), options.channels or (1 if grey else 3)


def _decoded(
    listing: Listing, recipe: Recipe, options: DataOptions, new_rows: NewRows, progress: Progress
) -> tuple[np.ndarray, Found]:
    """Every image in `recipe`'s shape. Stops early when colour turns up that the recipe would lose unasked."""
    found, rows = Found(), new_rows((*recipe.size, recipe.channels), np.uint8)
    place = 0
    for outcomes in decode_all(listing.read, listing.images, recipe, progress):
        entries = listing.images[place : place + len(outcomes)]
        place += len(outcomes)
        pictures = [_noted(entry, outcome, found) for entry, outcome in zip(entries, outcomes, strict=True)]
        block = [picture.pixels for picture in pictures if picture]
        if block:
            rows.append(np.stack(block))
        if options.channels is None and recipe.channels == 1 and not found.grey:
            break
    return rows.finish(), found


def _noted(entry: Entry, outcome: Picture | Unreadable, found: Found) -> Picture | None:
    if isinstance(outcome, Unreadable):
        found.unreadable.append((entry.name, str(outcome)))
        return None
    found.names.append(entry.name)
    found.sizes.append(outcome.size)
    found.channels[outcome.channels] += 1
    found.grey &= outcome.grey
    for note in outcome.notes:
        found.noted[note].append(entry.name)
    return outcome


def _sizes(sizes: list[Size]) -> Sizes:
    ordered = sorted(sizes, key=lambda size: (size[0] * size[1], size))
    return Sizes(smallest=ordered[0], median=ordered[len(ordered) // 2], largest=ordered[-1], distinct=len(set(sizes)))


def _warnings(found: Found, size: Size) -> list[str]:
    noted = [f"{_some(names)}: {note}." for note, names in sorted(found.noted.items())]
    small = sum(height < size[0] or width < size[1] for height, width in found.sizes)
    if small:
        subject = "The images are" if small == len(found.sizes) else f"{small:,} of {len(found.sizes):,} images are"
        noted.append(f"{subject} smaller than {size_text(size)} and will be enlarged.")
    return noted


def _some(names: list[str], most: int = 3) -> str:
    listed = ", ".join(shown(name) for name in sorted(names)[:most])
    return listed if len(names) <= most else f"{listed} and {len(names) - most:,} more"


def _plan(sizes: list[Size], size: Size, options: DataOptions, channels: int) -> tuple[str, ...]:
    changed = any(original != size for original in sizes)
    verb = {"crop": "crop to", "pad": "pad to", "stretch": "stretch to"}[options.fit] if changed else "keep"
    return f"{verb} {size_text(size)}", CHANNEL_NAMES[channels]


def _all_grey(images: np.ndarray) -> bool:
    return all(
        (block[..., 0] == block[..., 1]).all() and (block[..., 1] == block[..., 2]).all()
        for block in (images[start : start + BLOCK] for start in range(0, len(images), BLOCK))
    )


def _image(pixels: np.ndarray) -> Image.Image:
    channels = pixels.shape[2]
    return Image.fromarray(np.ascontiguousarray(pixels[..., 0] if channels == 1 else pixels), MODES[channels])
