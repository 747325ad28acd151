"""Checkpoints on disk: whole or not there at all, and any damage is noticed before a tensor is used.

A checkpoint is a folder named by the images seen: a few safetensors files, `state.json`, and the manifest of them.
There is no pointer to the latest one: the latest is the newest that verifies.
"""

from __future__ import annotations

import contextlib
import itertools
import json
import math
import os
import re
import warnings
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import safetensors.torch
import torch
from torch import Tensor

from gansmith.errors import GansmithError
from gansmith.runs import disk, manifest
from gansmith.runs.disk import sweep as sweep

STATE = "state.json"
SUFFIX = ".safetensors"


class CheckpointError(GansmithError):
    """A checkpoint cannot be written, trusted or used."""


def save(folder: Path, name: str, tensors: Mapping[str, Mapping[str, Tensor]], state: Mapping[str, Any]) -> Path:
    """Write checkpoint `folder/name` and return its path once it is complete, checked and durable.

    name: images seen, in digits. tensors: per file ("networks", ...) its tensors by name, of any shape, stride, dtype
    and device. state: what JSON gives back unchanged (TypeError otherwise, before anything is written).

    Raises CheckpointError when the disk refuses or a tensor is not finite; every older checkpoint, a namesake too, is
    then untouched, and the attempt leaves nothing behind.
    """
    if not _is_name(name):
        raise ValueError(f"a checkpoint is named by its images seen, not {name!r}")
    _check_json(dict(state), "state")
    target = folder / name
    temporary = disk.marked(disk.TEMPORARY, target)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        disk.remove(temporary)
        temporary.mkdir()
        files = {}
        for file, data in _contents(tensors, state):
            disk.write(temporary / file, data)
            files[file] = manifest.entry(data)
        manifest.write(temporary, files)
        disk.sync_folder(temporary)
        # Checked before it becomes visible, so that a namesake never steps aside for a bad one.
        if fault := verify(temporary):
            raise CheckpointError(f"checkpoint {target} did not reach the disk intact", fault, "check the disk")
        _publish(temporary, target)
    except OSError as error:
        raise CheckpointError(
            f"cannot write checkpoint {target}",
            error.strerror or str(error),
            "make room on the disk or make the folder writable; the older checkpoints are intact",
        ) from error
    finally:
        with contextlib.suppress(OSError):
            disk.remove(temporary)
    return target


def verify(path: Path) -> str | None:
    """None if every byte is as it was written, else what is wrong, naming the file."""
    try:
        manifest.check(path)
    except manifest.Damaged as damage:
        return str(damage)
    except OSError as error:
        return f"{error.filename or path}: {error.strerror}"
    return None


def newest(folder: Path, *, warn: Callable[[str], None]) -> Path | None:
    """The newest checkpoint in `folder` that verifies, or None; each bad one passed over is told to `warn`."""
    disk.put_back(folder)
    for path in _visible(folder):
        if (fault := verify(path)) is None:
            return path
        warn(f"passing over checkpoint {path}: {fault}")
    return None


def read(path: Path, *files: str) -> tuple[dict[str, dict[str, Tensor]], dict[str, Any]]:
    """The tensors of the named files (of all when none is named), contiguous and on the CPU, and the state.

    The bytes that are checked are the bytes that are used. Raises CheckpointError.
    """
    try:
        listed = manifest.load(path)
        wanted = files or [file.removesuffix(SUFFIX) for file in listed if file.endswith(SUFFIX)]
        tensors = {file: _parse(file + SUFFIX, manifest.read(path, file + SUFFIX, listed)) for file in wanted}
        state = json.loads(manifest.read(path, STATE, listed))
    except (manifest.Damaged, OSError, ValueError, RecursionError) as error:
        raise CheckpointError(f"cannot use checkpoint {path}", str(error), "an older one may be intact") from None
    if not isinstance(state, dict):
        raise CheckpointError(f"cannot use checkpoint {path}", f"{STATE} is not an object")
    return tensors, state


def state(path: Path) -> dict[str, Any]:
    """Only the state of a checkpoint. Raises CheckpointError."""
    try:
        found = json.loads(manifest.read(path, STATE, manifest.load(path)))
    except (manifest.Damaged, OSError, ValueError, RecursionError) as error:
        raise CheckpointError(f"cannot use checkpoint {path}", str(error), "an older one may be intact") from None
    if not isinstance(found, dict):
        raise CheckpointError(f"cannot use checkpoint {path}", f"{STATE} is not an object")
    return found


def restore(module_tensors: Mapping[str, Tensor], saved: Mapping[str, Tensor], *, what: str) -> None:
    """Copy `saved` into the existing tensors, each of which keeps its device and its memory format.

    Names, shapes, dtypes and finiteness of all are checked before any is written: torch's fused Adam checks none of it
    and writes past the end of a moment that is too short. Raises CheckpointError naming the tensor and the difference.
    """
    faults = [fault for name in module_tensors if (fault := _misfit(name, module_tensors[name], saved.get(name)))]
    faults += [f"{name} does not belong there" for name in saved if name not in module_tensors]
    if faults:
        more = f" (and {len(faults) - 1} more)" if len(faults) > 1 else ""
        raise CheckpointError(
            f"the saved {what} does not fit",
            faults[0] + more,
            "use the configuration the checkpoint was written with, or an older checkpoint",
        )
    with torch.no_grad():
        for name, tensor in module_tensors.items():
            tensor.copy_(saved[name])


def keepers(names: Sequence[str], *, best: str | None, last: int = 2) -> set[str]:
    """Which checkpoints to keep: the last few, the best, and the first of each fourfold growth in images seen.

    A first remains one whatever comes later, so asking again after every checkpoint thins nothing out.
    """
    ordered = sorted(names, key=int)
    firsts = {int(name).bit_length() // 2: name for name in reversed(ordered)}
    return {*ordered[-last:], *firsts.values(), *(name for name in names if name == best)}


def prune(folder: Path, *, keep: Collection[str], warn: Callable[[str], None] = warnings.warn) -> None:
    """Delete the checkpoints not in `keep`, but never the two newest that verify; a failed deletion is a warning."""
    paths = _visible(folder)
    verified = (path for path in paths if verify(path) is None)
    spared = {*keep, *(path.name for path in itertools.islice(verified, 2))}
    for path in paths:
        if path.name not in spared:
            try:
                disk.discard(path)
            except OSError as error:
                warn(f"cannot delete the old checkpoint {path}: {error.strerror}")


def _contents(tensors: Mapping[str, Mapping[str, Tensor]], state: Mapping[str, Any]) -> Iterator[tuple[str, bytes]]:
    """(file name, content) one by one, so that only one file at a time is in memory twice."""
    for file, named in tensors.items():
        for name, tensor in named.items():
            if not _finite(tensor):
                raise CheckpointError("no checkpoint written", f"{name} in {file} holds NaN or infinity", "roll back")
        yield file + SUFFIX, safetensors.torch.save(_apart(named))
    yield STATE, disk.encode(dict(state), indent=1) + b"\n"


def _apart(named: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """The tensors as safetensors wants them: contiguous, and no two in the same memory."""
    seen: set[int] = set()
    apart = {}
    for name, tensor in named.items():
        tensor = tensor.detach().cpu().contiguous()
        storage = tensor.untyped_storage()
        if storage.data_ptr() in seen or storage.nbytes() != tensor.nbytes:
            tensor = tensor.clone()
        seen.add(storage.data_ptr())
        apart[name] = tensor
    return apart


def _publish(temporary: Path, target: Path) -> None:
    """Make the finished folder visible; a namesake steps aside for it, and comes back should that fail."""
    aside = disk.marked(disk.ASIDE, target)
    replaces = target.exists()
    if replaces:
        disk.remove(aside)
        os.rename(target, aside)
    try:
        os.rename(temporary, target)
    except BaseException:
        disk.put_back(target.parent)
        raise
    disk.sync_folder(target.parent)
    if replaces:
        with contextlib.suppress(OSError):  # the new one is safe; sweep tries again
            disk.discard(aside)


def _parse(file: str, data: bytes) -> dict[str, Tensor]:
    try:
        return safetensors.torch.load(data)
    except Exception as error:  # as its manifest says, hence forged or foreign: the parser may raise anything
        raise manifest.Damaged(f"{file} is not a readable safetensors file ({error})") from None


def _misfit(name: str, tensor: Tensor, saved: Tensor | None) -> str | None:
    if saved is None:
        return f"{name} is missing"
    if saved.shape != tensor.shape:
        return f"{name} has shape {tuple(saved.shape)}, not {tuple(tensor.shape)}"
    if saved.dtype != tensor.dtype:
        return f"{name} has dtype {saved.dtype}, not {tensor.dtype}"
    return None if _finite(saved) else f"{name} holds NaN or infinity"


def _finite(tensor: Tensor) -> bool:
    return not (tensor.is_floating_point() or tensor.is_complex()) or bool(torch.isfinite(tensor).all())


def _visible(folder: Path) -> list[Path]:
    """The checkpoints in `folder`, newest first."""
    found = [path for path in folder.iterdir() if _is_name(path.name)] if folder.is_dir() else []
    return sorted(found, key=lambda path: int(path.name), reverse=True)


def _is_name(name: str) -> bool:
    return re.fullmatch("[0-9]{1,18}", name) is not None


def _check_json(value: Any, where: str) -> None:
    if isinstance(value, dict):
        for key, inner in value.items():
            if not isinstance(key, str):
                raise TypeError(f"{where} has the key {key!r}; JSON gives keys back as strings")
            _check_json(inner, f"{where}[{key!r}]")
    elif isinstance(value, list):
        for index, inner in enumerate(value):
            _check_json(inner, f"{where}[{index}]")
    elif not (value is None or isinstance(value, str | int) or (isinstance(value, float) and math.isfinite(value))):
        raise TypeError(f"{where} is {value!r} ({type(value).__name__}), which JSON does not give back unchanged")
