"""What a transfer network is on disk: a small folder, `transfer.json` and checkpoints, to paint with or learn on."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import nn

from gansmith.data.dataset import Dataset
from gansmith.engine import Engine
from gansmith.errors import GansmithError, UsageError
from gansmith.game.game import Game
from gansmith.game.loop import play
from gansmith.runs import checkpoint, disk
from gansmith.runs.state import Training
from gansmith.verbs.session import Interrupted
from gansmith.verbs.signals import stopping

Watcher = Callable[[Mapping[str, Any]], None]

TRANSFERS = Path("transfers")  # where those without a path lie
NOTES, CHECKPOINTS = "transfer.json", "checkpoints"
LENGTH = ("duration", "images")  # what may be other when the same is learnt on
SAVE_EVERY = 60.0  # seconds
NOT_FINITE = 3  # steps, after which learning is given up


@dataclass(frozen=True)
class Transfer:
    """A transfer network's folder and what it says: its kind ("fast" or "adain"), settings, features, data, length."""

    path: Path
    notes: Mapping[str, Any]

    @property
    def kind(self) -> str:
        return str(self.notes["kind"])

    @property
    def checkpoints(self) -> Path:
        return self.path / CHECKPOINTS

    @classmethod
    def find(cls, name: str | Path, kind: str) -> Transfer:
        """By its folder, or by its name in `transfers/`. Raises UsageError where there is none of that kind."""
        for path in (Path(name), TRANSFERS / name):
            if (path / NOTES).is_file():
                found = cls(path, read(path))
                if found.kind != kind:
                    way = {"fast": "--fast", "adain": "--adain"}
                    raise UsageError(f"{path} is a transfer network of another kind.", do=f"{way[found.kind]} {name}")
                return found
        raise UsageError(
            f"There is no transfer network '{name}'.",
            f"neither {name} nor {TRANSFERS / name} holds a {NOTES}",
            "gansmith style --train-fast STYLE --data FOLDER learns one",
        )

    @classmethod
    def begin(cls, path: Path, notes: Mapping[str, Any]) -> Transfer:
        """Make its folder, or go on with the one there. Raises UsageError where another one lies there."""
        if not (path / NOTES).is_file():
            path.mkdir(parents=True, exist_ok=True)
            disk.write_json(path / NOTES, notes)
            return cls(path, notes)
        before = read(path)
        if other := [name for name in notes if name not in LENGTH and notes[name] != before.get(name)]:
            raise UsageError(
                f"Another transfer network lies in {path}.",
                f"its {', '.join(other)} differ",
                "-o ANOTHER, or remove it",
            )
        if notes != before:
            disk.write_json(path / NOTES, notes)
        return cls(path, notes)

    def restore(self, network: nn.Module, name: str) -> None:
        """Give a network the averaged weights of the newest checkpoint that verifies, ready to paint."""
        newest = checkpoint.newest(self.checkpoints, warn=lambda words: None)
        if newest is None:
            raise GansmithError(f"{self.path} has no checkpoint that verifies.", do="the command that began it goes on")
        tensors, _ = checkpoint.read(newest, "averages")
        known = {key.removeprefix(f"{name}."): value for key, value in tensors["averages"].items()}
        checkpoint.restore(dict(network.state_dict()), known, what=str(newest))
        network.eval().requires_grad_(False)

    def learn(
        self,
        build: Callable[[], Game],
        dataset: Dataset,
        *,
        images: int,
        batch: int,
        seed: int,
        engine: Engine,
        watch: Watcher = lambda report: None,
    ) -> Training:
        """Play until so many images were seen, from the newest checkpoint on, and save.

        Ctrl-C and SIGTERM save, too; then raises Interrupted. GansmithError where gradients are not finite for long.
        """
        disk.sweep(self.path)
        newest = checkpoint.newest(self.checkpoints, warn=lambda words: watch({"warning": words}))
        training = Training.revive(newest, lambda place: build()) if newest else Training.begin(build())
        place, asked, saved = training.place, list[str](), time.perf_counter()
        began = place.seen
        with stopping(asked):
            batches = dataset.batches(batch, seed=seed, seen=place.seen, device=engine.device, channels_last=False)
            steps = play(
                training.game,
                batches,
                training.optimizers,
                training.averages,
                number=place.number,
                seen=place.seen,
                seed=seed,
                engine=engine,
            )
            while place.seen < images and not asked:
                step = next(steps)
                place.number, place.seen = step.number + 1, step.seen + len(step.batch)
                watch({"progress": ("learning", min(place.seen, images), images)})
                if int(training.optimizers.skipped) > NOT_FINITE:
                    raise GansmithError("The gradients are not finite.", do="a smaller lr, or another seed")
                if time.perf_counter() - saved > SAVE_EVERY:
                    self.save(training)
                    saved = time.perf_counter()
            if place.seen > began:
                self.save(training)
        if asked:
            raise Interrupted(
                f"Stopped by {asked[0]} and saved at {place.seen:,} of {images:,} images.",
                do="the same command goes on",
            )
        return training

    def save(self, training: Training) -> None:
        training.save(self.checkpoints)
        checkpoint.prune(self.checkpoints, keep=())


def read(path: Path) -> dict[str, Any]:
    """Its notes. Raises GansmithError for those that cannot be used."""
    notes = disk.read_json(path / NOTES)
    if not isinstance(notes, dict) or not {"kind", "settings", "features", "images"} <= notes.keys():
        raise GansmithError(f"{path / NOTES} does not describe a transfer network.", do="learn it again")
    return notes


def images_a_second(build: Callable[[], Game], dataset: Dataset, batch: int, engine: Engine) -> float:
    """How fast a throw-away network learns: the second and third step of three."""
    training = Training.begin(build())
    steps = play(
        training.game,
        dataset.batches(batch, seed=0, seen=0, device=engine.device, channels_last=False),
        training.optimizers,
        training.averages,
        engine=engine,
    )
    next(steps)
    began = time.perf_counter()
    for _ in range(2):
        next(steps)
    if engine.device == "cuda":
        torch.cuda.synchronize()
    return 2 * batch / (time.perf_counter() - began)
