"""A finished model: build(config) + tensors. Sampling needs neither the data nor the optimizer's files."""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from gansmith import engine as engines
from gansmith.data.spec import DataSpec
from gansmith.errors import GansmithError
from gansmith.families import family as find_family
from gansmith.game.game import Game, Networks, Request
from gansmith.runs import checkpoint
from gansmith.runs.config import RunConfig
from gansmith.runs.folder import Run
from gansmith.runs.pictures import to_uint8


@dataclass(frozen=True)
class Model:
    """What a run has learnt, ready to draw."""

    config: RunConfig
    game: Game
    networks: Networks
    engine: engines.Engine
    checkpoint: str

    @property
    def spec(self) -> DataSpec:
        return self.config.spec

    @torch.no_grad()
    def draw(self, count: int, seed: int = 0, latent: Tensor | None = None) -> Tensor:
        """Samples as the networks make them: (count, C, H, W) in [-1, 1], or standardised rows (count, D), on the CPU.

        A pure function of (count, seed): the first k of a longer draw differ from a draw of k.
        """
        with self.engine.autocast():
            return self.game.draw(self.networks, Request(count, seed, latent)).float().cpu()

    def sample(self, count: int = 16, seed: int = 0) -> NDArray[Any]:
        """Images as uint8 (count, H, W, C), or points (count, D) in the data's own units."""
        drawn = self.draw(count, seed)
        return self.spec.in_units(drawn.numpy()) if self.spec.kind == "points" else to_uint8(drawn)


def load(run: str | Path = "last", *, out: str | Path = "runs", which: str = "last", device: str = "auto") -> Model:
    """Load a run's generator. which: "last", "best", or a checkpoint's name.

    Only verified files are read. Raises UsageError for an unknown run, GansmithError where nothing verifies.
    """
    found = Run.find(str(run), Path(out))
    config = RunConfig.read(found.config())
    path = pick(found, which)
    tensors, _ = checkpoint.read(path, "networks", "averages")
    chosen = find_family(config.family)
    game = chosen.build(chosen.settings.read(config.settings), config.spec, config.images)
    networks: dict[str, nn.Module] = dict(game.networks.items())
    for name, network in networks.items():
        part = "averages" if name in game.averaged else "networks"
        saved = {k.removeprefix(f"{name}."): v for k, v in tensors[part].items() if k.startswith(f"{name}.")}
        checkpoint.restore(dict(network.state_dict()), saved, what=f"{path} ({name})")
        network.eval().requires_grad_(False)
    engine = engines.choose(device, "auto")
    game.networks.to(engine.device)
    if chosen.channels_last and config.spec.kind == "images":
        game.networks.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    return Model(config, game, networks, engine, path.name)


def pick(run: Run, which: str) -> Path:
    """The checkpoint meant by "last", "best" or a name."""
    newest = checkpoint.newest(run.checkpoints, warn=lambda words: warnings.warn(words, stacklevel=2))
    if newest is None:
        raise GansmithError(f"{run.path.name} has no checkpoint that verifies.", do="gansmith runs")
    if which == "last":
        return newest
    if which == "best":
        _, state = checkpoint.read(newest)
        which = (state.get("best") or {}).get("name", newest.name)
    path = run.checkpoints / which
    fault = checkpoint.verify(path) if path.is_dir() else "there is none of that name"
    if fault:
        names = ", ".join(sorted(p.name for p in run.checkpoints.iterdir() if not p.name.startswith(".")))
        raise GansmithError(f"Checkpoint {which} cannot be used.", why=fault, do=f"one of {names}")
    return path
