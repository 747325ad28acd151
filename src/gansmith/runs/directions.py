"""The directions found for a run, by name: a safetensors file and the JSON that says how each was found."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import safetensors.torch
from safetensors import SafetensorError

from gansmith.editing.directions import Direction
from gansmith.errors import GansmithError, UsageError, closest
from gansmith.runs import disk, manifest

FOLDER = "directions"
SCHEMA = 1
NAME = re.compile(r"[A-Za-z_]\w{0,63}", re.ASCII)
CLASSIFIER = "classifier."  # before the names of a classifier's tensors


@dataclass(frozen=True)
class Kept:
    """A direction, and the run and checkpoint whose latents it was found among. stamp: see `stamp_of`."""

    direction: Direction
    run: str
    checkpoint: str
    stamp: str


def stamp_of(checkpoint: Path) -> str:
    """SHA-256 of a checkpoint's manifest, which lists that of every tensor in it."""
    return hashlib.sha256((checkpoint / manifest.NAME).read_bytes()).hexdigest()


def check_name(name: str) -> str:
    """The name, as expressions can have it. Raises UsageError for another."""
    if not NAME.fullmatch(name):
        raise UsageError(f"'{name}' cannot name a direction.", do="letters, digits and _, e.g. --name glasses")
    return name


def names(run: Path) -> list[str]:
    """Those that a run has, in order."""
    return sorted(path.stem for path in (run / FOLDER).glob("*.json") if NAME.fullmatch(path.stem))


def save(run: Path, kept: Kept) -> tuple[Path, Path]:
    """Write a direction beside its run, over an older one of that name; returns the paths of tensors and JSON.

    Raises OSError; each file is then whole, and a reader notices where they do not belong together.
    """
    one = kept.direction
    tensors = {"vector": one.vector, **{CLASSIFIER + name: value for name, value in one.classifier.items()}}
    data = safetensors.torch.save({name: value.detach().cpu().contiguous() for name, value in tensors.items()})
    about = {
        **{"schema": SCHEMA, "name": check_name(one.name), "run": kept.run, "checkpoint": kept.checkpoint},
        **{"checkpoint_sha256": kept.stamp, "space": one.space, "size": len(one.vector), "scale": one.scale},
        **{"strength": one.strength, "made": disk.tame(dict(one.made)), "sha256": hashlib.sha256(data).hexdigest()},
    }
    folder = run / FOLDER
    folder.mkdir(exist_ok=True)
    values, words = folder / f"{one.name}.safetensors", folder / f"{one.name}.json"
    disk.replace(values, data)
    disk.write_json(words, about)
    return values, words


def load(run: Path, name: str) -> Kept:
    """A direction by name. Raises UsageError for one that a run has not, GansmithError for files that are damaged."""
    known = names(run)
    if name not in known:
        way = closest(name, known) if known else f"gansmith directions {run.name}"
        raise UsageError(f"{run.name} has no direction '{name}'.", "" if known else "none has been found yet", way)
    path = run / FOLDER / f"{name}.json"
    about = disk.read_json(path)
    try:
        data = path.with_suffix(".safetensors").read_bytes()
        if not isinstance(about, Mapping) or hashlib.sha256(data).hexdigest() != about["sha256"]:
            raise ValueError("it is not what was written")
        tensors = safetensors.torch.load(data)
        classifier = {
            key.removeprefix(CLASSIFIER): value for key, value in tensors.items() if key.startswith(CLASSIFIER)
        }
        one = Direction(
            name, tensors["vector"], about["space"], about["scale"], about["strength"], about["made"], classifier
        )
        return Kept(one, about["run"], about["checkpoint"], about["checkpoint_sha256"])
    except (OSError, KeyError, TypeError, ValueError, SafetensorError) as error:
        raise GansmithError(
            f"The direction {name} of {run.name} cannot be read.",
            str(error),
            f"find it again: gansmith directions {run.name}",
        ) from None
