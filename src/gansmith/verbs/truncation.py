"""truncation: what it buys in quality and costs in variety, as a table and a sheet to look at."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from gansmith.data.dataset import Dataset
from gansmith.data.gather import as_floats
from gansmith.data.open import open_data
from gansmith.errors import GansmithError, UsageError
from gansmith.families import families, family
from gansmith.measure.features import built_in
from gansmith.measure.kernel import kid
from gansmith.measure.manifold import Manifold, manifold
from gansmith.runs.model import Model, load
from gansmith.runs.pictures import grid, save_png, to_uint8
from gansmith.runs.plots import tradeoff
from gansmith.verbs.conditions import conditions_of, limit
from gansmith.verbs.sides import drawn, in_float32

Watcher = Callable[[Mapping[str, Any]], None]

COLUMNS = 12  # of the sheet: a latent and a class each
LEAST, MOST = 16, 10_000  # samples at each value
REFERENCE = 1024  # training images the features are standardised by


@dataclass(frozen=True)
class Point:
    """One value of truncation: infinity is none. kid: times 1000. The rest: see `Manifold`."""

    truncation: float
    precision: float
    recall: float
    density: float
    coverage: float
    kid: float


@dataclass(frozen=True)
class Curve:
    """points: from most to least truncated; real: the same figures of other real images; n: of each side.

    sheet, curve: pictures of the samples, and of precision against recall.
    """

    points: tuple[Point, ...]
    real: Point
    n: int
    features: str
    sheet: Path
    curve: Path

    def to_json(self) -> dict[str, Any]:
        def row(point: Point) -> dict[str, Any]:
            return asdict(point) | {"truncation": None if math.isinf(point.truncation) else point.truncation}

        points = [row(point) for point in self.points]
        written = {"sheet": str(self.sheet), "curve": str(self.curve)}
        return {"n": self.n, "features": self.features, "real": row(self.real), "points": points, **written}


def truncation(
    run: str | Path = "last",
    *,
    values: Sequence[float] | None = None,
    count: int = 1000,
    to: str | Path = "truncation.png",
    seed: int = 0,
    which: str = "last",
    out: str | Path = "runs",
    device: str = "auto",
    watch: Watcher = lambda report: None,
) -> Curve:
    """Score a run's samples at several truncations, in the random features, and draw the same latents at each.

    values: default, those of its family. count: samples and real images, fewer where the data has fewer. to: the sheet,
    a .png; a row per value; the curve is written beside it. Raises UsageError for a run without truncation.
    """
    if not LEAST <= count <= MOST:
        raise UsageError(f"{count} samples cannot be scored.", do=f"-n between {LEAST} and {MOST}")
    model = in_float32(load(run, out=out, which=which, device=device))
    known = family(model.config.family).truncations
    if not known:
        having = [name for name, one in families().items() if one.truncations]
        raise UsageError(
            f"A {model.config.family} has no truncation.",
            do=f"gansmith train DATA -f {' or '.join(having)}, then look at that",
        )
    values = sorted({limit(value) for value in (values or known)})
    target = Path(to)
    if target.suffix.lower() != ".png":
        raise UsageError(f"A sheet cannot be written as '{target.suffix}'.", do="--out truncation.png")

    def progress(what: str, done: int, total: int) -> None:
        watch({"progress": (what, done, total)})

    dataset = open_data(model.config.source, model.config.options, progress=progress)
    chance = np.random.default_rng(seed)
    train = chance.permutation(dataset.train)
    held = chance.permutation(dataset.held) if len(dataset.held) >= LEAST else train[len(train) // 2 :]
    n = min(count, len(held), len(train) // 2)
    features = built_in(dataset.tensor(train[:REFERENCE]))
    real, other = features(dataset.tensor(held[:n])), features(dataset.tensor(train[:n]))
    points = []
    for value in values:
        given = at(value, n, conditions_of(dataset, held[:n], n))
        fake = as_floats(drawn(model, n, seed, progress, given))
        points.append(judged(value, real, features(fake)))
    at_best = judged(math.inf, real, other)
    named = [(point.recall, point.precision) for point in points]
    curve = tradeoff(
        named, [told(value) for value in values], (at_best.recall, at_best.precision), ("recall", "precision")
    )
    beside = target.with_name(f"{target.stem}-curve.png")
    recipe = {"run": model.run, "checkpoint": model.checkpoint, "seed": seed, "truncations": list(map(str, values))}
    try:
        save_png(grid(to_uint8(same_latents(model, dataset, values, seed)), COLUMNS), target, recipe)
        save_png(curve, beside, recipe)
    except OSError as error:
        raise GansmithError(f"Cannot write {target}.", why=str(error), do="--out elsewhere") from None
    return Curve(tuple(points), at_best, n, features.name, target, beside)


def told(value: float) -> str:
    return "none" if math.isinf(value) else f"{value:g}"


def at(value: float, count: int, given: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """The same conditions under a truncation."""
    return {**given, "truncation": torch.full((count,), value)}


def judged(value: float, real: Tensor, fake: Tensor) -> Point:
    found: Manifold = manifold(real, fake)
    return Point(value, **asdict(found), kid=1000 * kid(real, fake))


def same_latents(model: Model, dataset: Dataset, values: Sequence[float], seed: int) -> Tensor:
    """(values * COLUMNS, C, H, W): row by row the same latents and classes, ever less truncated."""
    classes = {"label": torch.arange(COLUMNS) % len(dataset.spec.classes)} if dataset.spec.classes else {}
    return torch.cat([model.draw(COLUMNS, seed, given=at(value, COLUMNS, classes)) for value in values])
