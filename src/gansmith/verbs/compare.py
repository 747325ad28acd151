"""compare: several families on the same data, with the same budget and the same scores, in one honest table."""

from __future__ import annotations

import statistics
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np

from gansmith.data.dataset import Dataset
from gansmith.data.open import open_data
from gansmith.data.options import DataOptions
from gansmith.errors import UsageError, closest
from gansmith.families import families as known_families
from gansmith.measure.score import Score
from gansmith.runs.comparison import COLUMNS, Candidate, Comparison, Figure
from gansmith.runs.folder import Run, list_runs
from gansmith.runs.model import load
from gansmith.verbs.classical import CLASSICAL, TITLES
from gansmith.verbs.duration import read_duration
from gansmith.verbs.evaluate import LEAST, MOST, evaluate, judged
from gansmith.verbs.record import Watcher
from gansmith.verbs.session import GivenUp
from gansmith.verbs.sides import Samples, arranged
from gansmith.verbs.spaces import OWN
from gansmith.verbs.train import label_of, resume, train

DEFAULT = ("robust", "dcgan", "gan", "vae", "vae-gan", "naive-bayes", "mixture")
SHOWN = 12  # pictures of each
FEATURES = "features learned from the real images alone"


def compare(
    data: str | Path,
    *,
    families: Sequence[str] = DEFAULT,
    duration: str = "5m",
    seeds: int = 1,
    count: int = 2000,
    options: DataOptions | None = None,
    out: str | Path = "runs",
    device: str = "auto",
    watch: Watcher = lambda report: None,
) -> Comparison:
    """Train every family for the same time on the same data, score all alike; best first.

    families: names of families that need no more than the data has, and `pca`, `mixture` without a network. seeds:
    trainings of each. count: generated samples. The runs lie in `out/compare-DATA/`, beside report.html: what is
    finished there already is not trained again, what was interrupted goes on, so the same command continues.
    Raises UsageError for impossible wishes.
    """
    check(families, count, seeds)
    read_duration(duration)
    options = options or DataOptions()
    dataset = open_data(data, options, progress=lambda what, done, total: watch({"progress": (what, done, total)}))
    watch({"data": dataset.report})
    if dataset.spec.kind != "images":
        raise UsageError("Only images are compared.", f"{data} holds {dataset.spec.kind}", "gansmith evaluate RUN")
    home = Path(out) / f"compare-{label_of(data)}"
    candidates = []
    for name in families:
        if name in CLASSICAL:
            candidates.append(classical(name, dataset, str(data), count, seeds, watch))
        else:
            candidates.append(trained(name, data, duration, seeds, count, options, home, device, watch))
    sides = arranged("", dataset, Samples(dataset.values[:count]), 0, str(data), trained=True)
    ordered = tuple(sorted(candidates, key=_rank))
    found = Comparison(str(data), duration, seeds, count, sides.words, FEATURES, ordered, home)
    found.write()
    return found


def check(names: Sequence[str], count: int, seeds: int) -> None:
    """Refuse impossible wishes before anything is trained."""
    if not names:
        raise UsageError("There is nothing to compare.", do=f"--families {','.join(DEFAULT)}")
    if not LEAST <= count <= MOST:
        raise UsageError(f"{count} samples cannot be scored.", do=f"-n between {LEAST} and {MOST}")
    if not 1 <= seeds <= 100:
        raise UsageError(f"{seeds} seeds are not possible.", do="--seeds 3")
    for name in names:
        if name not in CLASSICAL and name not in known_families():
            raise UsageError(f"There is no family '{name}'.", do=closest(name, [*known_families(), *CLASSICAL]))
        if name in known_families() and known_families()[name].needs in {"paired", "unpaired"}:
            raise UsageError(f"'{name}' translates, it does not generate.", do=f"gansmith train DATA -f {name}")


def trained(
    name: str,
    data: str | Path,
    duration: str,
    seeds: int,
    count: int,
    options: DataOptions,
    home: Path,
    device: str,
    watch: Watcher,
) -> Candidate:
    """A family's trainings, each finished before it is scored."""
    scores: list[dict[str, Score]] = []
    runs: list[Run] = []
    failed = ""
    for seed in range(seeds):
        watch({"heading": f"{name}, seed {seed}"})
        try:
            run = finished(name, data, duration, seed, options, home, device, watch)
        except GivenUp as error:
            failed = f"{error.what} {error.why}".strip()
            continue
        runs.append(run)
        found = evaluate(run.path, count=count, features=(OWN,), device=device, watch=watch)
        scores.append({score.name: score for score in found.scores})
    if not runs:
        return Candidate(name, known_families()[name].title, {}, 0, np.zeros((0, 1, 1, 1), np.uint8), (), failed)
    pictures = load(runs[0].path, device=device).sample(SHOWN, seed=1)
    images = statistics.mean(float(run.config()["images"]) for run in runs)
    names = tuple(run.path.name for run in runs)
    return Candidate(name, known_families()[name].title, summary(scores), images, pictures, names, failed)


def finished(
    name: str, data: str | Path, duration: str, seed: int, options: DataOptions, home: Path, device: str, watch: Watcher
) -> Run:
    """The run of that family and seed: as it lies there, gone on with, or trained now."""
    label = f"{name}-{seed}"
    there = [run for run in list_runs(home) if run.path.name.partition("-")[2] == label]
    if not there:
        return train(
            data,
            family=name,
            duration=duration,
            seed=seed,
            options=options,
            out=home,
            name=label,
            device=device,
            watch=watch,
        )
    run = there[-1]
    if run.config()["duration"] != duration:
        raise UsageError(
            f"{run.path} was trained for {run.config()['duration']}, not {duration}.",
            "what is compared must have had the same budget",
            f"-d {run.config()['duration']}, or another --out",
        )
    return run if run.status().get("state") == "finished" else resume(run.path, watch=watch)


def classical(name: str, dataset: Dataset, source: str, count: int, seeds: int, watch: Watcher) -> Candidate:
    """A method without networks: learnt and scored in one go."""
    found = []
    for seed in range(seeds):
        watch({"progress": (f"{name}, seed {seed}", 0, 1)})
        made = CLASSICAL[name](dataset, count, seed)
        sides = arranged(name, dataset, Samples(made), 0, source, trained=True)
        scores, *_ = judged(sides, (OWN,), 0, lambda what, done, total: watch({"progress": (what, done, total)}))
        found.append({score.name: score for score in scores})
    return Candidate(name, TITLES[name], summary(found), float(len(dataset.train)), made[:SHOWN])


def summary(scores: Sequence[Mapping[str, Score]]) -> dict[str, Figure]:
    """Score name -> its figure over the seeds; those without a number for any seed left out."""
    figures = {}
    for name, first in scores[0].items():
        values = [one[name].value for one in scores if name in one]
        known = [value for value in values if value is not None]
        if len(known) < len(scores):
            continue
        ends = (min(known), max(known)) if len(known) > 1 else (first.low, first.high)
        figures[name] = Figure(statistics.mean(known), *ends, first.floor, first.better)
    return figures


def _rank(one: Candidate) -> float:
    return one.figures[COLUMNS[0]].value if COLUMNS[0] in one.figures else float("inf")
