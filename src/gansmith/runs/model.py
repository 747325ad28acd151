"""A finished model: build(config) + tensors. Sampling needs neither the data nor the optimizer's files."""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from gansmith import engine as engines
from gansmith.data.spec import DataSpec
from gansmith.errors import GansmithError, UsageError
from gansmith.families import family as find_family
from gansmith.game.game import Game, Networks, Noise, Request
from gansmith.networks.fold import folded
from gansmith.runs import checkpoint, disk
from gansmith.runs.config import RunConfig
from gansmith.runs.folder import Run
from gansmith.runs.pictures import to_uint8
from gansmith.runs.state import Place

USED = ("networks", "averages")  # of a checkpoint; the optimizer's file may be gone


@dataclass(frozen=True)
class Model:
    """What a run has learnt, ready to draw."""

    config: RunConfig
    game: Game
    networks: Networks
    engine: engines.Engine
    run: str
    checkpoint: str

    @property
    def spec(self) -> DataSpec:
        return self.config.spec

    @cached_property
    def drawing(self) -> Networks:
        """The networks as they draw fastest: normalisation folded away, then weights in bfloat16 where it pays."""
        return {name: drawn_fast(network, self.engine) for name, network in self.networks.items()}

    @torch.no_grad()
    def draw(
        self,
        count: int,
        seed: int = 0,
        latent: Tensor | None = None,
        given: Mapping[str, Tensor] | None = None,
        way: str = "AtoB",
        noise: Noise = "fixed",
    ) -> Tensor:
        """Samples as the networks make them: (count, C, H, W) in [-1, 1], or standardised rows (count, D), on the CPU.

        given: conditions of `count` rows each, by name; those left out are as the data has them. way: of a translation.
        noise: of a generator with noise inputs, the same for all, each its own, or none.
        A pure function of its arguments: the first k of a longer draw differ from a draw of k.
        """
        with self.engine.autocast():
            return self.game.draw(self.drawing, Request(count, seed, latent, given or {}, way, noise)).float().cpu()

    @torch.no_grad()
    def encode(self, image: Tensor) -> Tensor:
        """Latents (N, z) of images (N, C, H, W) in [-1, 1], of a model whose family has an encoder, else UsageError."""
        if self.game.encode is None:
            raise UsageError(
                f"{self.run} cannot encode images.",
                f"its family, {self.config.family}, has no encoder",
                "a run of vae or vae-gan: gansmith train DATA -f vae-gan",
            )
        with self.engine.autocast():
            return self.game.encode(self.networks, image).float().cpu()

    def reconstruct(self, image: Tensor) -> Tensor:
        """What the latents of images (N, C, H, W) in [-1, 1] are drawn as: (N, C, H, W)."""
        return self.draw(len(image), latent=self.encode(image))

    def sample(
        self,
        count: int = 16,
        seed: int = 0,
        given: Mapping[str, Tensor] | None = None,
        way: str = "AtoB",
        noise: Noise = "fixed",
        latent: Tensor | None = None,
    ) -> NDArray[Any]:
        """Images as uint8 (count, H, W, C), or points (count, D) in the data's own units."""
        drawn = self.draw(count, seed, latent, given, way, noise)
        return self.spec.in_units(drawn.numpy()) if self.spec.kind == "points" else to_uint8(drawn)


def drawn_fast(network: nn.Module, engine: engines.Engine) -> nn.Module:
    """An equal network in a faster form, where there is one: of convolutions and linear layers with normalisation."""
    smaller = folded(network)
    if smaller is network or engine.precision != "bf16":
        return smaller
    return smaller.bfloat16().to(memory_format=torch.channels_last)  # type: ignore[call-overload]


def load(run: str | Path = "last", *, out: str | Path = "runs", which: str = "last", device: str = "auto") -> Model:
    """Load a run's generator. which: "last", "best", or a checkpoint's name.

    Only verified files are read. Raises UsageError for an unknown run, GansmithError where nothing verifies.
    """
    found = Run.find(str(run), Path(out))
    config = RunConfig.read(found.config())
    path = pick(found, which)
    tensors, state = checkpoint.read(path, *USED)
    chosen = find_family(config.family)
    settings = {**config.settings, **Place.read(state).changes}  # a remedy may have changed them
    game = chosen.build(chosen.settings.read(settings), config.spec, config.images)
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
    return Model(config, game, networks, engine, found.path.name, path.name)


def pick(run: Run, which: str) -> Path:
    """The checkpoint meant by "last", "best" or a name."""
    disk.put_back(run.checkpoints)
    found = sorted((p for p in run.checkpoints.glob("*") if p.name.isdecimal()), key=lambda p: int(p.name))
    if which not in {"last", "best"}:
        if not (chosen := [path for path in found if path.name == which]):
            names = ", ".join(path.name for path in found)
            raise UsageError(f"{run.path.name} has no checkpoint {which}.", do=f"last, best, or one of {names}")
        return chosen[0]
    for path in reversed(found):
        try:
            _, state = checkpoint.read(path, *USED)
        except checkpoint.CheckpointError as error:
            warnings.warn(f"passing over checkpoint {path}: {error.why}", stacklevel=2)
            continue
        best = run.checkpoints / (state.get("best") or {}).get("name", path.name)
        return best if which == "best" and best.is_dir() else path
    raise GansmithError(f"{run.path.name} has no checkpoint that verifies.", do="gansmith runs")
