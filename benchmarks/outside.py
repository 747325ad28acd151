"""A judge from outside: a small classifier trained on real labels, whose features no part of gansmith knows."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import safetensors.torch
import torch
from torch import Tensor, nn

from benchmarks.faults import Cell
from benchmarks.spoils import deafen, reals

EPOCHS = 6
SAMPLES = 1000


def network(side: int) -> nn.Sequential:
    """Images (N, 1, side, side) -> logits (N, 10); its 64 last features are what samples are compared in."""
    first = 1 if side < 16 else 2
    cells = -(-side // (first * 2))
    return nn.Sequential(
        nn.Conv2d(1, 32, 3, first, 1),
        nn.ReLU(),
        nn.Conv2d(32, 64, 3, 2, 1),
        nn.ReLU(),
        nn.Flatten(),
        nn.Linear(64 * cells * cells, 64),
        nn.ReLU(),
        nn.Linear(64, 10),
    )


def judge(data: str, work: Path) -> nn.Sequential:
    """The classifier of a data set, trained once and kept."""
    images, labels = reals(data)
    model, path = network(images.shape[1]), work / "data" / f"judge-{data}.safetensors"
    if path.exists():
        model.load_state_dict(safetensors.torch.load_file(path))
        return model.eval()
    torch.manual_seed(0)
    model = network(images.shape[1])
    inputs, targets = as_input(images), torch.from_numpy(labels)
    adam = torch.optim.AdamW(model.parameters(), 2e-3)
    for _ in range(EPOCHS):
        for rows in torch.split(torch.randperm(len(inputs)), 64):
            loss = nn.functional.cross_entropy(model(inputs[rows]), targets[rows])
            adam.zero_grad()
            loss.backward()  # type: ignore[no-untyped-call]
            adam.step()
    path.parent.mkdir(parents=True, exist_ok=True)
    safetensors.torch.save_file(model.state_dict(), path)
    return model.eval()


def distance(data: str, samples: np.ndarray, work: Path) -> dict[str, float]:
    """Frechet distance of samples (n, H, W) uint8 to the reals in the judge's features; classes they show, of ten."""
    from gansmith.measure.frechet import frechet_distance

    model = judge(data, work)
    with torch.no_grad():
        real, fake = (model[:-1](as_input(images)) for images in (reals(data)[0], samples))
        shown = model[-1](fake).argmax(1).bincount(minlength=10)
    return {
        "distance": frechet_distance(real, fake),
        "modes": float((shown > 0.01 * len(samples)).float().mean()),
    }


def as_input(images: np.ndarray) -> Tensor:
    return torch.from_numpy(np.array(images)).float()[:, None] / 127.5 - 1


def score(cell: Cell, folder: Path, which: str, work: Path, inject: str = "") -> dict[str, float]:
    """How good the generator of a checkpoint is: the smaller the better; infinite where nothing can be drawn.

    inject: what spoils its training. Who hears one latent only is judged so: that is what its owner gets.
    """
    from gansmith.errors import GansmithError
    from gansmith.runs.model import load

    try:
        model = load(folder, which=which)
        if inject == "fixed z":
            deafen(model.networks["generator"])
        samples = model.sample(SAMPLES, seed=12345)
    except GansmithError:
        return {"distance": math.inf}
    if cell.data in ("ring", "grid"):
        return points_score(cell.data, samples)
    return distance(cell.data, samples[..., 0], work)


def points_score(data: str, samples: np.ndarray) -> dict[str, float]:
    from gansmith.data import synthetic
    from gansmith.measure.modes import coverage

    centres, sigma = {
        "ring": (synthetic.ring_centres(), synthetic.RING_SIGMA),
        "grid": (synthetic.grid_centres(), synthetic.GRID_SIGMA),
    }[data]
    found = coverage(samples, centres, 3 * sigma)  # a short training is not sharp yet: three times the deviation
    return {
        "distance": 1 - found.high_quality + min(found.reverse_kl, 10.0),
        "modes": found.modes / found.total,
    }
