"""What a discriminator's features are worth with 10, 100 and 1000 labels, and whether its logit orders what it should.

    .venv/bin/python benchmarks/backbone.py RUN DATA --runs runs/ [--draws 5] [--no-tune] > table.md

The probe is `gansmith features --probe` as it is: labels from the training images, tried on images that the run held
out. Then how often held-out images are put above the run's samples, and above themselves spoilt.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import torch
from torch import Tensor
from torch.nn.functional import avg_pool2d, interpolate

from gansmith.data.gather import as_floats
from gansmith.measure.probe import Share
from gansmith.measure.realism import scale
from gansmith.runs.model import Model, load
from gansmith.verbs.features import features, opened
from gansmith.verbs.frames import spread
from gansmith.verbs.judge import MEASURED, judged, judging
from gansmith.verbs.probing import Probed


def spoilt(images: Tensor) -> dict[str, Tensor]:
    """Images (N, C, H, W) made worse, by what was done to them."""
    chance = torch.Generator().manual_seed(0)
    size = list(images.shape[2:])
    blurred = interpolate(avg_pool2d(images, 2), size, mode="bilinear")
    return {
        "blurred to half the size": blurred,
        "with noise of 0.1": (images + 0.1 * torch.randn(images.shape, generator=chance)).clamp(-1, 1),
        "upside down": images.flip(2),
        "all pixels shuffled": images.flatten(2)[..., torch.randperm(size[0] * size[1], generator=chance)].view_as(
            images
        ),
    }


def orders(model: Model, data: str) -> Iterator[str]:
    """A row per kind of worse image: how often a held-out one is put above it."""
    dataset, asked = opened(data, model, lambda *told: None), judging(model)
    held, train = (dataset.tensor(spread(rows, MEASURED)) for rows in (dataset.held, dataset.train))
    real = judged(asked, held)
    worse = {"its own samples": as_floats(model.sample(MEASURED, 0)), "its training images": train} | spoilt(held)
    for what, images in worse.items():
        apart = scale(judged(asked, images), real).apart
        yield f"| {what} | {apart:.3f} |"


def table(found: Probed) -> Iterator[str]:
    counts = sorted({cell.labels for cell in found.cells})
    yield f"| features | by | {' | '.join(f'{count} labels' for count in counts)} |"
    yield "|---|---|" + "---|" * len(counts)
    for name, how in dict.fromkeys((cell.features, cell.how) for cell in found.cells):
        row = [around(cell.share) for cell in found.cells if (cell.features, cell.how) == (name, how)]
        yield f"| {name} | {how} | {' | '.join(row)} |"
    yield ""
    for gain in found.gains:
        yield f"* {gain.labels} labels, {gain.how}, over {gain.over}: {around(gain.share)} points, {gain.verdict}"


def around(share: Share) -> str:
    return f"{100 * share.mean:.1f} ({100 * share.low:.1f}..{100 * share.high:.1f})"


def main() -> None:
    words = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    words.add_argument("run")
    words.add_argument("data")
    words.add_argument("--runs", default="runs")
    words.add_argument("--draws", type=int, default=5)
    words.add_argument("--no-tune", action="store_true")
    told = words.parse_args()
    began = time.process_time()
    with tempfile.TemporaryDirectory() as folder:
        found = features(
            told.run, told.data, to=Path(folder) / "f.npz", probe=True, draws=told.draws, tune=not told.no_tune,
            out=told.runs, device="cpu",
        )  # fmt: skip
    assert found.probe is not None
    print(f"## {told.run}: {found.probe.tests} held-out images, {found.probe.draws} draws\n")
    print("\n".join(table(found.probe)))
    print("\n| a held-out image is put above | share of pairs |\n|---|---|")
    print("\n".join(orders(load(told.run, out=told.runs, device="cpu"), told.data)))
    print(f"\n{(time.process_time() - began) / 60:.1f} minutes of one core")


if __name__ == "__main__":
    main()
