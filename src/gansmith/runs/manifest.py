"""A folder that knows its own content: size and SHA-256 of every file, so that no damage goes unseen."""

from __future__ import annotations

import hashlib
import json
import re
import stat
from collections.abc import Mapping
from pathlib import Path

from gansmith.runs import disk

SCHEMA = 1
NAME = "MANIFEST.json"

Files = dict[str, tuple[int, str]]  # file name -> (bytes, SHA-256 in hex)


class Damaged(Exception):
    """What is wrong with a folder, naming the file."""


def entry(data: bytes) -> tuple[int, str]:
    """The line of the manifest for a file with this content."""
    return len(data), hashlib.sha256(data).hexdigest()


def write(folder: Path, files: Mapping[str, tuple[int, str]]) -> None:
    """Write the manifest itself, durably. Raises OSError."""
    disk.write(folder / NAME, _text(files))


def load(folder: Path) -> Files:
    """The files that belong there. Raises Damaged when the manifest is not, to the byte, as `write` writes it."""
    text = _content(folder / NAME)
    try:
        manifest = json.loads(text)
        if isinstance(manifest, dict) and isinstance(manifest.get("schema"), int) and manifest["schema"] > SCHEMA:
            raise Damaged(f"{NAME} is of a newer gansmith; upgrade to use it")
        files = {file: (int(facts["size"]), str(facts["sha256"])) for file, facts in manifest["files"].items()}
        faithful = text == _text(files) and all(re.fullmatch(r"\w[\w-]*\.\w+", file) for file in files)
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        faithful = False
    if not faithful:
        raise Damaged(f"{NAME} is damaged")
    return files


def check(folder: Path) -> None:
    """Read every file through once. Raises Damaged."""
    files = load(folder)
    for file, (size, digest) in files.items():
        _check_size(folder / file, size)
        with (folder / file).open("rb") as stream:
            _check_digest(file, hashlib.file_digest(stream, "sha256").hexdigest(), digest)
    # Hidden files are let off: desktops drop theirs into any folder that is looked at.
    if strangers := {file.name for file in folder.iterdir() if file.name[0] != "."} - {*files, NAME}:
        raise Damaged(f"{min(strangers)} is not listed in {NAME}")


def read(folder: Path, file: str, files: Files) -> bytes:
    """The content of one file; what was checked is what is returned. Raises Damaged."""
    if file not in files:
        raise Damaged(f"it has no {file}")
    size, digest = files[file]
    _check_size(folder / file, size)
    data = _content(folder / file)
    _check_digest(file, hashlib.sha256(data).hexdigest(), digest)
    return data


def _check_size(path: Path, size: int) -> None:
    if (found := _size(path)) != size:
        raise Damaged(f"{path.name} has {found} bytes, not {size}")


def _check_digest(file: str, found: str, listed: str) -> None:
    if found != listed:
        raise Damaged(f"{file} is damaged: its SHA-256 is not the one in {NAME}")


def _content(path: Path) -> bytes:
    _size(path)
    return path.read_bytes()


def _size(path: Path) -> int:
    """The size of a plain file: a pipe would block for ever, and a link leads elsewhere."""
    try:
        facts = path.lstat()
    except (FileNotFoundError, NotADirectoryError):
        raise Damaged(f"{path.name} is missing") from None
    if not stat.S_ISREG(facts.st_mode):
        raise Damaged(f"{path.name} is not a plain file")
    return facts.st_size


def _text(files: Mapping[str, tuple[int, str]]) -> bytes:
    listed = {file: {"size": size, "sha256": digest} for file, (size, digest) in files.items()}
    return disk.encode({"schema": SCHEMA, "files": listed}, indent=1) + b"\n"
