"""Reads images from `.npz` and `.npy` files, whatever their arrays are called and however they are laid out."""

from __future__ import annotations

import zipfile
import zlib
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from gansmith.data.decode import Unreadable, to_byte_range
from gansmith.data.names import shown
from gansmith.errors import GansmithError, UsageError

IMAGE_NAMES = ("images", "x", "X", "x_train", "X_train", "train_images", "imgs", "data", "arr_0")
LABEL_NAMES = ("labels", "label", "y", "Y", "y_train", "train_labels", "targets", "arr_1")
CLASS_NAMES = ("class_names", "classes", "label_names")


@dataclass(frozen=True)
class Images:
    """images: (N, H, W, C) uint8; labels: (N,) int64 into names, or None; notes: what the user should know."""

    images: np.ndarray
    labels: np.ndarray | None = None
    names: tuple[str, ...] = ()
    notes: tuple[str, ...] = field(default=())


def read_npz(path: Path) -> Images:
    """Images, and labels if there are any. GansmithError for a damaged file or one without images."""
    try:
        with zipfile.ZipFile(path) as archive, np.load(path, allow_pickle=False) as arrays:
            shapes = {name: _declared(archive, name) for name in arrays.files}
            name = _choose(path, shapes)
            images, notes = plain(arrays[name], f"'{name}' in {shown(str(path))}")
            labels, names, more = _labels(arrays, shapes, len(images))
    except (zipfile.BadZipFile, zlib.error, OSError, ValueError, KeyError, EOFError, MemoryError) as error:
        raise _damaged(path, error) from None
    return Images(images, labels, names, (*notes, *more))


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


def _choose(path: Path, shapes: dict[str, tuple[tuple[int, ...], np.dtype[np.generic]]]) -> str:
    fitting = [name for name, (shape, dtype) in shapes.items() if len(shape) in (3, 4) and dtype.kind in "buif"]
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
    arrays: np.lib.npyio.NpzFile, shapes: dict[str, tuple[tuple[int, ...], np.dtype[np.generic]]], count: int
) -> tuple[np.ndarray | None, tuple[str, ...], tuple[str, ...]]:
    name = next((name for name in LABEL_NAMES if name in shapes), None)
    if name is None:
        return None, (), ()
    shape, dtype = shapes[name]
    if shape not in ((count,), (count, 1)) or dtype.kind not in "iuUSb":
        return None, (), (f"'{name}' is not used for labels: it is {dtype} of shape {shape}, not one label an image.",)
    key = next((key for key in CLASS_NAMES if key in shapes and shapes[key][1].kind in "US"), None)
    given = tuple(map(str, arrays[key].astype("U").reshape(-1).tolist())) if key else ()
    labels, names = label_numbers(arrays[name].reshape(-1), given)
    return labels, names, ()


def _damaged(path: Path, error: Exception) -> GansmithError:
    reason = str(error).splitlines()[0] if str(error) else type(error).__name__
    if "pickle" in reason.lower():
        reason = "it holds Python objects, which could run code when opened; gansmith never opens them"
    return GansmithError(f"Cannot read {shown(str(path))}.", reason, "Save plain numeric arrays with numpy.savez.")
