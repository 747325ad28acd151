"""The run folder: where everything of one training lies, how it is numbered, found, described and reached.

003-flowers-robust/
  run.json        the configuration, with the schema that it follows
  status.json     state and heartbeat, replaced as a whole
  journal.jsonl   a line per tick          events.jsonl   start, pause, finding, remedy
  samples/        checkpoints/             inbox/         requests from other processes
"""

from __future__ import annotations

import os
import re
import shutil
import time
import unicodedata
import warnings
from collections.abc import Callable, Iterable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

from gansmith.errors import GansmithError, UsageError, closest
from gansmith.runs import disk, inbox, lock
from gansmith.runs.disk import read_json, write_json
from gansmith.runs.journal import Journal

__all__ = ["SCHEMA", "Run", "list_runs", "read_json", "write_json"]

SCHEMA = 1  # of run.json; raised when an older gansmith could no longer use a run
PRETRAINED, WEIGHTS = "config.json", "model.safetensors"  # of a model that was exported, and has no run any more


@dataclass(frozen=True)
class Run:
    """One run folder. `Run.create` makes one, `Run.find` finds one; nothing is read before it is asked for."""

    path: Path

    @classmethod
    def create(cls, out: Path, label: str) -> Self:
        """A new folder `out/NNN-label` with the next number; two processes never get the same one.

        Raises GansmithError when `out` cannot hold it.
        """
        hidden = None
        try:
            out.mkdir(parents=True, exist_ok=True)
            hidden, number = _claim(out)
            for name in ("checkpoints", "samples", "inbox"):
                (hidden / name).mkdir()
            path = out / f"{number:03d}-{_slug(label)}"
            os.rename(hidden, path)
        except OSError as error:
            if hidden:
                shutil.rmtree(hidden, ignore_errors=True)
            reason = "it is not a folder" if isinstance(error, FileExistsError | NotADirectoryError) else error.strerror
            raise GansmithError(
                f"cannot make a run folder in {out}", reason or str(error), "choose another folder with --out"
            ) from None
        return cls(path)

    @classmethod
    def find(cls, name: str, out: Path = Path("runs")) -> Self:
        """The run called by path, folder name, number ("3", "003"), unique beginning of its name, or "last".

        By its path also the folder of an exported model, which can be drawn from, but has no training.
        Raises UsageError when there is none or more than one.
        """
        path = Path(os.path.expanduser(name))
        if _is_run(path) or _is_pretrained(path):
            return cls(path)
        if path.is_absolute():
            raise UsageError(f"{name} is not a run", "there is no run.json in it")
        runs = {_plain(run.path.name): run.path for run in list_runs(out)}
        if not runs:
            raise UsageError(f"there is no run '{name}'", f"{out} holds no runs yet", "gansmith train DATA")
        found = [*runs][-1:] if name == "last" else _matches(_plain(name), runs)
        if not found:
            raise UsageError(f"there is no run '{name}' in {out}", do=closest(_plain(name), runs))
        if len(found) > 1:
            raise UsageError(f"'{name}' could be any of {', '.join(found)}", do="give the number, or more of the name")
        return cls(runs[found[0]])

    @property
    def pretrained(self) -> bool:
        """Whether it is no run, but a model that was exported from one."""
        return not _is_run(self.path) and _is_pretrained(self.path)

    @property
    def config_path(self) -> Path:
        return self.path / "run.json"

    @property
    def status_path(self) -> Path:
        return self.path / "status.json"

    @property
    def checkpoints(self) -> Path:
        return self.path / "checkpoints"

    @property
    def samples(self) -> Path:
        return self.path / "samples"

    @property
    def inbox(self) -> Path:
        return self.path / "inbox"

    @property
    def journal(self) -> Journal:
        return Journal(self.path / "journal.jsonl")

    @property
    def events(self) -> Journal:
        return Journal(self.path / "events.jsonl")

    def config(self) -> dict[str, Any]:
        """What run.json says. Raises GansmithError when it is missing, garbled or of a newer gansmith."""
        if self.pretrained:
            raise GansmithError(
                f"{self.path} is an exported model, not a run.",
                "nothing of its training is there, but what its README.md tells",
                f"gansmith sample {self.path}, or the run itself",
            )
        config = read_json(self.config_path)
        schema = config.get("schema_version", SCHEMA) if isinstance(config, dict) else None
        if not isinstance(schema, int):
            raise GansmithError(f"cannot use {self.config_path}", "it is not a gansmith configuration")
        if schema > SCHEMA:
            raise GansmithError(
                f"cannot use {self.path}",
                f"it was written by a newer gansmith (schema {schema}; this one knows up to {SCHEMA})",
                "pip install --upgrade gansmith",
            )
        return config

    def write_status(self, state: str, **facts: Any) -> bool:
        """Replace status.json: state, process, heartbeat (seconds since 1970), facts. False if the disk refuses."""
        status = {"state": state, "pid": os.getpid(), "heartbeat": time.time(), **facts}
        try:
            write_json(self.status_path, disk.tame(status), durable=False)
        except OSError:
            return False
        return True

    def status(self) -> dict[str, Any]:
        """The last status written, and "alive": whether a process is training this run now. Never raises."""
        try:
            status = read_json(self.status_path)
        except GansmithError:
            status = {}
        return {**(status if isinstance(status, dict) else {}), "alive": lock.holder(self.path / ".lock") is not None}

    def lock(self) -> AbstractContextManager[None]:
        """Be the one process that writes here; GansmithError, naming the other, if there is one."""
        return lock.hold(self.path / ".lock")

    def post(self, request: str, **arguments: Any) -> Path:
        """Leave a request ("stop", "pause", ...) for the training process. Raises GansmithError."""
        return inbox.post(self.inbox, request, arguments)

    def take(self, warn: Callable[[str], None] = warnings.warn) -> list[dict[str, Any]]:
        """Read and remove the requests that wait, oldest first; `warn` hears of files that are none."""
        return inbox.take(self.inbox, warn=warn)

    def sweep(self) -> None:
        """Clear away what a killed process left half-written. Only the holder of the lock may."""
        for folder in (self.path, self.checkpoints, self.samples, self.inbox):
            disk.sweep(folder)


def list_runs(out: Path = Path("runs")) -> list[Run]:
    """The runs in `out`, by number; folders renamed to have none come first."""
    if not out.is_dir():
        return []
    paths = [path for path in out.iterdir() if _is_run(path)]
    return [Run(path) for path in sorted(paths, key=lambda path: (_number(path.name), path.name))]


def _claim(out: Path) -> tuple[Path, int]:
    """A hidden folder that stands for the next free number until it gets its name.

    Making `.NNN` is exclusive. Whoever makes it later finds NNN-label there, since only then is `.NNN` free again.
    """
    number = 1 + max((_number(path.name) for path in out.iterdir()), default=0)
    while True:
        hidden = out / f".{number:03d}"
        try:
            hidden.mkdir()
        except FileExistsError:
            pass
        else:
            if all(_number(path.name) != number for path in out.iterdir()):
                return hidden, number
            hidden.rmdir()
        number += 1


def _number(name: str) -> int:
    digits = re.match(r"([0-9]{1,9})(?:-|$)", name)
    return int(digits[1]) if digits else 0


def _is_run(path: Path) -> bool:
    return os.path.isfile(path / "run.json")  # unlike Path.is_file, False for names that no file can have


def _is_pretrained(path: Path) -> bool:
    return all(os.path.isfile(path / name) for name in (PRETRAINED, WEIGHTS))


def _matches(name: str, known: Iterable[str]) -> list[str]:
    """The names meant by `name`: the very name, else the number, else those that begin so, with or without number."""
    if name in known:
        return [name]
    if re.fullmatch("[0-9]{1,9}", name) and (numbered := [run for run in known if _number(run) == int(name) > 0]):
        return numbered
    return [run for run in known if name and (run.startswith(name) or re.sub("^[0-9]+-", "", run).startswith(name))]


def _plain(name: str) -> str:
    """One spelling for names that look alike: composed letters, hyphens for spaces, no trailing separator."""
    return "-".join(unicodedata.normalize("NFC", name).rstrip("/").split())


def _slug(label: str) -> str:
    """The label as part of a folder name: any script, but no spaces, separators or control characters; 120 bytes."""
    legal = "".join(letter if letter.isprintable() and letter not in '/\\:*?"<>|' else " " for letter in _plain(label))
    joined = re.sub("-{2,}", "-", _plain(legal))
    return joined.encode("utf-8", "ignore")[:120].decode("utf-8", "ignore").strip(".-") or "run"
