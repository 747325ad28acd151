"""Prepares image files: chooses size and channels, decodes every file, and reports what it met."""

from __future__ import annotations

import functools
from dataclasses import replace

import numpy as np

from gansmith.data.decode import Picture, Recipe, Unreadable, decode, measure
from gansmith.data.found import (
    CHANNEL_NAMES,
    Beside,
    Found,
    finished,
    plan_of,
    side_warnings,
    sizes_of,
    warnings_of,
)
from gansmith.data.labels import class_names, find_classes
from gansmith.data.layouts import Arrangement, arrange
from gansmith.data.listing import Entry, Listing
from gansmith.data.names import shown, some
from gansmith.data.options import Channels, DataOptions
from gansmith.data.pool import Progress, decode_all
from gansmith.data.prepared import NewRows, Prepared, numbered
from gansmith.data.report import DataReport
from gansmith.data.shaping import Size, choose_size
from gansmith.data.texts import find_captions, missing
from gansmith.errors import GansmithError

GLANCED, GLANCED_FOR_COLOUR = 512, 64  # files looked at beforehand


def from_files(source: str, listing: Listing, options: DataOptions, new_rows: NewRows, progress: Progress) -> Prepared:
    """Decode every file of a listing. GansmithError when none can be read, UsageError without the layout asked for."""
    arranged = arrange(listing, options)
    listing = replace(listing, images=arranged.images)
    size, channels = _glance(listing, options)
    values, found = _decoded(listing, Recipe(size, options.fit, channels), options, new_rows, progress)
    if options.channels is None and all(found.greys) != (channels == 1):
        recipe = Recipe(size, options.fit, 1 if all(found.greys) else 3)
        values, found = _decoded(listing, recipe, options, new_rows, progress)
    refused = (*listing.refused, *found.unreadable.values())
    unreadable = tuple(sorted((shown(name), reason) for name, reason in refused))
    if not found.places:
        raise GansmithError(
            f"None of the {len(unreadable):,} images in {source} can be used.",
            "; ".join(f"{name}: {reason}" for name, reason in unreadable[:3]),
            "Check that these are PNG, JPEG, WebP, GIF, TIFF, BMP or PPM images.",
        )
    entries = [arranged.images[place] for place in found.places]
    beside, told = _beside(listing, entries, arranged, found)
    lonely = _lonely(entries, beside, arranged)
    if lonely:
        told.append(f"{len(lonely):,} images have no partner and are left out: {some(lonely, 10)}.")
    usable = len({entry.where for entry in entries})
    report = DataReport(
        source=source,
        kind="images",
        count=usable + len(unreadable),
        usable=usable,
        sizes=sizes_of(found.sizes),
        channels={CHANNEL_NAMES[number]: found.channels[number] for number in sorted(found.channels)},
        unreadable=unreadable,
        warnings=(*warnings_of(found, size), *side_warnings(found, beside, options), *arranged.notes, *told),
        plan=plan_of(found.sizes, size, options, values.shape[-1]),
        lonely=lonely,
    )
    return finished(values, beside, report)


def _beside(listing: Listing, entries: list[Entry], arranged: Arrangement, found: Found) -> tuple[Beside, list[str]]:
    """What comes with the images that could be read, and what should be said about it."""
    classes = find_classes(replace(listing, images=entries), arranged.inside)
    of_each = [classes.of[entry.name] for entry in entries] if classes.of else []
    names = list(dict.fromkeys(entry.name for entry in entries))
    captions = find_captions(listing, names)
    side = np.array([arranged.side[place] for place in found.places], np.uint8) if arranged.side else None
    partner = None
    if side is not None and arranged.pairing == "paired":
        partner = partners([arranged.key(entry) for entry in entries], side)
    labels = class_names(of_each)
    told = [classes.note, *captions.warnings(), missing(captions, len(names), names)]
    return Beside(
        numbered(of_each, labels) if labels else None,
        labels,
        side,
        partner,
        arranged.names,
        [captions.of.get(entry.name, "") for entry in entries] if captions.of else (),
    ), [line for line in told if line]


def partners(keys: list[str], side: np.ndarray) -> np.ndarray:
    """(N,) int64: for each row the row of the other side with the same key, -1 where there is none."""
    row_of = {(key, which): row for row, (key, which) in enumerate(zip(keys, side.tolist(), strict=True))}
    pairs = zip(keys, side.tolist(), strict=True)
    return np.array([row_of.get((key, 1 - which), -1) for key, which in pairs], np.int64)


def _lonely(entries: list[Entry], beside: Beside, arranged: Arrangement) -> tuple[str, ...]:
    """Images without a partner: there was none, or it could not be read."""
    if beside.partner is None:
        return ()
    bereft = (shown(entry.name) for entry, row in zip(entries, beside.partner.tolist(), strict=True) if row < 0)
    return tuple(sorted({*arranged.lonely, *bereft}))


def _glance(listing: Listing, options: DataOptions) -> tuple[Size, Channels]:
    """Size and channels as far as a few files tell; decoding corrects the channels."""
    if options.size and options.channels:
        return options.size, options.channels
    sizes, grey = [], True
    step = max(1, len(listing.images) // GLANCED)
    for place, entry in enumerate(listing.images[::step]):
        try:
            data = listing.read(entry)
            (height, width), channels = measure(data)
            if grey and channels > 2 and place < GLANCED_FOR_COLOUR:
                grey = decode(data, Recipe((16, 16), "stretch", 3), entry.part).grey
        except Unreadable:
            continue
        sizes.append((height, width // 2 if entry.part in ("left", "right") else width))
    return options.size or choose_size(sizes or [(64, 64)]), options.channels or (1 if grey else 3)


def _decoded(
    listing: Listing, recipe: Recipe, options: DataOptions, new_rows: NewRows, progress: Progress
) -> tuple[np.ndarray, Found]:
    """Every image in `recipe`'s shape. Stops early when colour turns up that the recipe would lose unasked."""
    found, rows = Found(), new_rows((*recipe.size, recipe.channels), np.uint8)
    place = 0
    for outcomes in decode_all(listing.read, listing.images, recipe, progress):
        note = functools.partial(_noted, listing, found)
        pictures = [note(place + number, outcome) for number, outcome in enumerate(outcomes)]
        place += len(outcomes)
        block = [picture.pixels for picture in pictures if picture]
        if block:
            rows.append(np.stack(block))
        if options.channels is None and recipe.channels == 1 and not all(found.greys[-len(outcomes) :]):
            break
    return rows.finish(), found


def _noted(listing: Listing, found: Found, place: int, outcome: Picture | Unreadable) -> Picture | None:
    entry = listing.images[place]
    if isinstance(outcome, Unreadable):
        found.unreadable[entry.where] = entry.name, str(outcome)
        return None
    found.places.append(place)
    found.sizes.append(outcome.size)
    found.greys.append(outcome.grey)
    if entry.part in ("", "right"):  # a file is counted once
        found.channels[outcome.channels] += 1
    for note in outcome.notes:
        found.noted[note].add(entry.name)
    return outcome
