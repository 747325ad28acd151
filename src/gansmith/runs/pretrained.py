"""A model without its run: config.json and model.safetensors in a folder, to be sent anywhere and drawn from there.

What lies in such a folder may come from a stranger: it is data, never code, and is believed only as far as it fits.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Any, Literal

import safetensors
import safetensors.torch
import torch
from pydantic import Field, field_validator
from torch import Tensor
from torch.overrides import TorchFunctionMode

from gansmith.errors import GansmithError, UsageError
from gansmith.families import family
from gansmith.runs import disk
from gansmith.runs.config import RunConfig
from gansmith.runs.folder import PRETRAINED, WEIGHTS
from gansmith.settings import Settings

SCHEMA = 1
LONGEST, LARGEST = 4 * 2**20, 8 * 2**30  # bytes of the configuration, and of the tensors
WIDEST = 8192  # pixels a side, and columns
SPARE = 2**28  # values that building may take beyond twice those in the file: fresh memories, work space


class Pretrained(Settings):
    """What config.json says: the run's configuration, and what of its course is worth telling."""

    format: Literal["gansmith"] = "gansmith"
    schema_version: int = Field(SCHEMA, le=SCHEMA, ge=1)
    name: str = Field(max_length=500, description="of the run")
    checkpoint: str = Field(max_length=100, description="which of its checkpoints")
    license: str = Field("", max_length=200, description="under which others may use it")
    seen: int = Field(0, ge=0, description="images of training it has seen")
    seconds: float = Field(0.0, ge=0, description="of training")
    scores: tuple[dict[str, Any], ...] = Field(default=(), description="its newest evaluation, a figure each")
    scored: str = Field("", description="when and how those were measured")
    verdict: str = Field("", description="what the doctor last said")
    config: RunConfig

    @field_validator("config")
    @classmethod
    def _of_a_size_that_can_be(cls, config: RunConfig) -> RunConfig:
        shape = config.spec.shape
        fits = len(shape) == (1 if config.spec.kind == "points" else 3)
        if not (fits and all(1 <= side <= WIDEST for side in shape)):
            raise ValueError(f"samples of shape {shape}")
        return config


def without_traces(config: RunConfig) -> RunConfig:
    """The configuration without what it tells of the machine: where the data lay, and what trained on it.

    And without captions, where nobody needs them to draw.
    """
    spec = config.spec
    if "caption" not in family(config.family).conditions:
        spec = spec.changed(captions=(), words=())
    return config.changed(source=Path(config.source).name or config.source, machine={}, spec=spec)


def contents(known: Pretrained, players: Mapping[str, Mapping[str, Tensor]]) -> dict[str, bytes]:
    """The files of a folder, by name, of networks' tensors by player and name."""
    named = {
        f"{player}.{name}": tensor.detach().cpu().contiguous().clone()
        for player, tensors in players.items()
        for name, tensor in tensors.items()
    }
    config = disk.encode(known.model_dump(mode="json"), indent=1) + b"\n"
    return {PRETRAINED: config, WEIGHTS: safetensors.torch.save(named, {"format": "pt"})}


def read(folder: Path) -> tuple[Pretrained, dict[str, dict[str, Tensor]]]:
    """What `contents` wrote: the configuration, and tensors by player and name. Raises GansmithError."""
    for name, most in {PRETRAINED: LONGEST, WEIGHTS: LARGEST}.items():
        try:
            size = (folder / name).stat().st_size
        except OSError as error:
            raise GansmithError(f"Cannot read {folder / name}.", error.strerror or str(error)) from None
        if size > most:
            raise GansmithError(f"{folder / name} is not read.", f"it has {size:,} bytes; {most:,} are the most")
    found = disk.read_json(folder / PRETRAINED)
    if not isinstance(found, dict) or found.get("format") != "gansmith":
        raise GansmithError(f"{folder} holds no model of gansmith.", f"{PRETRAINED} is of something else")
    if isinstance(schema := found.get("schema_version"), int) and schema > SCHEMA:
        raise GansmithError(
            f"cannot use {folder}", "it was written by a newer gansmith", "pip install --upgrade gansmith"
        )
    try:
        known = Pretrained.read(found)
    except UsageError as error:
        raise GansmithError(f"{folder / PRETRAINED} cannot be used.", error.what) from None
    try:
        named = safetensors.torch.load_file(folder / WEIGHTS)
    except (safetensors.SafetensorError, OSError, ValueError) as error:
        raise GansmithError(f"{folder / WEIGHTS} is not a readable safetensors file.", str(error)) from None
    players: dict[str, dict[str, Tensor]] = {}
    for name, tensor in named.items():
        player, _, rest = name.partition(".")
        players.setdefault(player, {})[rest] = tensor
    return known, players


def chosen(folder: Path, known: Pretrained, which: str) -> None:
    """Refuse any other checkpoint than the one that is there."""
    if which not in ("last", "best", known.checkpoint):
        raise UsageError(f"{folder} has no checkpoint {which}.", do=f"leave it out: there is only {known.checkpoint}")


class Allowance(TorchFunctionMode):
    """Within it no more is allocated than networks of so many values can need: a forged size is refused, not tried."""

    def __init__(self, players: Mapping[str, Mapping[str, Tensor]]) -> None:
        super().__init__()
        self.left = SPARE + 2 * sum(one.numel() for tensors in players.values() for one in tensors.values())

    def __torch_function__(
        self, func: Any, types: Collection[Any], args: tuple[Any, ...] = (), kwargs: dict[str, Any] | None = None
    ) -> Any:
        if func in MAKERS:
            size = (kwargs or {}).get("size", args[0] if args and isinstance(args[0], list | tuple) else args)
            self.left -= math.prod(one for one in size if isinstance(one, int))
            if self.left < 0:
                raise GansmithError("This model is not loaded.", "it asks for networks far larger than its own tensors")
        return func(*args, **(kwargs or {}))


MAKERS = {torch.empty, torch.zeros, torch.ones, torch.rand, torch.randn, torch.full}
