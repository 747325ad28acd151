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
from gansmith.networks.backbone import CELLS, Backbone
from gansmith.networks.fold import folded
from gansmith.runs import card, checkpoint, disk, hub, outgoing, package, pretrained
from gansmith.runs.backbone import backbone
from gansmith.runs.config import RunConfig
from gansmith.runs.folder import Run
from gansmith.runs.pictures import to_uint8
from gansmith.runs.state import Place

USED = ("networks", "averages")  # of a checkpoint; the optimizer's file may be gone


@dataclass(frozen=True)
class Model:
    """What a run has learnt, ready to draw. path: the folder it was loaded from."""

    config: RunConfig
    game: Game
    networks: Networks
    engine: engines.Engine
    run: str
    checkpoint: str
    path: Path = Path()

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

    def backbone(
        self,
        layer: str = "last",
        freeze: bool = True,
        *,
        of: str = "auto",
        cells: int = CELLS,
        like: Tensor | None = None,
        untrained: int | None = None,
    ) -> Backbone:
        """A copy of the discriminator, or the encoder, that gives features: images (N, C, H, W) -> (N, its `size`).

        layer: "last", the coarsest grid, or "all", or names with commas, as "14x14,7x7,units". freeze: nothing in it
        learns; else gradients flow. of: "discriminator" or "encoder"; auto: the first there is. cells: a grid is
        pooled to at most cells x cells. like: images over which every feature is standardised. untrained: a seed; the
        network as it would begin from it, to compare with. Raises UsageError where there is no such network or layer.
        """
        return backbone(
            self.config, self.game, self.networks, layer, freeze, of=of, cells=cells, like=like, untrained=untrained
        )

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

    def save_pretrained(self, folder: str | Path, *, license: str = "") -> Path:
        """Write config.json, model.safetensors, README.md and a picture into a folder that `load` reads.

        license: as the hub writes it, "apache-2.0". Raises GansmithError where the folder holds anything else.
        """
        outgoing.publish(Path(folder), self.packed(license, "."))
        return Path(folder)

    def push_to_hub(self, name: str, *, private: bool = True, license: str = "") -> str:
        """Send the same files to the Hugging Face hub, as "user/name"; returns the address. The network is used."""
        return hub.sent(name, self.packed(license, name), private=private, message=f"{self.run}, {self.checkpoint}")

    def packed(self, license: str, where: str) -> dict[str, bytes]:
        """The files of an exported model, by name. where: what its card says to load: "." or its name on the hub."""
        known = self.described(license)
        kept = {name: dict(self.networks[name].state_dict()) for name in keepers(self.game)}
        use = card.in_python(known, where, download=where != ".")
        pictures = self.pictures()
        text = card.card(known, known.name, use, picture=bool(pictures))
        return {**pretrained.contents(known, kept), **pictures, "README.md": text.encode("utf-8", "replace")}

    def described(self, license: str = "") -> pretrained.Pretrained:
        """What is worth telling of it to others."""
        return package.described(self.path, self.config, self.checkpoint, package.checked_license(license))

    def pictures(self) -> dict[str, bytes]:
        """grid.png, where there is something to show."""
        count, columns, given = package.shown(self.spec, self.config.family)
        samples = self.sample(count, given=given) if count else None
        return {} if samples is None else {"grid.png": package.picture(samples, self.spec, columns)}


def drawn_fast(network: nn.Module, engine: engines.Engine) -> nn.Module:
    """An equal network in a faster form, where there is one: of convolutions and linear layers with normalisation."""
    smaller = folded(network)
    if smaller is network or engine.precision != "bf16":
        return smaller
    return smaller.bfloat16().to(memory_format=torch.channels_last)  # type: ignore[call-overload]


def load(run: str | Path = "last", *, out: str | Path = "runs", which: str = "last", device: str = "auto") -> Model:
    """Load a run's generator, or an exported one by its folder. which: "last", "best", or a checkpoint's name.

    Only verified files of a run are read. Raises UsageError for an unknown run, GansmithError where nothing verifies.
    """
    found = Run.find(str(run), Path(out))
    if found.pretrained:
        return of_pretrained(found.path, which, device)
    config = RunConfig.read(found.config())
    path = pick(found, which)
    tensors, state = checkpoint.read(path, *USED)
    config = config.changed(settings={**config.settings, **Place.read(state).changes})  # a remedy may have changed them
    game = built(config)
    networks: dict[str, nn.Module] = dict(game.networks.items())
    for name, network in networks.items():
        part = "averages" if name in game.averaged else "networks"
        saved = {k.removeprefix(f"{name}."): v for k, v in tensors[part].items() if k.startswith(f"{name}.")}
        checkpoint.restore(dict(network.state_dict()), saved, what=f"{path} ({name})")
    return ready(config, game, networks, device, found.path, found.path.name, path.name)


def of_pretrained(folder: Path, which: str, device: str) -> Model:
    """The model in an exported folder. What only training remembers is not there. Raises GansmithError."""
    known, players = pretrained.read(folder)
    pretrained.chosen(folder, known, which)
    with pretrained.Allowance(players):
        game = built(known.config)
    networks = {name: network for name, network in game.networks.items() if name in keepers(game)}
    if strange := players.keys() ^ networks.keys():
        raise GansmithError(f"{folder} cannot be used.", f"{', '.join(sorted(strange))}: missing, or too many")
    for name, network in networks.items():
        checkpoint.restore(dict(network.state_dict()), players[name], what=f"{folder} ({name})")
    return ready(known.config, game, networks, device, folder, known.name, known.checkpoint)


def built(config: RunConfig) -> Game:
    """The game of a configuration, its networks fresh."""
    chosen = find_family(config.family)
    return chosen.build(chosen.settings.read(config.settings), config.spec, config.images)


def keepers(game: Game) -> set[str]:
    """The players worth keeping when nothing is trained any more: all but memories."""
    return {"generator", *game.averaged, *game.optimizers}


def ready(
    config: RunConfig, game: Game, networks: dict[str, nn.Module], device: str, path: Path, name: str, mark: str
) -> Model:
    """Networks as they are to draw, on their device."""
    chosen = find_family(config.family)
    for network in networks.values():
        network.eval().requires_grad_(False)
    engine = engines.choose(device, "auto")
    game.networks.to(engine.device)
    if chosen.channels_last and config.spec.kind == "images":
        game.networks.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    return Model(config, game, networks, engine, name, mark, path)


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
