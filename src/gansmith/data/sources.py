"""Recognises what a source is, by its name and its first bytes, and how it will be prepared."""

from __future__ import annotations

import gzip
import hashlib
import os
import zlib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from gansmith.data.archive import list_archive
from gansmith.data.arrays import Images, label_numbers, read_npy, read_npz
from gansmith.data.folder import list_folder, read_file
from gansmith.data.hub import list_hub
from gansmith.data.idx import idx_images_in, labels_beside, read_idx_set
from gansmith.data.images import from_files
from gansmith.data.listing import IMAGE_SUFFIXES, Entry, Listing
from gansmith.data.names import shown
from gansmith.data.options import DataOptions
from gansmith.data.points import from_points
from gansmith.data.pool import Progress
from gansmith.data.prepared import NewRows, Prepared
from gansmith.data.stacks import from_array
from gansmith.data.synthetic import SYNTHETIC
from gansmith.data.tables import read_table
from gansmith.errors import GansmithError, UsageError, closest

Prepare = Callable[[DataOptions, NewRows, Progress], Prepared]
Reading = Callable[[Path], Images]

BUILT_IN = ("digits", *SYNTHETIC)
TABLE_SUFFIXES = (".csv", ".tsv", ".txt", ".csv.gz", ".tsv.gz")
DATA_SUFFIXES = (".zip", ".npz", ".npy", *TABLE_SUFFIXES[:2], *TABLE_SUFFIXES[3:])


@dataclass(frozen=True)
class Source:
    """prepare: makes the data; stamp: changes when the data does; quick: preparing is faster than a cache."""

    prepare: Prepare
    stamp: str
    quick: bool = False


def find_source(text: str) -> Source:
    """Recognise a source. UsageError if nothing is there, GansmithError if it is of a kind that is not read."""
    if text.startswith("hf:"):
        name = text.removeprefix("hf:")
        return Source(lambda *rest: from_files(shown(text), list_hub(name), *rest), f"hub {name}")
    if text in SYNTHETIC:
        return Source(lambda *rest: _synthetic(text, *rest), f"synthetic {text}", quick=True)
    if text == "digits":
        return _arrays(text, "digits", _digits)
    path = Path(os.path.expanduser(text))
    if os.path.isdir(path):
        return _folder(text, path)
    if os.path.isfile(path):
        return _file(text, path)
    raise _missing(text, path)


def _folder(text: str, path: Path) -> Source:
    if idx := idx_images_in(path):
        return _file(text, idx)
    listing, stamp = list_folder(path)
    if listing.images or listing.refused:
        return Source(lambda *rest: from_files(shown(text), listing, *rest), stamp)
    files = sorted(item for item in path.iterdir() if item.name.endswith(DATA_SUFFIXES) and item.is_file())
    if len(files) == 1:
        return _file(text, files[0])
    if files:
        listed = ", ".join(shown(item.name) for item in files[:10])
        raise UsageError(
            f"{shown(text)} holds several data sets.", f"They are: {listed}.", f"Name one: {shown(str(files[0]))}"
        )
    if listing.others:
        raise UsageError(f"There are no images in {shown(text)}.", _others(listing), _READS)
    raise UsageError(f"{shown(text)} is empty.", "A folder of images is needed.", _READS)


def _others(listing: Listing) -> str:
    kinds = ", ".join(f"{count:,} {shown(suffix)}" for suffix, count in listing.others.most_common(5))
    return f"It holds other files: {kinds}." if kinds else "It is empty."


def _file(text: str, path: Path) -> Source:
    try:
        start = _start(path)
        stamp = _stamp(path, labels_beside(path))
    except OSError as error:
        raise GansmithError(f"Cannot read {shown(text)}.", error.strerror or str(error)) from None
    name = path.name.lower()
    if not start:
        raise UsageError(f"{shown(text)} is an empty file.", "", _READS)
    if start.startswith(b"PK\3\4") or start.startswith(b"PK\5\6"):
        if name.endswith(".npz"):
            return _arrays(text, stamp, lambda: read_npz(path))
        return Source(lambda *rest: _zip(text, path, *rest), stamp)
    if start.startswith(b"\x93NUMPY"):
        return _arrays(text, stamp, lambda: read_npy(path))
    if start.startswith(b"\0\0\x08") and b"\1" <= start[3:4] <= b"\4":
        return _arrays(text, stamp, lambda: read_idx_set(path))
    if name.endswith(TABLE_SUFFIXES):
        return Source(lambda *rest: _table(text, path, *rest), stamp)
    if path.suffix.lower() in IMAGE_SUFFIXES:
        listing = Listing(read_file, [Entry(path.name, str(path))])
        return Source(lambda *rest: from_files(shown(text), listing, *rest), stamp)
    raise UsageError(f"gansmith does not know what to do with {shown(text)}.", _guess(path, start), _READS)


def _arrays(text: str, stamp: str, read: Callable[[], Images]) -> Source:
    def prepare(options: DataOptions, new_rows: NewRows, progress: Progress) -> Prepared:
        return from_array(shown(text), read(), options, new_rows, progress)

    return Source(prepare, stamp)


def _zip(text: str, path: Path, options: DataOptions, new_rows: NewRows, progress: Progress) -> Prepared:
    listing = list_archive(path)
    if not listing.images and not listing.refused:
        raise UsageError(f"There are no images in {shown(text)}.", _others(listing), _READS)
    return from_files(shown(text), listing, options, new_rows, progress)


def _table(text: str, path: Path, options: DataOptions, new_rows: NewRows, progress: Progress) -> Prepared:
    _images_only(text, options)
    table = read_table(path)
    return from_points(shown(text), table.points, table.columns, table.decimals, new_rows, table.warnings, table.count)


def _synthetic(text: str, options: DataOptions, new_rows: NewRows, progress: Progress) -> Prepared:
    _images_only(text, options)
    return from_points(shown(text), SYNTHETIC[text](), ("x", "y"), (6, 6), new_rows)


def _images_only(text: str, options: DataOptions) -> None:
    if options.layout not in ("auto", "plain") or options.sides:
        raise UsageError(f"{shown(text)} holds points.", "Pairs and sides are of images.", "a folder of images")


def _digits() -> Images:
    """1,797 handwritten digits of 8x8 pixels in 17 shades, spread over 0 to 255 (scikit-learn, from UCI)."""
    from sklearn.datasets import load_digits

    images, digits = load_digits(return_X_y=True)
    shades = (images.reshape(-1, 8, 8, 1) * (255 / 16)).round().astype("uint8")
    return Images(shades, *label_numbers(digits, ()))


def _start(path: Path, size: int = 16) -> bytes:
    """The first bytes of a file, unpacked if it is packed with gzip."""
    with path.open("rb") as stream:
        start = stream.read(size)
    if not start.startswith(b"\x1f\x8b"):
        return start
    try:
        with gzip.open(path) as stream:
            return stream.read(size)
    except (EOFError, zlib.error, gzip.BadGzipFile):
        return start


def _stamp(*paths: Path | None) -> str:
    facts = [(os.path.realpath(path), os.stat(path)) for path in paths if path]
    words = [f"{name}\0{it.st_size}\0{it.st_mtime_ns}\0{it.st_ctime_ns}" for name, it in facts]
    return hashlib.sha256("\n".join(words).encode("utf-8", "surrogateescape")).hexdigest()


def _missing(text: str, path: Path) -> GansmithError:
    if os.path.lexists(path):
        return UsageError(f"{shown(text)} is neither a file nor a folder.", "", _READS)
    home = path.parent
    try:
        beside = [str(home / item.name) if home != Path() else item.name for item in home.iterdir()]
    except (OSError, ValueError):
        return UsageError(f"There is no {shown(text)}.", f"Nor is there a folder {shown(str(home))}.", _READS)
    hint = closest(text, map(shown, [*beside[:1000], *BUILT_IN]))
    return UsageError(f"There is no {shown(text)}.", "", hint if hint.startswith("Did") else _READS)


def _guess(path: Path, start: bytes) -> str:
    kinds = {b"%PDF": "a PDF", b"\x7fELF": "a program", b"Rar!": "a RAR archive", b"7z\xbc\xaf": "a 7z archive"}
    kind = next((kind for magic, kind in kinds.items() if start.startswith(magic)), "")
    if path.name.endswith((".tar", ".tar.gz", ".tgz", ".tar.xz", ".tar.bz2")):
        kind = "a tar archive; unpack it and name the folder"
    return f"It is {kind}." if kind else "Its first bytes are those of no format that is read."


_READS = "a folder or zip of images, .npz, .npy, IDX, .csv, 'digits', 'ring', 'grid' or 'spiral'"
