"""Writes that a crash, a full disk or a power cut can interrupt without leaving half a file behind."""

from __future__ import annotations

import contextlib
import errno
import json
import math
import os
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import psutil

from gansmith.errors import GansmithError

TEMPORARY = ".tmp-"  # being written: .tmp-NAME-PID
ASIDE = ".old-"  # the namesake that a new folder is about to replace: .old-NAME-PID
DEAD = ".dead-"  # being deleted: .dead-NAME-PID


def marked(mark: str, path: Path) -> Path:
    """The hidden neighbour of `path` that this process uses meanwhile; `sweep` knows such names."""
    return path.with_name(f"{mark}{path.name}-{os.getpid()}")


def write(path: Path, data: bytes) -> None:
    """Write a new file and wait until the device has it. Raises OSError, also when the fsync fails."""
    file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | getattr(os, "O_BINARY", 0), 0o666)
    try:
        left = memoryview(data)
        while left:
            left = left[os.write(file, left) :]
        os.fsync(file)
    finally:
        os.close(file)


def sync_folder(path: Path) -> None:
    """Make the names inside a folder durable; file systems that cannot do this for folders are let off."""
    folder = os.open(path, os.O_RDONLY)
    try:
        os.fsync(folder)
    except OSError as error:
        if error.errno not in (errno.EINVAL, errno.ENOTSUP):
            raise
    finally:
        os.close(folder)


def replace(path: Path, data: bytes, *, durable: bool = True) -> None:
    """Give `path` new content in one move: a reader sees the old or the new, never a mixture.

    durable=False leaves out the fsyncs, for what need not outlive a power cut. Raises OSError; the old file stands.
    """
    temporary = marked(TEMPORARY, path)
    try:
        if durable:
            write(temporary, data)
        else:
            temporary.write_bytes(data)
        os.replace(temporary, path)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise
    if durable:
        sync_folder(path.parent)


def encode(value: Any, *, indent: int | None = None) -> bytes:
    """Strict JSON in UTF-8: NaN and infinity are refused (ValueError), foreign types too (TypeError).

    Broken surrogates, which file names in unknown encodings bring along, become escapes and come back as they were.
    """
    text = json.dumps(value, allow_nan=False, ensure_ascii=False, indent=indent)
    return text.encode("utf-8", "backslashreplace")


def tame(value: Any) -> Any:
    """The value with NaN and infinities as the strings "NaN", "Infinity", "-Infinity", which strict JSON can hold."""
    if isinstance(value, float) and not math.isfinite(value):
        return "NaN" if math.isnan(value) else "Infinity" if value > 0 else "-Infinity"
    if isinstance(value, Mapping):
        return {key: tame(inner) for key, inner in value.items()}
    if isinstance(value, list | tuple):
        return [tame(inner) for inner in value]
    return value


def write_json(path: Path, value: Any, *, durable: bool = True) -> None:
    """Replace `path` by `value` as indented JSON, atomically. Raises OSError; the old file then stands."""
    replace(path, encode(value, indent=1) + b"\n", durable=durable)


def read_json(path: Path) -> Any:
    """The value in a JSON file; raises GansmithError when the file is missing or garbled."""
    try:
        return json.loads(path.read_bytes())
    except OSError as error:
        raise GansmithError(f"cannot read {path}", error.strerror or str(error)) from None
    except (ValueError, RecursionError) as error:
        raise GansmithError(f"cannot read {path}", f"it is not valid JSON ({error})") from None


def remove(path: Path) -> None:
    """Delete a file or a folder tree if it is there. Raises OSError."""
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)


def discard(path: Path) -> None:
    """Delete a folder whose name means something: it loses the name first, so that half of it is never taken for it."""
    dead = marked(DEAD, path)
    remove(dead)
    os.rename(path, dead)
    remove(dead)


def put_back(folder: Path) -> None:
    """Give a folder that was moved aside its name again, if the process that was to replace it died in between."""
    for path, name, _ in _marked_in(folder, ASIDE):
        if not (folder / name).exists():
            with contextlib.suppress(OSError):  # read-only: the reader makes do with what is visible
                os.rename(path, folder / name)


def sweep(folder: Path) -> None:
    """Clear away what killed processes left in `folder`. Never raises: a leftover is in nobody's way."""
    put_back(folder)
    for mark in (TEMPORARY, DEAD, ASIDE):
        for path, _, process in _marked_in(folder, mark):
            if process == os.getpid() or not psutil.pid_exists(process):
                with contextlib.suppress(OSError):
                    remove(path)


def _marked_in(folder: Path, mark: str) -> list[tuple[Path, str, int]]:
    """(path, the name it stands for, the process that made it) of everything so marked."""
    found = []
    for path in sorted(folder.glob(f"{mark}*-*")):
        name, _, process = path.name.removeprefix(mark).rpartition("-")
        if name and process.isascii() and process.isdigit():
            found.append((path, name, int(process)))
    return found
