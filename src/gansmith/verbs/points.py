"""Latents in a file: of which space they are, whose, and under which conditions they are drawn."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from gansmith.editing.space import Given, Space
from gansmith.errors import UsageError
from gansmith.families import family
from gansmith.runs import disk
from gansmith.runs.model import Model
from gansmith.verbs.codes import codes_of
from gansmith.verbs.conditions import Conditions
from gansmith.verbs.encode import latents_in
from gansmith.verbs.latents import space_of
from gansmith.verbs.translate import saved

STATED = ("label", "caption", "code")  # conditions that a file may hold, a row for each of its latents


def write_points(path: Path, space: Space, points: Tensor, names: Sequence[str], given: Given) -> None:
    """An .npz: `latents` (N, *shape) float32, `names` (N,), `space`, and conditions of N rows by name."""
    file = io.BytesIO()
    arrays: dict[str, Any] = {name: value.numpy() for name, value in given.items()}
    np.savez_compressed(file, latents=points.numpy(), names=np.array(names), space=np.array(space.name), **arrays)
    path.parent.mkdir(parents=True, exist_ok=True)
    saved(lambda: disk.replace(path, file.getvalue()), path.parent)


def points_in(path: str | Path, model: Model) -> tuple[Tensor | None, Conditions]:
    """What a file's latents are drawn of: latents (N, z) or None, and conditions, styles (N, layers, w) among them.

    Raises UsageError for a file without latents, or with those of another run.
    """
    try:
        with np.load(path, allow_pickle=False) as file:
            space = str(file["space"]) if "space" in file.files else "z"
            found = {name: torch.from_numpy(file[name]) for name in ("latents", *STATED) if name in file.files}
    except (OSError, ValueError, TypeError, zipfile.BadZipFile):
        return latents_in(path, model), {}  # which says what is wrong with it
    if space not in ("w", "w+"):
        latents = latents_in(path, model)
        return latents, checked(found, len(latents), model, path)
    layers, *_ = space_of(model, "w+").shape  # raises where there are none
    styles = found["latents"].float()
    return None, {"styles": styles if styles.dim() == 3 else styles[:, None].expand(-1, layers, -1)}


def checked(found: Given, count: int, model: Model, path: str | Path) -> Conditions:
    """The conditions in a file, if they are such as `count` samples of the run can have. Raises UsageError."""
    given = {name: found[name] for name in STATED if name in found}
    for name, rows in given.items():
        if name not in family(model.config.family).conditions or len(rows) != count or not fits(name, rows, model):
            raise UsageError(f"The {name}s in {path} are not of this run, or of other latents.")
    return given


def fits(name: str, rows: Tensor, model: Model) -> bool:
    """Whether conditions (N, ...) of that name are of the kind that the run knows."""
    if name == "label":
        known = len(model.spec.classes)
        return rows.dtype == torch.int64 and rows.dim() == 1 and bool((rows >= 0).all() and (rows < known).all())
    if name == "code":
        return rows.dim() == 2 and rows.shape[1] == codes_of(model.config).size
    return rows.dim() == 2 and rows.dtype == torch.uint8
