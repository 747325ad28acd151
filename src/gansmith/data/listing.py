"""A set of image files wherever they lie: what was listed, what was refused, and how each is read."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import PurePosixPath
from typing import Literal

MAX_FILE_BYTES = 256 * 2**20

IMAGE_SUFFIXES = frozenset((
    ".png", ".apng", ".jpg", ".jpeg", ".jpe", ".jfif", ".webp", ".gif", ".tif", ".tiff",
    ".bmp", ".dib", ".ppm", ".pgm", ".pbm", ".pnm",
))  # fmt: skip
FOREIGN_SUFFIXES = frozenset((
    ".heic", ".heif", ".avif", ".jxl", ".svg", ".psd", ".xcf", ".raw", ".cr2", ".cr3", ".nef", ".arw", ".dng",
    ".jp2", ".j2k", ".ico", ".tga", ".exr", ".hdr", ".eps",
))  # fmt: skip
LABEL_FILES = frozenset(("metadata.csv", "metadata.jsonl", "dataset.json"))


Part = Literal["", "left", "right", "outline"]


@dataclass(frozen=True)
class Entry:
    """One image: its file's name within the set (with `/`), where its reader finds it, and what of it is meant.

    part: all of it, one half of two images side by side, or its outlines.
    """

    name: str
    where: str | int
    part: Part = ""

    @property
    def folder(self) -> str:
        """The folder within the set; empty at the top."""
        return self.name.rpartition("/")[0]


Reader = Callable[[Entry], bytes]  # raises Unreadable


@dataclass(frozen=True)
class Listing:
    """The image files of a set, sorted by name; the files that may hold labels; and what else was met.

    texts: the `.txt` files beside images, by the images' names without suffix. classes, captions: of the images by
    their names, where the set itself says so.
    """

    read: Reader
    images: Sequence[Entry] = ()
    labels: Sequence[Entry] = ()
    refused: tuple[tuple[str, str], ...] = ()
    others: Counter[str] = field(default_factory=Counter)
    classes: Mapping[str, str] = field(default_factory=dict)
    texts: Mapping[str, Entry] = field(default_factory=dict)
    captions: Mapping[str, str] = field(default_factory=dict)


@dataclass
class Sorter:
    """Collects files into a Listing by what their names say."""

    images: list[Entry] = field(default_factory=list)
    labels: list[Entry] = field(default_factory=list)
    refused: list[tuple[str, str]] = field(default_factory=list)
    others: Counter[str] = field(default_factory=Counter)
    texts: dict[str, Entry] = field(default_factory=dict)

    def add(self, entry: Entry, fault: str = "") -> None:
        """File `entry` under images, labels or others; `fault` is a reason to leave an image out."""
        suffix = PurePosixPath(entry.name).suffix.lower()
        if entry.name.rpartition("/")[2] in LABEL_FILES and not fault:
            self.labels.append(entry)
        elif suffix == ".txt" and not fault:
            self.texts[stem(entry.name)] = entry
        elif suffix in FOREIGN_SUFFIXES:
            self.refused.append((entry.name, f"{suffix} images are not supported; convert it to PNG or JPEG"))
        elif suffix not in IMAGE_SUFFIXES:
            self.others[suffix or "no suffix"] += 1
        elif fault:
            self.refused.append((entry.name, fault))
        else:
            self.images.append(entry)

    def listing(self, read: Reader) -> Listing:
        """What was collected, in the order of names."""
        stems = {stem(image.name) for image in self.images} if self.texts else set()
        texts = {name: entry for name, entry in self.texts.items() if name in stems}
        others = self.others + Counter({".txt": len(self.texts) - len(texts)})
        return Listing(
            read,
            sorted(self.images, key=lambda entry: entry.name),
            sorted(self.labels, key=lambda entry: entry.name),
            tuple(sorted(self.refused)),
            others,
            texts=texts,
        )


def stem(name: str) -> str:
    """A file's name, folders included, without its suffix."""
    return name[: -len(suffix)] if (suffix := PurePosixPath(name).suffix) else name
