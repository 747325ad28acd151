"""judge: how real images look to a run's discriminator, beside what it held out and what its generator makes."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from gansmith.data.gather import as_floats
from gansmith.data.open import open_data
from gansmith.errors import GansmithError, UsageError
from gansmith.measure.realism import Scale, scale
from gansmith.networks.backbone import Backbone
from gansmith.runs import disk
from gansmith.runs.backbone import judges
from gansmith.runs.model import Model, load
from gansmith.runs.pictures import grid, save_png
from gansmith.verbs.encode import Pictures
from gansmith.verbs.frames import spread
from gansmith.verbs.translate import saved

Watcher = Callable[[Mapping[str, Any]], None]
CHUNK = 256  # images judged at once
MEASURED = 1000  # images of each kind that the scale is made of
LEAST = 32  # held-out images from which they count
TOP, A_ROW = 20, 10


@dataclass(frozen=True)
class Verdict:
    """An image's name and what the discriminator says: its logit, and where that lies.

    above_made, above_real: shares (0..1) of the run's own samples, and of real held-out images, that look less real;
    chance: that an image with this logit is a real one rather than a sample, there being as many of both. None: there
    were no held-out images to compare with.
    """

    name: str
    logit: float
    above_made: float
    above_real: float | None
    chance: float | None


@dataclass(frozen=True)
class Judged:
    """Verdicts, the realest image first; what was written; (name, reason) of what could not be read.

    apart: the share of pairs of a real held-out image and a sample that the discriminator puts in the right order, 0.5
    by chance; None without held-out images, as `note` says.
    """

    verdicts: tuple[Verdict, ...]
    sheet: Path
    table: Path
    skipped: tuple[tuple[str, str], ...]
    apart: float | None
    note: str


def judge(
    run: str | Path,
    images: str | Path,
    *,
    top: int = TOP,
    to: str | Path = "judged.png",
    seed: int = 0,
    which: str = "last",
    out: str | Path = "runs",
    device: str = "auto",
    watch: Watcher = lambda report: None,
) -> Judged:
    """Rank an image, a folder or an archive of them by how real they look to a run's discriminator.

    Writes a sheet of the `top` best and the `top` worst, best first, and beside it a .csv of all. A logit alone means
    nothing, since discriminators only learn differences: it is compared with those of the run's own samples and, where
    its data is still there, of held-out images. Raises UsageError for a run without a discriminator of images.
    """
    target = Path(to)
    if target.suffix.lower() != ".png":
        raise UsageError(f"A sheet cannot be written as '{target.suffix}'.", do="--out judged.png")
    if top < 1:
        raise UsageError(f"{top} images make no sheet.", do="--top 20")
    model = load(run, out=out, which=which, device=device)
    asked = judging(model)
    names: list[str] = []
    pixels: list[NDArray[np.uint8]] = []
    logits: list[Tensor] = []
    pictures = Pictures(model, images, target, watch)
    for some, values in pictures.chunks():
        names += some
        pixels += list(values)
        logits.append(judged(asked, as_floats(values)))
    measured, note = scale_of(model, asked, seed, watch)
    found = torch.cat(logits)
    order = found.argsort(descending=True, stable=True).tolist()
    columns = [column.tolist() for column in (found, measured.above_made(found))]
    real = [[None] * len(names)] * 2
    if measured.real is not None:
        real = [column.tolist() for column in (measured.above_real(found), measured.chance(found))]
    every = [Verdict(*row) for row in zip(names, *columns, *real, strict=True)]
    verdicts = tuple(every[place] for place in order)
    shown = np.stack([pixels[place] for place in (order if len(order) <= 2 * top else order[:top] + order[-top:])])
    recipe = {"run": model.run, "checkpoint": model.checkpoint, "images": str(images), "top": top, "seed": seed}
    table = target.with_suffix(".csv")
    saved(lambda: save_png(grid(shown, min(A_ROW, len(shown))), target, recipe), target.parent)
    saved(lambda: disk.replace(table, as_csv(verdicts).encode()), target.parent)
    return Judged(verdicts, target, table, tuple(pictures.skipped), measured.apart, note)


def judging(model: Model) -> Backbone:
    """The run's first discriminator. Raises UsageError where it has none, or one that judges no images alone."""
    if model.spec.kind != "images" or model.spec.pairing != "none":
        what = "points" if model.spec.kind != "images" else "translations"
        raise UsageError(f"{model.run} makes {what}.", do="a run that makes images from chance")
    if not (known := judges(model.game)):
        raise UsageError(
            f"{model.run} has no discriminator.",
            f"a {model.config.family} never asks what is real",
            "a run of a GAN: gansmith models",
        )
    return model.backbone(of=known[0])


@torch.no_grad()
def judged(asked: Backbone, images: Tensor) -> Tensor:
    """Logits (N,) of images (N, C, H, W) in [-1, 1]."""
    chunks = torch.split(images.to(asked.mean.device), CHUNK)
    return torch.cat([asked.logits(chunk).float() for chunk in chunks]).cpu()


def scale_of(model: Model, asked: Backbone, seed: int, watch: Watcher) -> tuple[Scale, str]:
    """What logits are compared with, and what is missing."""
    watch({"progress": ("own samples", 0, 2)})
    made = judged(asked, as_floats(model.sample(MEASURED, seed)))  # rounded to 8 bits, as files are
    watch({"progress": ("held-out images", 1, 2)})
    held, note = held_out(model, watch)
    found = scale(made, None if held is None else judged(asked, held))
    watch({"progress": ("held-out images", 2, 2)})
    return found, note


def held_out(model: Model, watch: Watcher) -> tuple[Tensor | None, str]:
    """Images (N, C, H, W) that the run never trained on, or why there are none."""
    source = model.config.source
    try:
        dataset = open_data(
            source, model.config.options, progress=lambda what, done, all: watch({"progress": (what, done, all)})
        )
    except GansmithError:
        return None, f"its data, {source}, cannot be read: compared with its own samples alone"
    if not dataset.spec.same_as(model.spec):
        return None, f"its data, {source}, has changed: compared with its own samples alone"
    if len(dataset.held) < LEAST:
        return None, f"{len(dataset.held)} images were held out, too few: compared with its own samples alone"
    return dataset.tensor(spread(dataset.held, MEASURED)), ""


def as_csv(verdicts: tuple[Verdict, ...]) -> str:
    """A line per image, the realest first."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(["name", "logit", "above_made", "above_real", "chance"])
    for one in verdicts:
        shares = (one.above_made, one.above_real, one.chance)
        writer.writerow([one.name, f"{one.logit:.4f}", *("" if value is None else f"{value:.4f}" for value in shares)])
    return text.getvalue()
