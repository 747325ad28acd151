"""A training that is examined without being run: players, data and what looks at them."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from gansmith.data.dataset import Dataset
from gansmith.engine import Engine
from gansmith.families import families
from gansmith.runs.config import RunConfig
from gansmith.runs.state import Training
from gansmith.verbs import examination
from gansmith.verbs.examination import Examination
from gansmith.verbs.plan import build_game
from gansmith.verbs.train import prepare
from tests.verbs.runs import TINY


@dataclass
class Looked:
    """A training at its beginning, and its examination."""

    training: Training
    dataset: Dataset
    config: RunConfig
    engine: Engine

    def __post_init__(self) -> None:
        self.examination = Examination(self.dataset, self.config, self.engine)

    def look(self, thoroughly: bool = False) -> dict[str, float]:
        return self.examination.look(self.training, thoroughly=thoroughly)

    def network(self, name: str) -> nn.Module:
        return self.training.game.networks[name]


def looked(data: str | Path = "digits", family: str = "gan", **settings: Any) -> Looked:
    """Tiny players of a family on some data, trained not at all."""
    known = families()[family].settings.model_fields
    small = {name: value for name, value in TINY.items() if name in known}
    chosen = {**small, **({"d_width": 8} if family == "gan" else {}), **settings}
    given: dict[str, Any] = {"precision": "32", "device": "cpu", "duration": "6400img", **chosen}
    plan, dataset, engine = prepare(data, family=family, timed=False, **given)
    return Looked(Training.begin(build_game(plan.config)), dataset, plan.config, engine)


def pictures(path: Path, count: int, size: tuple[int, int] = (8, 8), channels: int = 1, seed: int = 0) -> Path:
    """An npz of smooth random images."""
    chance = np.random.default_rng(seed)
    coarse = chance.integers(0, 256, (count, 2, 2, channels))
    high, wide = -(-size[0] // 2), -(-size[1] // 2)
    images = coarse.repeat(high, axis=1).repeat(wide, axis=2)[:, : size[0], : size[1]]
    noisy = np.clip(images + chance.integers(-20, 20, images.shape), 0, 255).astype(np.uint8)
    np.savez(path, images=noisy[..., 0] if channels == 1 else noisy)
    return path


def columns(path: Path, count: int, wide: int, seed: int = 0) -> Path:
    """A table of normal columns."""
    chance = np.random.default_rng(seed)
    rows = chance.normal(size=(count, wide)) @ chance.normal(size=(wide, wide))
    names = ",".join(f"c{index}" for index in range(wide))
    np.savetxt(path, rows, delimiter=",", header=names, comments="")
    return path


class Fixed(nn.Module):
    """A generator that gives what it was told to, whatever the latent; one weight, so that it has a device."""

    def __init__(self, samples: Tensor) -> None:
        super().__init__()
        self.samples, self.zero = samples, nn.Parameter(torch.zeros(()))

    def forward(self, z: Tensor) -> Tensor:
        rows = torch.arange(len(z)) % len(self.samples)
        return self.samples[rows] + self.zero


def spacing(monkeypatch: Any, checkups: int, evaluations: int) -> None:
    """Check-ups and evaluations every so many steps; 0: none but the last one."""
    for name, every in (("CHECKUP", checkups), ("EVALUATION", evaluations)):
        monkeypatch.setattr(examination, f"{name}S", 10**9)
        monkeypatch.setattr(examination, f"{name}_STEPS", every or 10**9)
    monkeypatch.setattr(examination, "POINTS_COST", 1)
