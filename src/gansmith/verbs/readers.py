"""The encoder of a run that has none: trained once for each checkpoint, and kept beside it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

import torch

from gansmith.editing.reading import Reader, reader_of, trained
from gansmith.editing.space import Given, Space
from gansmith.runs import disk
from gansmith.runs.model import Model
from gansmith.verbs.conditions import Conditions
from gansmith.verbs.supposed import rows_of

Watcher = Callable[[Mapping[str, Any]], None]
FOLDER = "inversion"  # in the run's folder


def kept_at(model: Model, name: str) -> Path:
    """Where what was found out about a checkpoint's latents is kept."""
    return model.path / FOLDER / f"{model.checkpoint}-{name}"


def keep(path: Path, data: bytes) -> None:
    """Write it if the run's folder can be written to: it can be found out again."""
    with suppress(OSError):
        path.parent.mkdir(exist_ok=True)
        disk.replace(path, data)


def reader_for(model: Model, space: Space, among: Conditions, watch: Watcher = lambda report: None) -> Reader:
    """An encoder of the space's images, kept from before or trained now. among: conditions (K, ...) to train under."""
    from safetensors import SafetensorError
    from safetensors.torch import load, save

    path = kept_at(model, f"{space.name}.safetensors")
    with suppress(OSError, SafetensorError, RuntimeError):  # missing, torn, or of another version
        return reader_of(space, load(path.read_bytes()))

    def given(count: int, seed: int) -> Given:
        known = len(next(iter(among.values()))) if among else 1
        return rows_of(among, torch.randint(known, (count,), generator=torch.Generator().manual_seed(seed)))

    def told(done: int, total: int) -> None:
        watch({"progress": ("training an encoder", done, total)})

    reader = trained(space, given=given, progress=told)
    keep(path, save(dict(reader.state_dict())))
    return reader
