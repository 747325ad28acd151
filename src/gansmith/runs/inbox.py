"""Requests to a training run from any other process: a small file each, dropped into a folder."""

from __future__ import annotations

import contextlib
import json
import os
import re
import stat
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from gansmith.errors import GansmithError
from gansmith.runs import disk

REJECTED = ".rejected"
LARGEST = 1 << 16  # bytes; a request is a few words


def post(folder: Path, request: str, arguments: Mapping[str, Any]) -> Path:
    """Drop `request` (a verb such as "stop") with its arguments, whole or not at all. Raises GansmithError."""
    if not re.fullmatch("[a-z][a-z-]*", request):
        raise ValueError(f"a request is a word such as 'stop', not {request!r}")
    moment = time.time_ns()
    while (path := folder / f"{moment:020d}-{request}.json").exists():
        moment += 1
    try:
        folder.mkdir(parents=True, exist_ok=True)
        disk.write_json(path, {**arguments, "request": request, "time": moment / 1e9})
    except OSError as error:
        raise GansmithError(f"cannot leave a request in {folder}", error.strerror or str(error)) from None
    return path


def take(folder: Path, *, warn: Callable[[str], None]) -> list[dict[str, Any]]:
    """Read and remove the waiting requests, oldest first: {"request": verb, "time": seconds since 1970, arguments}.

    Whatever else lies there is moved aside into a hidden folder and told to `warn`; nothing is ever raised.
    """
    try:
        paths = sorted(path for path in folder.iterdir() if not path.name.startswith("."))
    except OSError:
        return []
    requests = []
    for path in paths:
        try:
            request = _read(path)
            path.unlink()
        except (OSError, ValueError, RecursionError) as error:
            _reject(path)
            warn(f"ignored {path.name!r} in the inbox: {error}")
        else:
            requests.append(request)
    return requests


def _read(path: Path) -> dict[str, Any]:
    facts = path.lstat()
    if not stat.S_ISREG(facts.st_mode):  # a pipe would block for ever, a link leads elsewhere
        raise ValueError("it is not a plain file")
    if facts.st_size > LARGEST:
        raise ValueError(f"it is too large for a request ({facts.st_size} bytes)")
    value = json.loads(path.read_bytes())
    if not isinstance(value, dict) or not isinstance(value.get("request"), str):
        raise ValueError("it names no request")
    return value


def _reject(path: Path) -> None:
    with contextlib.suppress(OSError):
        aside = path.parent / REJECTED
        aside.mkdir(exist_ok=True)
        os.replace(path, aside / path.name)
