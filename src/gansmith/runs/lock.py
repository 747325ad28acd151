"""One writer per run: a lock that the system itself lets go of when its holder dies, however it dies."""

from __future__ import annotations

import contextlib
import fcntl
import functools
import json
import os
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psutil

from gansmith.errors import GansmithError
from gansmith.runs import disk

_held: set[int] = set()


@contextlib.contextmanager
def hold(path: Path) -> Iterator[None]:
    """Hold the lock file `path` while the block runs.

    Raises GansmithError, naming the other process and when it began, when the lock is taken.
    """
    _drop_in_forks()
    file = _take(path)
    _held.add(file)
    _note(file, {"pid": os.getpid(), "started": psutil.Process().create_time(), "host": os.uname().nodename})
    try:
        yield
    finally:
        if file in _held:  # not so in a forked child, which must not touch its parent's lock
            _note(file, {})
            _held.discard(file)
            os.close(file)


def holder(path: Path) -> dict[str, Any] | None:
    """{"pid", "started", "host"} of the living process that holds the lock, or None; never takes the lock itself."""
    facts = _facts(path)
    if facts.get("host") not in (None, os.uname().nodename):
        return facts  # a shared folder: another machine's process cannot be looked at
    try:
        alive = psutil.Process(facts["pid"])
        same = abs(alive.create_time() - facts["started"]) < 1 and alive.status() != psutil.STATUS_ZOMBIE
    except (KeyError, TypeError, ValueError, psutil.Error):
        return None
    return facts if same else None


def _take(path: Path) -> int:
    file = None
    try:
        file = os.open(path, os.O_RDWR | os.O_CREAT, 0o666)
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        return file
    except OSError as error:
        if file is not None:
            os.close(file)
        run = path.parent
        if isinstance(error, BlockingIOError):
            raise GansmithError(
                f"{run.name} is being trained already", _describe(_facts(path)), f"gansmith stop {run.name}"
            ) from None
        raise GansmithError(f"cannot lock {run}", error.strerror or str(error)) from None


def _facts(path: Path) -> dict[str, Any]:
    try:
        facts = json.loads(path.read_bytes())
    except (OSError, ValueError, RecursionError):
        return {}
    return facts if isinstance(facts, dict) else {}


def _note(file: int, facts: dict[str, Any]) -> None:
    with contextlib.suppress(OSError):  # on a full disk the lock holds all the same, only its holder stays unnamed
        os.ftruncate(file, 0)
        os.lseek(file, 0, os.SEEK_SET)
        os.write(file, disk.encode(facts))


def _describe(facts: dict[str, Any]) -> str:
    try:
        since = time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(facts["started"]))
        return f"process {facts['pid']} on {facts['host']}, started {since}, is writing to it"
    except (KeyError, TypeError, ValueError, OverflowError):
        return "another process is writing to it"


@functools.cache
def _drop_in_forks() -> None:
    """A lock lives as long as any copy of its file: a data worker must not keep it after its parent was killed."""

    def drop() -> None:
        for file in _held:
            os.close(file)
        _held.clear()

    os.register_at_fork(after_in_child=drop)
