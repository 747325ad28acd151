"""Everything a training must remember, in and out of a checkpoint: networks, averages, optimizers, place."""

from __future__ import annotations

import math
from collections.abc import Callable, Collection, Mapping
from dataclasses import asdict, dataclass, field, fields
from pathlib import Path
from typing import Any

from torch import Tensor

from gansmith.errors import GansmithError
from gansmith.game.acts import Act
from gansmith.game.averages import Averages
from gansmith.game.game import Game
from gansmith.game.optimizers import Optimizers
from gansmith.runs import checkpoint

PARTS = ("networks", "averages", "optimizers")


@dataclass
class Place:
    """Where a training stands. Randomness, data order and schedules are functions of it.

    seen: images seen on the way here; lost: images seen in vain, before roll-backs.
    skipped: steps not taken since the last good checkpoint. distance, kid: to held-out data, when last measured.
    best: name and score of the best checkpoint. healthy: what the doctor last said.
    treatments: the remedies applied, in order; each says which settings it changed and what came of it.
    act: the one it was in last; None before the first, and in checkpoints of versions that did not note it.
    """

    number: int = 0
    seen: int = 0
    lost: int = 0
    seconds: float = 0.0
    skipped: int = 0
    distance: float | None = None
    kid: float | None = None
    best: dict[str, Any] | None = None
    healthy: bool = True
    treatments: list[dict[str, Any]] = field(default_factory=list)
    machine: dict[str, Any] = field(default_factory=dict)
    act: str | None = None

    @property
    def counter(self) -> int:
        """All images seen so far, those in vain too: it only ever grows, and pictures and checkpoints go by it."""
        return self.seen + self.lost

    @property
    def name(self) -> str:
        return f"{self.counter:09d}"

    @property
    def in_force(self) -> list[dict[str, Any]]:
        return [treatment for treatment in self.treatments if treatment["outcome"] != "undone"]

    @property
    def changes(self) -> dict[str, Any]:
        """Settings that differ from the run's configuration."""
        return {name: value for treatment in self.in_force for name, value in treatment["changes"].items()}

    @property
    def kept(self) -> int | None:
        """Images seen on the way to its best checkpoint, where it was ended with that; None when it was not."""
        return self.seen if any(treatment.get("ends") == self.seen for treatment in self.in_force[-1:]) else None

    @property
    def gain(self) -> float:
        """Factor on all learning rates."""
        return math.prod(treatment["gain"] for treatment in self.in_force)

    @classmethod
    def read(cls, state: Mapping[str, Any]) -> Place:
        """The place a checkpoint tells of. Raises TypeError for anything else."""
        known = {one.name for one in fields(cls)}
        if missing := {"number", "seen"} - state.keys():
            raise TypeError(f"{', '.join(sorted(missing))} missing")
        if strange := state.keys() - known - {"rolled_back", "gain"}:  # written by 0.1
            raise TypeError(f"{', '.join(sorted(strange))} unknown")
        return cls(**{name: value for name, value in state.items() if name in known})


def place_of(checkpoints: Path) -> Place:
    """Where the newest sound checkpoint of a folder stands; the beginning, where there is none."""
    path = checkpoint.newest(checkpoints, warn=lambda words: None)
    return _place(checkpoint.state(path), path) if path else Place()


@dataclass
class Training:
    """The live players of a run and their place."""

    game: Game
    optimizers: Optimizers
    averages: Averages
    place: Place

    @classmethod
    def begin(cls, game: Game, place: Place | None = None) -> Training:
        return cls(game, Optimizers(game), Averages(game), place or Place())

    @classmethod
    def revive(cls, path: Path, build: Callable[[Place], Game], *, fresh: Collection[str] | None = None) -> Training:
        """A training as a checkpoint left it; `build` makes the game of its place, and may change the place.

        fresh: networks to leave as they were built; given (even empty), so stay those that the checkpoint does not
        have, or has in other shapes.
        """
        tensors, state = checkpoint.read(path, *PARTS)
        place = _place(state, path)
        training = cls.begin(build(place), place)
        training._adopt(tensors, path, fresh)
        return training

    def enter(self, act: Act, end: int) -> None:
        """Go on with the act that ends after so many images, or begin it, then with new optimizers if it asks for them.

        After a roll-back to other settings an act may begin between two batches, so its name tells, not the count.
        """
        begun = self.place.seen > end - act.images if self.place.act is None else self.place.act == act.name
        if act.fresh and not begun:
            self.optimizers.forget()
        self.place.act = act.name

    def save(self, folder: Path) -> Path:
        """Write a checkpoint named after the images seen; raises CheckpointError when the disk refuses."""
        return checkpoint.save(folder, self.place.name, self._live(), asdict(self.place))

    def restore(self, path: Path) -> None:
        """Take everything back from a checkpoint; nothing changes unless all of it fits."""
        tensors, state = checkpoint.read(path, *PARTS)
        place = _place(state, path)
        self._adopt(tensors, path, None)
        self.place = place
        self.optimizers.gain = place.gain

    def _live(self) -> dict[str, dict[str, Tensor]]:
        return {
            "networks": dict(self.game.networks.state_dict()),
            "averages": self.averages.state(),
            "optimizers": self.optimizers.state(),
        }

    def _adopt(self, tensors: Mapping[str, Mapping[str, Tensor]], path: Path, fresh: Collection[str] | None) -> None:
        saved = {f"{part}/{key}": tensor for part, group in tensors.items() for key, tensor in group.items()}
        if fresh is not None:
            live = self._all()
            groups = {_group(name) for name in (*live, *saved)}
            changed = {group for group in groups if _shapes(live, group) != _shapes(saved, group)}
            renewed = {_player(group) for group in changed if not group.startswith("averages/")} | set(fresh)
            saved = {k: v for k, v in saved.items() if _group(k) not in changed and _player(k) not in renewed}
            kept = {_group(name) for name in saved}
            players = {name: live[name] for name in live if _group(name) in kept and not name.startswith("averages/")}
            checkpoint.restore(players, {name: saved[name] for name in players}, what=str(path))
            self.averages = Averages(self.game)  # an average that is new begins at what was just restored
            live = {name: tensor for name, tensor in self._all().items() if _group(name) in kept}
        else:
            live = self._all()
        checkpoint.restore(live, saved, what=str(path))
        self.optimizers.gain = self.place.gain

    def _all(self) -> dict[str, Tensor]:
        return {f"{part}/{key}": tensor for part, group in self._live().items() for key, tensor in group.items()}


def _group(name: str) -> str:
    """networks/generator.layers.0.weight -> networks/generator; optimizers/generator/... -> optimizers/generator."""
    part, rest = name.split("/", 1)
    return f"{part}/{rest.split('/')[0].split('.')[0]}"


def _player(name: str) -> str:
    return _group(name).split("/")[1]


def _shapes(tensors: Mapping[str, Tensor], group: str) -> dict[str, Any]:
    return {name: tensor.shape for name, tensor in tensors.items() if _group(name) == group}


def _place(state: Mapping[str, Any], path: Path) -> Place:
    try:
        return Place.read(state)
    except TypeError as error:
        raise GansmithError(f"{path} does not say where its training stood.", str(error)) from None
