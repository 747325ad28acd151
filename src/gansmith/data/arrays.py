"""Reads images from `.npz` and `.npy` files, whatever their arrays are called and however they are laid out."""

from __future__ import annotations

import zipfile
import zlib
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from gansmith.data.decode import Unreadable, to_byte_range
from gansmith.data.names import shown
from gansmith.data.texts import from_rows, missing
from gansmith.errors import GansmithError, UsageError

IMAGE_NAMES = ("images", "x", "X", "x_train", "X_train", "train_images", "imgs", "data", "arr_0")
LABEL_NAMES = ("labels", "label", "y", "Y", "y_train", "train_labels", "targets", "arr_1")
SIDE_NAMES = (("A", "B"), ("trainA", "trainB"))
CAPTION_NAMES = ("captions", "caption", "texts", "text")
CLASS_NAMES = ("class_names", "classes", "label_names")


Declared = tuple[tuple[int, ...], np.dtype[np.generic]]  # the shape and type that an array claims


@dataclass(frozen=True)
class Images:
    """images: (N, H, W, C) uint8; labels: (N,) int64 into names, or None; notes: what the user should know.

    captions: one an image, "" where there is none. source: side A, (M, H, W, C) uint8, where there are two sides; then
    `images` is side B. source_labels: (M,) int64 into names.
    """

    images: np.ndarray
    labels: np.ndarray | None = None
    names: tuple[str, ...] = ()
    notes: tuple[str, ...] = field(default=())
    captions: Sequence[str] = ()
    source: np.ndarray | None = None
    source_labels: np.ndarray | None = None


def read_npz(path: Path) -> Images:
    """Images, with labels, captions and a second side if there are any. GansmithError for a damaged file."""
    try:
        with zipfile.ZipFile(path) as archive, np.load(path, allow_pickle=False) as arrays:
            shapes = {name: _declared(archive, name) for name in arrays.files}
            sides = next((pair for pair in SIDE_NAMES if all(_is_images(shapes.get(name)) for name in pair)), None)
            name = sides[1] if sides and not any(name in shapes for name in IMAGE_NAMES) else _choose(path, shapes)
            images, notes = plain(arrays[name], f"'{name}' in {shown(str(path))}")
            captions, odd = _captions(arrays, shapes, len(images))
            if not sides or name != sides[1]:
                labels, names, more = _labels(arrays, shapes, len(images))
                return Images(images, labels, names, (*notes, *more, *odd), captions)
            source, told = plain(arrays[sides[0]], f"'{sides[0]}' in {shown(str(path))}")
            labels, names, more = _labels_of_sides(arrays, shapes, (len(source), len(images)))
            ours = None if labels is None else labels[len(source) :]
            theirs = None if labels is None else labels[: len(source)]
            return Images(images, ours, names, (*told, *notes, *more, *odd), captions, source, theirs)
    except (zipfile.BadZipFile, zlib.error, OSError, ValueError, KeyError, EOFError, MemoryError) as error:
        raise _damaged(path, error) from None


def read_npy(path: Path) -> Images:
    """Images from a single array. GansmithError for a damaged file or an array that holds no images."""
    try:
        array = np.load(path, mmap_mode="r", allow_pickle=False)
    except (OSError, ValueError, EOFError) as error:
        raise _damaged(path, error) from None
    images, notes = plain(array, f"the array in {shown(str(path))}")
    return Images(images, notes=notes)


def plain(array: np.ndarray, what: str) -> tuple[np.ndarray, tuple[str, ...]]:
    """Any array of images as ((N, H, W, C) uint8, notes on what was assumed). UsageError if it holds none.

    Accepts (N, H, W), (N, H, W, C) and (N, C, H, W), bytes, booleans, 16-bit numbers and floats of any usual range.
    """
    if array.dtype.kind not in "buif" or array.ndim not in (3, 4) or 0 in array.shape:
        raise UsageError(
            f"{what} holds no images: it is {array.dtype} of shape {array.shape}.",
            "Images are numbers of shape (count, height, width) or (count, height, width, channels).",
        )
    notes: list[str] = []
    if array.ndim == 3:
        array = array[..., None]
    elif array.shape[3] > 4 and array.shape[1] <= 4:
        array = array.transpose(0, 2, 3, 1)
        notes.append("Channels come first in the array; they were moved last.")
    if array.shape[3] > 4:
        raise UsageError(f"{what} has {array.shape[3]} channels.", "Images have 1 to 4.", "Choose some of them.")
    if array.dtype == np.uint8:
        return array, tuple(notes)
    if array.dtype.kind == "b":
        return array.astype(np.uint8) * np.uint8(255), tuple(notes)
    try:
        values, note = to_byte_range(array)
    except Unreadable as fault:
        raise UsageError(f"{what} holds {fault}.", "It contains NaN or infinity.", "Remove them.") from None
    return np.clip(np.rint(values), 0, 255).astype(np.uint8), (*notes, f"{array.dtype} values read as {note}.")


def label_numbers(labels: np.ndarray, given: tuple[str, ...]) -> tuple[np.ndarray, tuple[str, ...]]:
    """Labels of any kind as ((N,) int64 from 0, their names); names `given` are used where labels number them."""
    distinct, numbers = np.unique(labels, return_inverse=True)
    if labels.dtype.kind in "iu" and given and int(distinct[0]) >= 0 and int(distinct[-1]) < len(given):
        return numbers.astype(np.int64), tuple(shown(given[value]) for value in distinct.tolist())
    return numbers.astype(np.int64), tuple(shown(str(value)) for value in distinct.tolist())


def _declared(archive: zipfile.ZipFile, name: str) -> tuple[tuple[int, ...], np.dtype[np.generic]]:
    """Shape and type an array claims, refused if its bytes could not be there: nothing large is allocated for a lie."""
    member = archive.getinfo(f"{name}.npy" if f"{name}.npy" in archive.namelist() else name)
    with archive.open(member) as stream:
        version = np.lib.format.read_magic(stream)
        read = np.lib.format.read_array_header_1_0 if version == (1, 0) else np.lib.format.read_array_header_2_0
        shape, _, dtype = read(stream)
        claimed = int(np.prod([1, *shape], dtype=object)) * dtype.itemsize
        if not dtype.hasobject and stream.tell() + claimed > member.file_size:
            raise ValueError(f"'{name}' claims {claimed:,} bytes and has {member.file_size:,}")
    return shape, dtype


def _is_images(declared: Declared | None) -> bool:
    return declared is not None and len(declared[0]) in (3, 4) and declared[1].kind in "buif"


def _choose(path: Path, shapes: dict[str, Declared]) -> str:
    fitting = [name for name, declared in shapes.items() if _is_images(declared)]
    for name in IMAGE_NAMES:
        if name in fitting:
            return name
    if len(fitting) == 1:
        return fitting[0]
    listed = ", ".join(f"{name} {shape} {dtype}" for name, (shape, dtype) in shapes.items()) or "nothing"
    raise UsageError(
        f"{shown(str(path))} has no array of images that can be told apart.",
        f"It holds: {listed}.",
        "Save the images as 'images', with shape (count, height, width[, channels]), and labels as 'labels'.",
    )


def _labels(
    arrays: np.lib.npyio.NpzFile, shapes: dict[str, Declared], count: int
) -> tuple[np.ndarray | None, tuple[str, ...], tuple[str, ...]]:
    name = next((name for name in LABEL_NAMES if name in shapes), None)
    if name is None:
        return None, (), ()
    shape, dtype = shapes[name]
    if shape not in ((count,), (count, 1)) or dtype.kind not in "iuUSb":
        return None, (), (f"'{name}' is not used for labels: it is {dtype} of shape {shape}, not one label an image.",)
    return *label_numbers(arrays[name].reshape(-1), _class_names(arrays, shapes)), ()


def _labels_of_sides(
    arrays: np.lib.npyio.NpzFile, shapes: dict[str, Declared], counts: tuple[int, int]
) -> tuple[np.ndarray | None, tuple[str, ...], tuple[str, ...]]:
    """Labels of all images of A, then all of B: from `labels_A` and `labels_B`, or `labels` that hold for both."""
    for found in (("labels_A", "labels_B"), ("labels", "labels")):
        declared = [shapes.get(name, ((), np.dtype(object))) for name in found]
        if [shape for shape, _ in declared] == [(count,) for count in counts] and all(
            dtype.kind in "iuUSb" for _, dtype in declared
        ):
            both = np.concatenate([arrays[name] for name in found])
            return *label_numbers(both, _class_names(arrays, shapes)), ()
    ignored = [name for name in ("labels_A", "labels_B", "labels") if name in shapes]
    return None, (), tuple(f"'{name}' is not used for labels: it does not fit both sides." for name in ignored)


def _class_names(arrays: np.lib.npyio.NpzFile, shapes: dict[str, Declared]) -> tuple[str, ...]:
    key = next((key for key in CLASS_NAMES if key in shapes and shapes[key][1].kind in "US"), None)
    return tuple(map(str, arrays[key].astype("U").reshape(-1).tolist())) if key else ()


def _captions(
    arrays: np.lib.npyio.NpzFile, shapes: dict[str, Declared], count: int
) -> tuple[Sequence[str], tuple[str, ...]]:
    name = next((name for name in CAPTION_NAMES if name in shapes), None)
    if name is None:
        return (), ()
    shape, dtype = shapes[name]
    if shape != (count,) or dtype.kind not in "US":
        return (), (f"'{name}' is not used for captions: it is {dtype} of shape {shape}, not one text an image.",)
    found = from_rows(arrays[name].tolist())
    texts = [found.of.get(f"row {row}", "") for row in range(count)] if found.of else []
    lacking = missing(found, count, [f"row {row}" for row in range(count)])
    return texts, (*found.warnings(), *([lacking] if lacking else []))


def _damaged(path: Path, error: Exception) -> GansmithError:
    reason = str(error).splitlines()[0] if str(error) else type(error).__name__
    if "pickle" in reason.lower():
        reason = "it holds Python objects, which could run code when opened; gansmith never opens them"
    return GansmithError(f"Cannot read {shown(str(path))}.", reason, "Save plain numeric arrays with numpy.savez.")
