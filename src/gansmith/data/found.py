"""What reading images met, and how it is told; the last steps that files and arrays share."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Literal

import numpy as np

from gansmith.data.captions import encode, frequent_words
from gansmith.data.duplicates import find_duplicates
from gansmith.data.enough import Kind, enough
from gansmith.data.names import some
from gansmith.data.options import DataOptions
from gansmith.data.prepared import Prepared, class_counts, fingerprint
from gansmith.data.report import DataReport, Sizes, size_text
from gansmith.data.shaping import Size, told
from gansmith.data.spec import DataSpec

KINDS: dict[str, Kind] = {"none": "images", "paired": "pairs", "unpaired": "sides"}
CHANNEL_NAMES = {1: "grey", 2: "grey + alpha", 3: "colour", 4: "colour + alpha"}
FEW_OF_A_CLASS, FEW_SHARE = 10, 0.1  # images; of the median class


@dataclass
class Found:
    """What decoding met, image by image.

    places: which of the images asked for gave a row; sizes, greys: of each row; unreadable: (name, reason) by file.
    """

    places: list[int] = field(default_factory=list)
    sizes: list[Size] = field(default_factory=list)
    greys: list[bool] = field(default_factory=list)
    channels: dict[int, int] = field(default_factory=lambda: defaultdict(int))
    noted: dict[str, set[str]] = field(default_factory=lambda: defaultdict(set))
    unreadable: dict[str | int, tuple[str, str]] = field(default_factory=dict)


@dataclass(frozen=True)
class Beside:
    """What comes with the rows of an array of images, all of it optional.

    labels: (N,) int64 numbering `classes`; side: (N,) uint8; partner: (N,) int64; names: of the sides A and B;
    captions: one a row, "" where there is none.
    """

    labels: np.ndarray | None = None
    classes: tuple[str, ...] = ()
    side: np.ndarray | None = None
    partner: np.ndarray | None = None
    names: tuple[str, ...] = ()
    captions: Sequence[str] = ()

    @property
    def pairing(self) -> Literal["none", "paired", "unpaired"]:
        """Whether there are sides, and pairs."""
        return "none" if self.side is None else "unpaired" if self.partner is None else "paired"


def finished(values: np.ndarray, beside: Beside, report: DataReport) -> Prepared:
    """Values with what comes with them, after a look at all of it together."""
    duplicates = find_duplicates(values)
    count, height, width, channels = values.shape
    longest = max((len(text.encode()) for text in beside.captions), default=0)
    captions = encode(beside.captions, longest) if longest else None
    counted = slice(None) if beside.side is None or beside.partner is None else beside.side == 1  # a pair counts once
    each = class_counts(None if beside.labels is None else beside.labels[counted], beside.classes)
    learnable = count - duplicates.exact
    if beside.side is not None:
        learnable = min(learnable, *np.bincount(beside.side, minlength=2).tolist())
    warnings = list(report.warnings)
    if learnable == 1:
        warnings.append("There is one image: the generator can only learn to copy it.")
    elif duplicates.exact * 10 > count:
        warnings.append(f"{duplicates.exact:,} of {count:,} images are copies of others.")
    report = report.changed(
        classes=each,
        duplicates=duplicates.exact,
        near_duplicates=duplicates.near,
        warnings=(*warnings, *_few_of_a_class(each)),
        enough=enough(learnable, KINDS[beside.pairing]),
        sides=class_counts(beside.side, beside.names),
        pairs=None if beside.partner is None else int((beside.partner >= 0).sum()) // 2,
        captions=_captioned(beside),
        words=len(frequent_words(beside.captions, most=10**9)),
    )
    spec = DataSpec(
        kind="images",
        shape=(channels, height, width),
        count=count,
        classes=beside.classes,
        pairing=beside.pairing,
        sides=beside.names,
        caption_bytes=longest,
        fingerprint=fingerprint(values, beside.labels, beside.classes, beside.side, beside.partner, captions),
    )
    return Prepared(values, beside.labels, duplicates.groups, spec, report, beside.side, beside.partner, captions)


def sizes_of(sizes: Sequence[Size]) -> Sizes:
    """The spread of some sizes."""
    ordered = sorted(sizes, key=lambda size: (size[0] * size[1], size))
    return Sizes(smallest=ordered[0], median=ordered[len(ordered) // 2], largest=ordered[-1], distinct=len(set(sizes)))


def warnings_of(found: Found, size: Size) -> list[str]:
    """What was unusual about some images, and whether they are enlarged to `size`."""
    noted = [f"{some(names)}: {note}." for note, names in sorted(found.noted.items())]
    small = sum(height < size[0] or width < size[1] for height, width in found.sizes)
    if small:
        subject = "The images are" if small == len(found.sizes) else f"{small:,} of {len(found.sizes):,} images are"
        noted.append(f"{subject} smaller than {size_text(size)} and will be enlarged.")
    return noted


def side_warnings(found: Found, beside: Beside, options: DataOptions) -> list[str]:
    """How sides and the halves of pairs differed before they were shaped alike."""
    if beside.side is None or options.layout == "edges":
        return []
    told = []
    greys = np.array(found.greys)
    grey = [bool(greys[beside.side == side].all()) for side in (0, 1) if (beside.side == side).any()]
    if options.channels is None and len(set(grey)) > 1:
        names = [beside.names[grey.index(True)], beside.names[grey.index(False)]]
        told.append(f"{names[0]} is grey and {names[1]} has colour: both are brought to colour.")
    if beside.partner is not None and len(found.sizes) == len(beside.partner):
        rows = np.flatnonzero((beside.side == 1) & (beside.partner >= 0))
        partners = beside.partner[rows].tolist()
        unequal = sum(found.sizes[a] != found.sizes[b] for a, b in zip(rows.tolist(), partners, strict=True))
        if unequal:
            told.append(f"The halves of {unequal:,} of {len(rows):,} pairs differ in size; both are brought to one.")
    return told


def plan_of(sizes: Sequence[Size], size: Size, options: DataOptions, channels: int) -> tuple[str, ...]:
    """What is done to images of these sizes."""
    return told(sizes, size, options.fit), CHANNEL_NAMES[channels]


def _captioned(beside: Beside) -> int:
    """Images with a caption; of pairs, those of side B."""
    if beside.side is None or beside.partner is None:
        return sum(map(bool, beside.captions))
    return sum(bool(text) for text, side in zip(beside.captions, beside.side, strict=False) if side)


def _few_of_a_class(each: dict[str, int]) -> list[str]:
    """Classes too small to be learned well beside the others."""
    if len(each) < 2:
        return []
    limit = max(FEW_OF_A_CLASS, FEW_SHARE * float(np.median(list(each.values()))))
    few = {name: count for name, count in each.items() if count < limit}
    if not few:
        return []
    listed = some((f"{name} ({count:,})" for name, count in few.items()), 10)
    again = "; --balanced draws every class equally often" if len(few) < len(each) else ""
    return [f"Few images of {len(few):,} of {len(each):,} classes: {listed}{again}."]
