"""evaluate: the honest table of a run, or of two plain sets of real and generated samples, and what it looks like."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gansmith.data.options import DataOptions
from gansmith.errors import GansmithError, UsageError
from gansmith.measure.bins import Missing
from gansmith.measure.neighbours import Pair
from gansmith.measure.score import Score
from gansmith.runs import disk
from gansmith.runs.folder import Run
from gansmith.runs.model import load
from gansmith.runs.pictures import grid, save_png
from gansmith.verbs import scoring
from gansmith.verbs.pairs import Rival, compare, rows_of
from gansmith.verbs.sides import Sides, in_float32, of_run, of_sources
from gansmith.verbs.spaces import OWN, RANDOM, check, spaces

Watcher = Callable[[Mapping[str, Any]], None]

DEFAULT = (RANDOM, OWN)
LEAST, MOST = 16, 50_000  # generated samples
MISSING_SHOWN, PAIRS_SHOWN = 64, 8


@dataclass(frozen=True)
class Evaluation:
    """What was compared and found.

    name: of what was judged; real: which real samples it was compared with; count: generated samples.
    missing: share of real samples of kinds that are generated too rarely, 0..1, and of each class;
    missing_floor: the same share of other real samples in their place.
    closest: pairs of a generated and a training sample. files: written. seconds: taken. rivals: of paired data, how
    near translations and simpler answers come to the right ones, the run's own first; pairs: which those are.
    """

    name: str
    kind: str
    real: str
    count: int
    seed: int
    scores: tuple[Score, ...]
    classes: Mapping[str, Mapping[str, float]]
    missing: float
    missing_floor: float
    missing_classes: Mapping[str, float]
    closest: tuple[Pair, ...]
    files: tuple[Path, ...]
    seconds: float
    rivals: tuple[Rival, ...] = ()
    pairs: str = ""

    def score(self, name: str, features: str = "") -> Score:
        """The score of that name, in the features whose name begins so. KeyError where there is none."""
        for score in self.scores:
            if score.name == name and score.features.startswith(features):
                return score
        raise KeyError(f"{name}@{features}")

    def to_json(self) -> dict[str, Any]:
        """Everything by name, as it is written."""
        return disk.tame(
            asdict(self)
            | {
                "scores": [score.to_json() for score in self.scores],
                "rivals": [
                    {"name": rival.name, "scores": [score.to_json() for score in rival.scores]} for rival in self.rivals
                ],
                "closest": [{"sample": pair.fake, "distance": pair.distance} for pair in self.closest],
                "files": [str(path) for path in self.files],
                "seconds": round(self.seconds, 1),
            }
        )


def evaluate(
    run_or_real: str | Path = "last",
    fake: str | Path | None = None,
    *,
    count: int = 2000,
    features: Sequence[str] = DEFAULT,
    seed: int = 0,
    which: str = "last",
    out: str | Path = "runs",
    to: str | Path | None = None,
    options: DataOptions | None = None,
    device: str = "auto",
    against: str | Path | None = None,
    watch: Watcher = lambda report: None,
) -> Evaluation:
    """Score a run's averaged generator, or generated samples `fake` against real ones, both anything that data can be.

    count: generated samples, 16 to 50 000; as many real ones are compared where there are enough. features: random,
    own, pixels, inception, module:object or a folder (docs/evaluation.md). which: "last", "best" or a checkpoint.
    to: a folder for the figures and pictures; a run keeps them in its `evaluations/` without it. options: how two plain
    sets are shaped. against: another run that translates the same pairs. watch: called with
    {"progress": (what, done, total)}. Raises UsageError for impossible wishes.
    """
    if not LEAST <= count <= MOST:
        raise UsageError(f"{count} samples cannot be evaluated.", do=f"-n between {LEAST} and {MOST}")
    check(features)
    begun = time.monotonic()

    def progress(what: str, done: int, total: int) -> None:
        watch({"progress": (what, done, total)})

    where, mark = Path(to) if to is not None else None, ""
    if fake is not None:
        real, options = str(run_or_real), options or DataOptions()
        sides = of_sources(real, str(fake), count=count, options=options, seed=seed, progress=progress)
    else:
        run = Run.find(str(run_or_real), Path(out))
        sides, checkpoint = of_run(run, count=count, seed=seed, which=which, device=device, progress=progress)
        if where is None:
            where, mark = run.path / "evaluations", f"{checkpoint}-"
    rivals = rivals_of(sides, features, seed, against, out, device, progress)
    pairs = f"{len(sides.fake):,} pairs {'held out of' if sides.unseen else 'of the'} training" if rivals else ""
    found = judged(sides, features, seed, progress)
    if where is None:
        return replace(_evaluation(sides, seed, *found, (), begun), rivals=rivals, pairs=pairs)
    files = [where / (f"{mark[:-1]}.json" if mark else "evaluation.json")]
    try:
        files += drawn(sides, found[2][0], found[3], where, mark, {"evaluated": sides.name, "seed": seed})
        evaluation = replace(_evaluation(sides, seed, *found, tuple(files), begun), rivals=rivals, pairs=pairs)
        disk.write_json(files[0], evaluation.to_json())
    except OSError as error:
        raise GansmithError(f"Cannot write to {where}.", str(error), "--out elsewhere") from None
    return evaluation


Found = tuple[list[Score], dict[str, dict[str, float]], tuple[Missing, float], tuple[Pair, ...]]


def judged(sides: Sides, features: Sequence[str], seed: int, progress: Callable[[str, int, int], None]) -> Found:
    """The scores, the figures by class, the missing rows and the closest pairs; the last two in the last space."""
    progress("comparing without features", 0, 1)
    scores = [*scoring.without_features(sides, seed), *sides.further]
    classes: dict[str, dict[str, float]] = {}
    for space in spaces(features, sides, seed, progress):
        progress(f"scoring in {space.name}", 0, 1)
        scores += scoring.in_space(space, seed)
        more, classes = scoring.with_labels(space, sides)
        scores += more
    return scores, classes, scoring.absent(space, seed), scoring.closest(space)


def rivals_of(
    sides: Sides,
    features: Sequence[str],
    seed: int,
    against: str | Path | None,
    out: str | Path,
    device: str,
    progress: Callable[[str, int, int], None],
) -> tuple[Rival, ...]:
    """Of paired data, the run's translations beside other answers; of other data nothing."""
    if sides.truth is None:
        if against is not None:
            raise UsageError("Only translations of pairs have rivals.", do="leave out --against")
        return ()
    other = None if against is None else in_float32(load(against, out=out, device=device))
    return compare(sides, features, seed, other, progress)


def _evaluation(
    sides: Sides,
    seed: int,
    scores: list[Score],
    classes: dict[str, dict[str, float]],
    absent: tuple[Missing, float],
    closest: tuple[Pair, ...],
    files: tuple[Path, ...],
    begun: float,
) -> Evaluation:
    return Evaluation(
        sides.name,
        sides.spec.kind,
        sides.words,
        len(sides.fake),
        seed,
        tuple(scores),
        classes,
        absent[0].share,
        absent[1],
        _shares(sides, absent[0].rows.numpy()),
        closest,
        files,
        time.monotonic() - begun,
    )


def _shares(sides: Sides, rows: NDArray[np.int64]) -> dict[str, float]:
    """Class name -> share of its training samples that are among the missing rows, the largest first."""
    labels = sides.floor.labels
    if labels is None or not len(rows):
        return {}
    every, lacking = Counter(labels.tolist()), Counter(labels[rows].tolist())
    return {sides.spec.classes[label]: count / every[label] for label, count in lacking.most_common()}


def drawn(
    sides: Sides, lacking: Missing, closest: Sequence[Pair], where: Path, mark: str, recipe: Mapping[str, Any]
) -> list[Path]:
    """Write as pictures: real images of kinds made too rarely, translations, the closest pairs. Returns the files."""
    where.mkdir(parents=True, exist_ok=True)
    written = []
    if sides.spec.kind == "images" and len(lacking.rows):
        path = where / f"{mark}missing.png"
        rows = _in_turn(lacking)[:MISSING_SHOWN]
        save_png(grid(sides.floor.some(rows).values), path, {**recipe, "shows": "real images of kinds made too rarely"})
        written.append(path)
    if sides.truth is not None:
        path = where / f"{mark}pairs.png"
        shown = "above: sources; middle: their translations; below: the right answers"
        save_png(grid(rows_of(sides, PAIRS_SHOWN), PAIRS_SHOWN), path, {**recipe, "shows": shown})
        written.append(path)
    if sides.spec.kind == "images" and closest:
        path = where / f"{mark}closest.png"
        made = sides.fake.some(np.array([pair.fake for pair in closest])).values
        real = sides.train.some(np.array([pair.train for pair in closest])).values
        shown = "above: generated; below: the nearest training image"
        save_png(grid(np.concatenate([made, real]), len(closest)), path, {**recipe, "shows": shown})
        written.append(path)
    return written


def _in_turn(lacking: Missing) -> NDArray[np.int64]:
    """The missing rows, one of each bin after the other, so that a picture shows all kinds and not one kind often."""
    place: Counter[int] = Counter()
    ranked = []
    for position, (row, home) in enumerate(zip(lacking.rows.tolist(), lacking.bins.tolist(), strict=True)):
        ranked.append((place[home], position, row))
        place[home] += 1
    return np.array([row for _, _, row in sorted(ranked)], np.int64)
