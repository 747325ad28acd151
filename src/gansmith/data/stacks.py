"""Prepares images that are arrays already: sorts them into sides, brings them to one shape, and reports what it met."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from PIL import Image

from gansmith.data.arrays import Images
from gansmith.data.decode import MODES, Recipe, shaped, two_halves
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
from gansmith.data.layouts import WrongLayout, wrong_layout
from gansmith.data.names import some
from gansmith.data.options import DataOptions
from gansmith.data.outlines import outline
from gansmith.data.pool import Progress
from gansmith.data.prepared import NewRows, Prepared
from gansmith.data.report import DataReport
from gansmith.data.shaping import choose_size
from gansmith.errors import UsageError, closest

BLOCK = 1024


@dataclass(frozen=True)
class Stack:
    """Images (n, H, W, C) uint8 of one side, or the outlines that will be made of them."""

    images: np.ndarray
    outlined: bool = False

    @property
    def grey(self) -> bool:
        """Whether no colour can be seen."""
        return self.outlined or self.images.shape[3] < 3 or _all_grey(self.images)


def from_array(source: str, found: Images, options: DataOptions, new_rows: NewRows, progress: Progress) -> Prepared:
    """Prepare images that are decoded already. UsageError without the layout asked for."""
    stacks, beside = _arranged(found, options)
    sizes = [(stack.images.shape[1], stack.images.shape[2]) for stack in stacks for _ in stack.images]
    size = options.size or choose_size(sizes)
    greys = [stack.grey for stack in stacks]
    channels = options.channels or (1 if all(greys) else 3)
    met = Found(sizes=sizes, greys=[grey for grey, stack in zip(greys, stacks, strict=True) for _ in stack.images])
    for stack in stacks:
        if not stack.outlined:
            met.channels[stack.images.shape[3]] += len(stack.images)
    values = _shaped(stacks, Recipe(size, options.fit, channels), new_rows, progress)
    count = len(values) // 2 if options.layout == "edges" else len(values)
    report = DataReport(
        source=source,
        kind="images",
        count=count,
        usable=count,
        sizes=sizes_of(sizes),
        channels={CHANNEL_NAMES[number]: met.channels[number] for number in sorted(met.channels)},
        warnings=(*found.notes, *warnings_of(met, size), *side_warnings(met, beside, options)),
        plan=plan_of(sizes, size, options, channels),
    )
    return finished(values, beside, report)


def _shaped(stacks: Sequence[Stack], recipe: Recipe, new_rows: NewRows, progress: Progress) -> np.ndarray:
    rows = new_rows((*recipe.size, recipe.channels), np.uint8)
    total, done = sum(len(stack.images) for stack in stacks), 0
    for stack in stacks:
        for start in range(0, len(stack.images), BLOCK):
            block = stack.images[start : start + BLOCK]
            if block.shape[1:] != rows.shape:
                block = np.stack([shaped(_image(pixels), recipe)[0] for pixels in block])
            if stack.outlined:
                block = np.stack([outline(pixels) for pixels in block])
            rows.append(block)
            done += len(block)
            progress("reading", done, total)
    return rows.finish()


def _arranged(found: Images, options: DataOptions) -> tuple[list[Stack], Beside]:
    """The images of A, then of B, and what comes with them; of one kind, all of them."""
    layout = options.layout
    if layout == "edges":
        return _sides(Stack(found.images, outlined=True), Stack(found.images), found, ("outlines", "images"), True)
    if found.source is not None:
        if layout == "plain":
            return _as_classes(found, found.source)
        if layout == "paired" and len(found.source) != len(found.images):
            counts = f"A holds {len(found.source):,} images and B {len(found.images):,}"
            raise WrongLayout(f"A and B are no pairs: {counts}.", "", "--layout unpaired", "as cyclegan learns")
        return _sides(Stack(found.source), Stack(found.images), found, ("A", "B"), layout == "paired")
    if layout == "paired" and not options.sides and two_halves((found.images.shape[1], found.images.shape[2])):
        middle = found.images.shape[2] // 2
        left, right = found.images[:, :, :middle], found.images[:, :, middle : 2 * middle]
        return _sides(Stack(left), Stack(right), found, ("left", "right"), True)
    if layout in ("auto", "unpaired") and (options.sides or (layout == "unpaired" and len(found.names) == 2)):
        return _classes_as_sides(found, options.sides or (found.names[0], found.names[1]))
    if layout in ("auto", "plain") and not options.sides:
        return [Stack(found.images)], Beside(found.labels, found.names, captions=found.captions)
    classes = f" of {len(found.names)} classes ({some(found.names)})" if found.names else ""
    size = "x".join(map(str, found.images.shape[1:3]))
    raise wrong_layout(layout, f"{len(found.images):,} images{classes}, all {size}", found.names)


def _sides(a: Stack, b: Stack, found: Images, names: tuple[str, str], paired: bool) -> tuple[list[Stack], Beside]:
    """Two stacks as sides; the n-th of A is the partner of the n-th of B."""
    first, second = len(a.images), len(b.images)
    theirs = found.labels if found.source is None else found.source_labels
    same_captions = found.captions if found.source is None else [""] * first
    beside = Beside(
        None if found.labels is None or theirs is None else np.concatenate((theirs, found.labels)),
        found.names,
        np.repeat(np.array([0, 1], np.uint8), (first, second)),
        np.concatenate((np.arange(first) + first, np.arange(second))) if paired else None,
        names,
        [*same_captions, *found.captions] if found.captions else (),
    )
    return [a, b], beside


def _as_classes(found: Images, source: np.ndarray) -> tuple[list[Stack], Beside]:
    """Both sides as one set; they are the classes where there are no others."""
    stacks, beside = _sides(Stack(source), Stack(found.images), found, ("A", "B"), False)
    if beside.labels is not None or beside.side is None:
        return stacks, Beside(beside.labels, beside.classes, captions=beside.captions)
    return stacks, Beside(beside.side.astype(np.int64), ("A", "B"), captions=beside.captions)


def _classes_as_sides(found: Images, names: tuple[str, str]) -> tuple[list[Stack], Beside]:
    """Two classes as the sides of unpaired data. UsageError for a class that is not there."""
    for name in names:
        if name not in found.names:
            known = closest(name, found.names) if found.names else "These images have no classes."
            raise UsageError(f"There is no class '{name}'.", "", known)
    rows = [np.flatnonzero(found.labels == found.names.index(name)) for name in names]
    captions = [found.captions[row] for side in rows for row in side.tolist()] if found.captions else ()
    side = np.repeat(np.array([0, 1], np.uint8), [len(side) for side in rows])
    return [Stack(found.images[side]) for side in rows], Beside(side=side, names=names, captions=captions)


def _all_grey(images: np.ndarray) -> bool:
    return all(
        (block[..., 0] == block[..., 1]).all() and (block[..., 1] == block[..., 2]).all()
        for block in (images[start : start + BLOCK] for start in range(0, len(images), BLOCK))
    )


def _image(pixels: np.ndarray) -> Image.Image:
    channels = pixels.shape[2]
    return Image.fromarray(np.ascontiguousarray(pixels[..., 0] if channels == 1 else pixels), MODES[channels])
