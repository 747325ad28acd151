"""What goes into the folder of an exported model beside its tensors: its description, a picture, its card."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
import torch
from PIL import Image
from torch import Tensor

from gansmith.data.spec import DataSpec
from gansmith.errors import GansmithError
from gansmith.families import family
from gansmith.runs import card, checkpoint, pretrained
from gansmith.runs.config import RunConfig
from gansmith.runs.folder import Run
from gansmith.runs.pictures import grid
from gansmith.runs.plots import cloud
from gansmith.runs.pretrained import Pretrained
from gansmith.runs.state import Place

SHOWN, PIXELS = 48, 2**22  # samples of the picture, at most, and pixels of all of them
KINDS = 12  # classes that get a row each
POINTS = 1000


def described(folder: Path, config: RunConfig, name: str, license: str) -> Pretrained:
    """What a model is and how it came to be, of a run's folder or of an exported one; `name`: of its checkpoint."""
    run = Run(folder)
    if run.pretrained:
        known, _ = pretrained.read(folder)
        return known.changed(license=license or known.license)
    told = card.course(run, name)
    seen = Place.read(checkpoint.state(run.checkpoints / name)).seen
    config = pretrained.without_traces(config)
    return Pretrained(name=folder.resolve().name, checkpoint=name, license=license, seen=seen, config=config, **told)


def shown(spec: DataSpec, name: str) -> tuple[int, int | None, dict[str, Tensor]]:
    """How many samples the picture of a model of that family shows, in how many columns, under which conditions.

    Where it is told classes, a row of each of the first. None at all of a family that makes images of images: those
    are somebody's data.
    """
    conditions = family(name).conditions
    if "source" in conditions or (spec.kind == "points" and len(spec.shape) == 1 and spec.shape[0] != 2):
        return 0, None, {}
    if spec.kind == "points":
        return POINTS, None, {}
    count = max(1, min(SHOWN, PIXELS // (spec.shape[1] * spec.shape[2])))
    if "label" not in conditions or not spec.classes or spec.caption_bytes:
        return count, None, {}
    rows = min(KINDS, len(spec.classes))
    columns = max(1, min(8, count // rows or 1))
    return rows * columns, columns, {"label": torch.arange(rows).repeat_interleave(columns)}


def picture(samples: np.ndarray, spec: DataSpec, columns: int | None) -> bytes:
    """grid.png, of samples as `Model.sample` gives them."""
    drawn: Image.Image = cloud(samples, spec.columns) if spec.kind == "points" else grid(samples, columns)
    file = io.BytesIO()
    drawn.save(file, "PNG")
    return file.getvalue()


def checked_license(text: str) -> str:
    """A licence as the header of a card can have it. Raises GansmithError for anything else."""
    if text and not all(letter.isalnum() or letter in ".-+ " for letter in text):
        raise GansmithError(f"'{text}' is no licence.", do="--license apache-2.0, cc-by-4.0, other, ...")
    return text
