"""What people read when a training ends: the report and its nearest training neighbours."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from gansmith.data.dataset import Dataset
from gansmith.doctor.finding import Diagnosis, light
from gansmith.engine import peak_memory_mb
from gansmith.errors import GansmithError
from gansmith.families import family
from gansmith.measure.score import Score
from gansmith.measure.sliced import flat
from gansmith.runs.config import RunConfig
from gansmith.runs.folder import Run
from gansmith.runs.pictures import save_png, scatter, to_uint8
from gansmith.runs.quantities import measure
from gansmith.runs.report import write_report
from gansmith.runs.state import Training
from gansmith.verbs.conditions import conditions_of
from gansmith.verbs.evaluate import judged
from gansmith.verbs.frames import SHOWN, affordable, classes_shown, draw, exhibit, judges, sampled, sheet, spread
from gansmith.verbs.midway import shuffled
from gansmith.verbs.sides import Samples, arranged, conditional
from gansmith.verbs.spaces import RANDOM

SEARCHED, PAIRS = 20_000, 12
WORTH_SCORING = 30.0  # seconds of training, below which scoring would take longer
SCORED, SCORED_SEED = 500, 1  # other samples than those the training was judged by


def finish(
    run: Run, config: RunConfig, dataset: Dataset, training: Training, speed: float, diagnosis: Diagnosis | None = None
) -> Path:
    """Write grid.png and report.html into the run; returns the report's path."""
    place = training.place
    count = 1000 if dataset.spec.kind == "points" else affordable(dataset.spec, SHOWN)
    samples = draw(training, count, given=conditions_of(dataset, judges(dataset), count))
    recipe = {"run": run.path.name, "checkpoint": place.name, "seed": 0, "count": count}
    recipe |= training.game.marks(sampled(training))
    extras: dict[str, Any] = {
        "data_report": dataset.report.model_dump(mode="json"),
        "plan": list(config.plan),
        "seconds": place.seconds,
        "peak_memory_mb": peak_memory_mb(),
        "images_per_second": speed,
        "scores": {"sliced Wasserstein to held-out": place.distance} if place.distance is not None else {},
        "how_to_use": how_to_use(run, dataset.spec.kind),
        "diagnosis": {**diagnosis.to_json(), "light": light(diagnosis)[0]} if diagnosis else {},
    }
    if place.seconds >= WORTH_SCORING:
        with suppress(GansmithError):  # too few samples to say anything
            extras["scores"] = scored(config, dataset, training)
    if dataset.spec.kind == "points":
        spec = dataset.spec
        real = spec.in_units(dataset.tensor(spread(dataset.train, count)).numpy())
        extras["scatter"] = scatter(real, spec.in_units(samples.numpy()), spec.columns)
        save_png(extras["scatter"], run.path / "grid.png", recipe)
    else:
        classes = classes_shown(config.spec, family(config.family).conditions)
        shown = exhibit(training, classes) if classes else samples
        save_png(sheet(shown, dataset, len(classes) or None), run.path / "grid.png", recipe | {"count": len(shown)})
        extras["real"] = to_uint8(dataset.tensor(spread(dataset.train, SHOWN)))
        extras["neighbours"] = neighbours(samples[:PAIRS], dataset)
    return write_report(run.path, extras=extras)


def scored(config: RunConfig, dataset: Dataset, training: Training) -> dict[str, dict[str, Any]]:
    """The scores of an evaluation with the built-in features, by label, as the report shows them."""
    rows = shuffled(dataset.held if len(dataset.held) >= 16 else dataset.train)
    given = conditions_of(dataset, rows, affordable(dataset.spec, SCORED))
    samples = draw(training, affordable(dataset.spec, SCORED), seed=SCORED_SEED, given=given)
    values = samples.numpy() if dataset.spec.kind == "points" else to_uint8(samples)
    labels = given["label"].numpy() if "label" in given and conditional(config.family, "label") else None
    sides = arranged(training.place.name, dataset, Samples(values, labels), 0, config.source, trained=True)
    scores, *_ = judged(sides, (RANDOM,), 0, lambda what, done, total: None)
    return {score.label: row(score) for score in scores if score.value is not None}


def row(score: Score) -> dict[str, Any]:
    """One score with what is needed to judge it."""
    around = "" if score.low is None or score.high is None else f"{measure(score.low)} to {measure(score.high)}"
    shown = {"value": score.value, "95 % interval": around, "real against real": score.floor, "better": score.better}
    return {name: "" if value is None else value for name, value in shown.items()}


def neighbours(samples: Tensor, dataset: Dataset) -> list[tuple[np.ndarray, np.ndarray, float]]:
    """Each sample with the training image nearest in (averaged) pixels, and the root mean squared difference."""
    rows = spread(dataset.train, SEARCHED)
    wanted = flat(samples)
    best = torch.full((len(samples),), float("inf"))
    nearest = np.zeros(len(samples), dtype=np.int64)
    for start in range(0, len(rows), 1024):
        chunk = rows[start : start + 1024]
        distance, index = torch.cdist(wanted, flat(dataset.tensor(chunk))).min(dim=1)
        closer = distance < best
        best[closer] = distance[closer]
        nearest[closer.numpy()] = chunk[index[closer].numpy()]
    real = to_uint8(dataset.tensor(nearest))
    scale = wanted.shape[1] ** -0.5
    return [(a, b, float(d) * scale) for a, b, d in zip(to_uint8(samples), real, best, strict=True)]


def how_to_use(run: Run, kind: str) -> list[str]:
    """The lines to type next."""
    name = run.path.name
    after = [f"gansmith evaluate {name}", f"gansmith resume {name} -d 10m"]
    if "source" in family(RunConfig.read(run.config()).family).conditions:
        return [f"gansmith translate {name} photos/ --out translated/", *after]
    out = "samples.csv" if kind == "points" else "grid.png"
    return [
        f"gansmith sample {name} -n 64 --seed 1 --out {out}",
        *after,
        f'python -c "import gansmith; print(gansmith.load({name!r}).sample(16).shape)"',
    ]
