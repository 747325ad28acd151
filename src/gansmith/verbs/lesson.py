"""How a transfer network comes to learn: its photos, the features it is judged by, how long, and where it goes."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from gansmith import engine as engines
from gansmith.data.dataset import Dataset
from gansmith.data.open import open_data
from gansmith.data.options import DataOptions
from gansmith.errors import UsageError
from gansmith.game.game import Game, Request
from gansmith.runs.pictures import grid, save_png, to_uint8
from gansmith.runs.state import Training
from gansmith.styling.features import DEFAULT, Extractor, extractor
from gansmith.verbs.duration import read_duration
from gansmith.verbs.transfers import NOTES, Transfer, Watcher, images_a_second, read
from gansmith.verbs.translate import saved

SHOWN = 4  # photos on the sheet of what was learnt


@dataclass(frozen=True)
class Lesson:
    """data: any source of images. to: the folder it goes to. duration: as for `train`. features: their name."""

    data: str | Path
    to: Path
    duration: str = "10m"
    features: str = DEFAULT
    seed: int = 0
    device: str = "auto"
    watch: Watcher = lambda report: None

    def take(
        self,
        kind: str,
        settings: Mapping[str, Any],
        about: Mapping[str, Any],
        game: Callable[[Extractor, int], Game],
    ) -> tuple[Transfer, Training, Dataset]:
        """Learn the game made of an extractor and a number of images, or go on with what lies in `to`.

        settings: with "size" and "batch"; about: what else tells it from others. Raises Interrupted after Ctrl-C.
        """
        engine, length = engines.choose(self.device, "32"), read_duration(self.duration)
        size, batch = int(settings["size"]), int(settings["batch"])
        options = DataOptions.read({"size": size, "channels": 3, "layout": "plain"})
        dataset = open_data(self.data, options, progress=lambda *state: self.watch({"progress": state}))
        if dataset.spec.kind != "images":
            raise UsageError(f"{self.data} holds no images.", do="a folder of photos")
        seen = extractor(self.features).ready(engine)
        before = read(self.to) if (self.to / NOTES).is_file() else {}
        images = int(before["images"]) if before.get("duration") == self.duration else 0
        if not images:
            speed = images_a_second(lambda: game(seen, batch), dataset, batch, engine)
            images = length.in_images(len(dataset.train), speed)
        notes = {"kind": kind, "settings": dict(settings), "features": self.features, "seed": self.seed, **about}
        notes |= {"data": dataset.spec.fingerprint, "duration": self.duration, "images": images}
        transfer = Transfer.begin(self.to, notes)
        training = transfer.learn(
            lambda: game(seen, images),
            dataset,
            images=images,
            batch=batch,
            seed=self.seed,
            engine=engine,
            watch=self.watch,
        )
        return transfer, training, dataset


def shown(dataset: Dataset) -> Tensor:
    """Photos (N, 3, H, W) to show what was learnt on: held out, where there are enough."""
    rows = dataset.held if len(dataset.held) >= SHOWN else dataset.train
    return dataset.tensor(np.asarray(rows[:SHOWN])).contiguous()


def sheet(path: Path, training: Training, photos: Tensor, given: list[dict[str, Tensor]]) -> None:
    """Write the photos above what the averaged networks make of them under each of some conditions."""
    networks = dict(training.averages.networks.items())
    device = next(iter(networks.values())).parameters().__next__().device
    drawn = [
        training.game.draw(networks, Request(len(photos), given={"source": photos.to(device), **one})).cpu()
        for one in given
    ]
    made = to_uint8(torch.cat([photos, *drawn]))
    saved(lambda: save_png(grid(made, len(photos), scale=1), path, {"transfer": path.parent.name}), path.parent)
