"""Everything a training must remember, in and out of a checkpoint: networks, averages, optimizers, place."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from gansmith.errors import GansmithError
from gansmith.game.averages import Averages
from gansmith.game.game import Game
from gansmith.game.optimizers import Optimizers
from gansmith.runs import checkpoint


@dataclass
class Place:
    """Where a training stands. Randomness, data order and schedules are functions of it.

    gain: factor on all learning rates; skipped: steps not taken since the last good checkpoint; rolled_back: whether
    the one roll-back is spent; distance: held-out distance at this checkpoint; best: name and distance of the best one.
    """

    number: int = 0
    seen: int = 0
    seconds: float = 0.0
    gain: float = 1.0
    skipped: int = 0
    rolled_back: bool = False
    distance: float | None = None
    best: dict[str, Any] | None = None
    machine: dict[str, Any] = field(default_factory=dict)

    @property
    def name(self) -> str:
        return f"{self.seen:09d}"


@dataclass
class Training:
    """The live players of a run and their place."""

    game: Game
    optimizers: Optimizers
    averages: Averages
    place: Place

    @classmethod
    def begin(cls, game: Game) -> Training:
        return cls(game, Optimizers(game), Averages(game), Place())

    def save(self, folder: Path) -> Path:
        """Write a checkpoint named after the images seen; raises CheckpointError when the disk refuses."""
        tensors = {
            "networks": dict(self.game.networks.state_dict()),
            "averages": self.averages.state(),
            "optimizers": self.optimizers.state(),
        }
        return checkpoint.save(folder, self.place.name, tensors, asdict(self.place))

    def restore(self, path: Path) -> None:
        """Take everything back from a checkpoint; nothing changes unless all of it fits."""
        tensors, state = checkpoint.read(path, "networks", "averages", "optimizers")
        try:
            place = Place(**state)
        except TypeError as error:
            raise GansmithError(f"{path} does not say where its training stood.", str(error)) from None
        live = {
            "networks": dict(self.game.networks.state_dict()),
            "averages": self.averages.state(),
            "optimizers": self.optimizers.state(),
        }
        checkpoint.restore(
            {f"{part}/{key}": tensor for part, group in live.items() for key, tensor in group.items()},
            {f"{part}/{key}": tensor for part, group in tensors.items() for key, tensor in group.items()},
            what=str(path),
        )
        self.place = place
        self.optimizers.gain = place.gain
