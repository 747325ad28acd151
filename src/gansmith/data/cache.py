"""Keeps prepared data on disk, so that the second start reads nothing but a map and a small JSON file.

`keys/KEY.json` holds the report of one source under one set of options; `sets/FINGERPRINT/` the arrays, which
several keys may share.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import numpy as np
from pydantic import ValidationError

from gansmith.data.options import DataOptions
from gansmith.data.prepared import Prepared
from gansmith.data.report import DataReport
from gansmith.data.spec import DataSpec

FORMAT = 2  # counted up when preparation changes, so that old entries are not found
DEFAULT_LIMIT = 20e9  # bytes
ABANDONED_SECONDS = 24 * 3600
BESIDE = ("labels", "side", "partner", "captions")  # what a set may have beside its values


def cache_root() -> Path:
    """$GANSMITH_CACHE, else gansmith in the user's cache folder."""
    if named := os.environ.get("GANSMITH_CACHE"):
        return Path(named)
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "gansmith"


def cache_limit() -> float:
    """How many bytes all prepared sets together may take: $GANSMITH_CACHE_GB, else 20 GB."""
    try:
        return float(os.environ["GANSMITH_CACHE_GB"]) * 1e9
    except (KeyError, ValueError):
        return DEFAULT_LIMIT


def cache_key(stamp: str, options: DataOptions) -> str:
    """Names a source in one state, prepared in one way. Choices that do not change what is kept do not count."""
    shaping = options.model_dump(include={"size", "fit", "channels", "layout", "sides"})
    return hashlib.sha256(json.dumps([FORMAT, stamp, shaping]).encode()).hexdigest()


def load(root: Path, key: str) -> Prepared | None:
    """What is kept under `key`; None if there is nothing, or nothing sound."""
    try:
        about = json.loads((root / "keys" / f"{key}.json").read_text("utf-8"))
        spec, report = DataSpec.model_validate(about["spec"]), DataReport.model_validate(about["report"])
        return _loaded(root / "sets" / spec.fingerprint, spec, report)
    except (OSError, ValueError, KeyError, TypeError, EOFError, ValidationError):
        return None


@contextmanager
def building(root: Path) -> Iterator[Path]:
    """A temporary folder inside the cache, gone afterwards. Raises OSError if the cache cannot be written."""
    _sweep(root)
    (root / "sets").mkdir(parents=True, exist_ok=True)
    (root / "keys").mkdir(exist_ok=True)
    folder = Path(tempfile.mkdtemp(prefix=".building-", dir=root / "sets"))
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def keep(root: Path, key: str, folder: Path, prepared: Prepared) -> Prepared:
    """Move data whose values lie in `folder` to its place; returns it mapped from there. Raises OSError."""
    np.save(folder / "groups.npy", prepared.groups)
    for name in BESIDE:
        if (array := getattr(prepared, name)) is not None:
            np.save(folder / f"{name}.npy", array)
    home = root / "sets" / prepared.spec.fingerprint
    if _loaded_or_none(home, prepared) is None:
        shutil.rmtree(home, ignore_errors=True)
        with suppress(OSError):  # another process may have been faster
            os.replace(folder, home)
    about = {"spec": prepared.spec.model_dump(mode="json"), "report": prepared.report.model_dump(mode="json")}
    note = folder.with_name(f"{folder.name}.json")
    note.write_text(json.dumps(about), "utf-8")
    os.replace(note, root / "keys" / f"{key}.json")
    trim(root, prepared.spec.fingerprint, cache_limit())
    return _loaded(home, prepared.spec, prepared.report)


def trim(root: Path, used: str, limit: float) -> None:
    """Delete the least recently used sets until the rest fits `limit` bytes; never the one named `used`."""
    sets = []
    for folder in (root / "sets").iterdir():
        with suppress(OSError):  # deleted meanwhile
            size = sum(item.stat().st_size for item in folder.iterdir())
            sets.append((folder.stat().st_mtime, size, folder))
    total = sum(size for _, size, _ in sets)
    for _, size, folder in sorted(sets):
        if total <= limit:
            break
        if folder.name != used and not folder.name.startswith("."):
            shutil.rmtree(folder, ignore_errors=True)
            total -= size
    for note in (root / "keys").iterdir():
        with suppress(OSError, ValueError, KeyError, TypeError):
            if not (root / "sets" / json.loads(note.read_text("utf-8"))["spec"]["fingerprint"]).exists():
                note.unlink()


def _loaded(home: Path, spec: DataSpec, report: DataReport) -> Prepared:
    values = np.load(home / "values.npy", mmap_mode="r", allow_pickle=False)
    groups = np.load(home / "groups.npy", allow_pickle=False)
    beside = {name: np.load(path, allow_pickle=False) for name in BESIDE if (path := home / f"{name}.npy").exists()}
    channels_last = (*spec.shape[1:], spec.shape[0])
    if values.shape != (spec.count, *channels_last) or values.dtype != ("u1" if spec.kind == "images" else "f4"):
        raise ValueError("the prepared values are not what the note says")
    if groups.shape != (spec.count,) or any(len(array) != spec.count for array in beside.values()):
        raise ValueError("what lies beside the prepared values is not what the note says")
    expected = {
        "labels": bool(spec.classes),
        "side": spec.pairing != "none",
        "partner": spec.pairing == "paired",
        "captions": spec.caption_bytes > 0,
    }
    if any(expected[name] != (name in beside) for name in BESIDE):
        raise ValueError("something that belongs to the prepared values is missing")
    with suppress(OSError):  # a cache shared read-only is as good
        os.utime(home)
    return Prepared(values, beside.pop("labels", None), groups, spec, report, **beside)


def _loaded_or_none(home: Path, prepared: Prepared) -> Prepared | None:
    try:
        return _loaded(home, prepared.spec, prepared.report)
    except (OSError, ValueError, EOFError):
        return None


def _sweep(root: Path) -> None:
    """Remove what processes that were killed left half built."""
    for folder in (root / "sets").glob(".building-*"):
        with suppress(OSError):
            if time.time() - folder.stat().st_mtime > ABANDONED_SECONDS:
                shutil.rmtree(folder, ignore_errors=True)
