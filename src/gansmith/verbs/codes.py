"""codes: what the codes of an InfoGAN came to mean, as a sheet to look at and as figures where labels are known."""

from __future__ import annotations

import math
import zipfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image
from torch import Tensor

from gansmith.data.dataset import Dataset
from gansmith.data.open import open_data
from gansmith.errors import GansmithError, UsageError
from gansmith.families import family
from gansmith.families.infogan import InfoGANSettings, read
from gansmith.game.codes import Codes
from gansmith.game.game import noise
from gansmith.measure.bootstrap import NORMAL
from gansmith.measure.codes import Meaning, matched, meanings, telling
from gansmith.measure.score import Score
from gansmith.runs.config import RunConfig
from gansmith.runs.model import Model, load
from gansmith.runs.pictures import grid, save_png, to_uint8

Watcher = Callable[[Mapping[str, Any]], None]
Rows = NDArray[np.int64]

SHOWN = 8  # latents on a sheet: a row each
STEPS = 10  # of a sweep of a continuous code
REACH = 2.0  # ends of the sweep, beyond the [-1, 1] of training, as in the paper's figure 2
WIDEST = 20  # values of a categorical code on a sheet
SIZE = 600  # pixels across, about
BETWEEN = 24  # white pixels between two codes of a sheet
EACH = 3  # factors told of each code
READ = 5000  # real images


@dataclass(frozen=True)
class Found:
    """errors: of categorical codes against the data's classes; classes: code -> the class of each of its values.

    meanings: the most telling factors of each code. sheet: the picture's path. n: real images that were read.
    """

    sheet: Path
    n: int
    errors: tuple[Score, ...]
    classes: Mapping[str, Sequence[str]]
    meanings: tuple[Meaning, ...]

    def to_json(self) -> dict[str, Any]:
        return {
            "sheet": str(self.sheet),
            "n": self.n,
            "errors": [score.to_json() for score in self.errors],
            "classes": dict(self.classes),
            "meanings": [asdict(one) for one in self.meanings],
        }


def codes(
    run: str | Path = "last",
    *,
    to: str | Path = "codes.png",
    seed: int = 0,
    which: str = "last",
    out: str | Path = "runs",
    device: str = "auto",
    watch: Watcher = lambda report: None,
) -> Found:
    """Draw a sheet of every code, and compare what the reader makes of real images with their classes and factors.

    Real images are held-out ones, at most 5 000. Factors are those of an .npz file with an array `factors` (N, F) of
    whole numbers, and their `factor_names`. Raises UsageError for a run without codes.
    """
    model = load(run, out=out, which=which, device=device)
    known = codes_of(model.config)
    target = Path(to)
    if target.suffix.lower() != ".png":
        raise UsageError(f"A sheet cannot be written as '{target.suffix}'.", do="--out codes.png")
    try:
        recipe = {"run": model.run, "checkpoint": model.checkpoint, "seed": seed, "shows": ", ".join(known.names)}
        save_png(sheet(model, known, seed), target, recipe)
    except OSError as error:
        raise GansmithError(f"Cannot write {target}.", why=str(error), do="--out elsewhere") from None
    dataset = open_data(
        model.config.source,
        model.config.options,
        progress=lambda what, done, total: watch({"progress": (what, done, total)}),
    )
    rows = (dataset.held if len(dataset.held) else dataset.train)[:READ]
    values = readings(model, known, dataset.tensor(rows))
    labels = None if dataset.labels is None else dataset.labels[rows]
    classes = {} if labels is None else named(values, labels, model.spec.classes)
    factors = factors_of(model.config.source, dataset, rows)
    if not factors and labels is not None:
        factors = {"class": labels}
    found = telling(meanings(values, factors), EACH)
    return Found(target, len(rows), tuple(errors(values, labels)), classes, tuple(found))


def codes_of(config: RunConfig) -> Codes:
    """The codes of a run. Raises UsageError where it has none."""
    settings = family(config.family).settings.read(config.settings)
    if not isinstance(settings, InfoGANSettings):
        raise UsageError(
            f"This run has no codes: it is a {config.family}.", do="gansmith train DATA -f infogan, then look at that"
        )
    return settings.codes


def readings(model: Model, known: Codes, images: Tensor) -> dict[str, NDArray[Any]]:
    """Code by name -> what the reader takes images for: whole numbers (n,), or continuous values (n,)."""
    told = read(model.networks, images, known)
    found = [part.argmax(1).numpy() for part in known.categorical(told)]
    return dict(zip(known.names, [*found, *told[:, sum(known.categories) :].numpy().T], strict=True))


def errors(values: Mapping[str, NDArray[Any]], labels: Rows | None) -> list[Score]:
    """Of each categorical code: the share of images whose code's class is not theirs, under the best matching."""
    if labels is None:
        return []
    found = []
    for name, told in values.items():
        if told.dtype.kind == "i":
            n, error = len(told), matched(told, labels).error
            reach = NORMAL * math.sqrt(max(error * (1 - error), 1 / n) / n)
            found.append(Score(f"code error {name}", error, n, "", max(0.0, error - reach), min(1.0, error + reach)))
    return found


def run_errors(model: Model, images: Callable[[Rows], Tensor], labels: Rows | None) -> list[Score]:
    """`errors` of a run on real images, by row, with their labels; nothing for one without codes, or without labels."""
    if labels is None or "reader" not in model.networks:
        return []
    return errors(readings(model, codes_of(model.config), images(np.arange(min(len(labels), READ)))), labels[:READ])


def named(values: Mapping[str, NDArray[Any]], labels: Rows, classes: Sequence[str]) -> dict[str, list[str]]:
    """Categorical code -> the class matched with each of its values, "" where there is none."""
    found = {}
    for name, told in values.items():
        if told.dtype.kind == "i":
            match = matched(told, labels)
            partners = (match.label_of.get(value) for value in range(len(match.counts)))
            found[name] = ["" if label is None else classes[label] for label in partners]
    return found


def factors_of(source: str, dataset: Dataset, rows: Rows) -> dict[str, Rows]:
    """Exact factors of these rows, by name, where the source is an .npz file that has them for every image."""
    path = Path(source)
    if path.suffix.lower() != ".npz" or not path.is_file():
        return {}
    try:
        with np.load(path, allow_pickle=False) as arrays:
            if "factors" not in arrays.files:
                return {}
            table = arrays["factors"]
            names = arrays["factor_names"].tolist() if "factor_names" in arrays.files else []
    except (OSError, ValueError, zipfile.BadZipFile) as error:
        raise GansmithError(f"The factors in {path} cannot be read.", str(error)) from None
    if table.ndim != 2 or len(table) != len(dataset.values) or table.dtype.kind not in "iu":
        return {}
    names = names if len(names) == table.shape[1] else [f"factor {place}" for place in range(table.shape[1])]
    numbers = [np.unique(column, return_inverse=True)[1].reshape(-1) for column in table.T]
    return {str(name): column[rows].astype(np.int64) for name, column in zip(names, numbers, strict=True)}


def sheet(model: Model, known: Codes, seed: int) -> Image.Image:
    """Every code under the other: a row per latent, all else of it fixed; a column per value of the code."""
    settings = family(model.config.family).settings.read(model.config.settings)
    assert isinstance(settings, InfoGANSettings)
    chance = torch.Generator().manual_seed(seed)
    latents, rows = noise(SHOWN, settings.z, settings.prior, chance), known.draw(SHOWN, chance)
    scale = max(1, SIZE // (STEPS * max(model.spec.shape[1:])))
    blocks = []
    for place, name in enumerate(known.names):
        sweep = list(map(float, range(min(known.categories[place], WIDEST)))) if place < len(known.categories) else None
        steps = sweep or torch.linspace(-REACH, REACH, STEPS).tolist()
        swept = torch.stack([known.set(rows, name, value) for value in steps], 1).flatten(0, 1)
        latent = latents.repeat_interleave(len(steps), 0)
        drawn = to_uint8(model.draw(len(swept), latent=latent, given={"code": swept}))
        blocks.append(grid(drawn, len(steps), scale=scale))
    return stacked(blocks)


def stacked(blocks: Sequence[Image.Image]) -> Image.Image:
    """Pictures one under the other, on white."""
    mode = blocks[0].mode
    high = sum(block.height for block in blocks) + BETWEEN * (len(blocks) - 1)
    whole = Image.new(mode, (max(block.width for block in blocks), high), "white")
    top = 0
    for block in blocks:
        whole.paste(block, (0, top))
        top += block.height + BETWEEN
    return whole
