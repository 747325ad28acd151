"""Lists the images of a folder of any depth, and reads them without ever hanging or leaving the folder."""

from __future__ import annotations

import hashlib
import os
import stat
from collections.abc import Iterator
from pathlib import Path

from gansmith.data.decode import Unreadable
from gansmith.data.listing import MAX_FILE_BYTES, Entry, Listing, Sorter
from gansmith.errors import GansmithError


def list_folder(root: Path) -> tuple[Listing, str]:
    """(the files below `root`, a stamp that changes when any of them does). Names starting with a dot are ignored."""
    sorter, stamps = Sorter(), []
    real_root = os.path.realpath(root)
    for name, item in _walk(real_root, sorter):
        fault, path = "", item.path
        try:
            if item.is_symlink():
                path, fault = _followed(item.path, real_root)
            if not fault:
                facts = os.stat(path)
                fault = "" if stat.S_ISREG(facts.st_mode) else "not a regular file"
                # The change time cannot be set by tools that restore old modification times.
                stamps.append(f"{name}\0{facts.st_size}\0{facts.st_mtime_ns}\0{facts.st_ctime_ns}\n")
        except OSError as error:
            fault = _words(error)
        sorter.add(Entry(name, path), fault)
    stamp = hashlib.sha256("".join(sorted(stamps)).encode("utf-8", "surrogateescape"))
    stamp.update(os.fsencode(real_root))
    return sorter.listing(read_file), stamp.hexdigest()


def read_file(entry: Entry) -> bytes:
    """The bytes of a regular file. Raises Unreadable; a pipe or device is refused, never waited for."""
    assert isinstance(entry.where, str)
    try:
        handle = os.open(entry.where, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0))
        with open(handle, "rb") as stream:
            facts = os.fstat(handle)
            if not stat.S_ISREG(facts.st_mode):
                raise Unreadable("not a regular file")
            if facts.st_size > MAX_FILE_BYTES:
                raise Unreadable(f"larger than {MAX_FILE_BYTES // 2**20} MiB")
            return stream.read(MAX_FILE_BYTES)
    except OSError as error:
        raise Unreadable(_words(error)) from None


def _walk(root: str, sorter: Sorter) -> Iterator[tuple[str, os.DirEntry[str]]]:
    """(name within root, entry) of everything that is not a folder; links to folders are reported, not entered."""
    waiting = [("", root)]
    while waiting:
        inside, folder = waiting.pop()
        try:
            items = list(os.scandir(folder))
        except OSError as error:
            if not inside:
                raise GansmithError(f"Cannot look into {root}.", _words(error), "Check its permissions.") from None
            sorter.refused.append((inside, f"folder: {_words(error)}"))
            continue
        for item in items:
            name = f"{inside}{item.name}"
            if item.name.startswith(".") or item.name == "__MACOSX":
                continue
            if item.is_dir(follow_symlinks=False):
                waiting.append((f"{name}/", item.path))
            elif item.is_symlink() and os.path.isdir(item.path):
                sorter.refused.append((name, "a link to a folder, not followed"))
            else:
                yield name, item


def _followed(path: str, root: str) -> tuple[str, str]:
    """(the real path behind a link, why it may not be followed)."""
    real = os.path.realpath(path)
    if not os.path.lexists(real):
        return real, "a link to nothing"
    return real, "" if os.path.commonpath((real, root)) == root else "a link that leads out of the folder"


def _words(error: OSError) -> str:
    return "no permission to read it" if isinstance(error, PermissionError) else (error.strerror or str(error)).lower()
