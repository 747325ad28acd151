"""Lists the images in a zip, and reads them one by one, never trusting what the zip says about itself."""

from __future__ import annotations

import functools
import stat
import zipfile
import zlib
from pathlib import Path, PurePosixPath

from gansmith.data.decode import Unreadable
from gansmith.data.listing import MAX_FILE_BYTES, Entry, Listing, Sorter
from gansmith.data.names import shown
from gansmith.errors import GansmithError

MAX_ENTRIES = 2_000_000
BOMB_RATIO, BOMB_BYTES = 500, 16 * 2**20  # an image is compressed already: its zip entry hardly shrinks
SIMPLE_METHODS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)  # the ones Python decompresses piece by piece


def list_archive(path: Path) -> Listing:
    """The files of a zip; entries that are dangerous or cannot be read are refused by name."""
    _open.cache_clear()
    members = _members(str(path))
    if len(members) > MAX_ENTRIES:
        raise _refusal(path, f"it lists {len(members):,} entries; {MAX_ENTRIES:,} are the most that is read")
    if sum(member.compress_size for member in members) > path.stat().st_size:
        raise _refusal(path, "its entries overlap or claim more bytes than the file has, as in a zip bomb")
    sorter = Sorter()
    for number, member in enumerate(members):
        if not member.is_dir() and not _hidden(member.filename):
            sorter.add(Entry(member.filename, number), _fault(member))
    return sorter.listing(functools.partial(read_member, str(path)))


def read_member(path: str, entry: Entry) -> bytes:
    """The bytes of one entry, at most MAX_FILE_BYTES. Raises Unreadable."""
    assert isinstance(entry.where, int)
    try:
        with _open(path).open(_members(path)[entry.where]) as stream:
            data = stream.read(MAX_FILE_BYTES + 1)
    except (zipfile.BadZipFile, zlib.error, EOFError, OSError, RuntimeError, NotImplementedError, ValueError) as error:
        raise Unreadable(f"damaged in the zip ({error})") from None
    if len(data) > MAX_FILE_BYTES:
        raise Unreadable(f"larger than {MAX_FILE_BYTES // 2**20} MiB")
    return data


def _hidden(name: str) -> bool:
    return any(part == "__MACOSX" or (part.startswith(".") and part != "..") for part in PurePosixPath(name).parts)


def _fault(member: zipfile.ZipInfo) -> str:
    name = member.filename
    if name.startswith("/") or "\\" in name or "\0" in name or ":" in name[:2] or ".." in PurePosixPath(name).parts:
        return "a name that leads out of the zip"
    if stat.S_ISLNK(member.external_attr >> 16):
        return "a link"
    if member.flag_bits & 0x1:
        return "encrypted"
    if member.compress_type not in SIMPLE_METHODS:
        return "an unusual compression; pack the zip again with the ordinary one"
    if member.file_size > MAX_FILE_BYTES:
        return f"larger than {MAX_FILE_BYTES // 2**20} MiB"
    if member.file_size > max(BOMB_BYTES, BOMB_RATIO * member.compress_size):
        return "compressed like a zip bomb"
    return ""


@functools.lru_cache(maxsize=1)
def _open(path: str) -> zipfile.ZipFile:
    """One open archive per process: reading the directory of a large zip takes longer than decoding an image."""
    try:
        return zipfile.ZipFile(path)
    except (zipfile.BadZipFile, OSError, ValueError, NotImplementedError) as error:
        raise _refusal(Path(path), str(error) or "it is damaged") from None


def _members(path: str) -> list[zipfile.ZipInfo]:
    return _open(path).infolist()


def _refusal(path: Path, why: str) -> GansmithError:
    return GansmithError(
        f"Cannot read {shown(str(path))} as a zip of images.", why, "Unpack it and name the folder instead."
    )
