"""augment: generated training images that passed filters, and what they are worth to a classifier."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from gansmith.errors import GansmithError, UsageError
from gansmith.runs import disk
from gansmith.runs.model import load
from gansmith.runs.pictures import save_png
from gansmith.verbs.filtering import Collected, Filters, Judge, Tally, collect, filters_for, judge_of
from gansmith.verbs.sides import in_float32
from gansmith.verbs.signals import stopping
from gansmith.verbs.suited import Plan, fitted
from gansmith.verbs.synthetic import check_target, sheet_of, write_folder
from gansmith.verbs.translate import saved
from gansmith.verbs.worth import Measured, measured, tests_for

Watcher = Callable[[Mapping[str, Any]], None]

SIZES: tuple[int | None, ...] = (10, 100, None)
RATIO, REPEATS, CONFIDENCE, TRIES = 1.0, 3, 0.5, 10
MOST = 100_000  # of a class


@dataclass(frozen=True)
class Augmented:
    """What was written to `path`, class by class, what it was judged by, and what it is worth.

    judge: None where there were no classes. same: the distance in `features` below which two images are the same.
    measured: None where it was not measured; `notes` say why, and whatever else should be known.
    """

    path: Path
    run: str
    checkpoint: str
    data: str
    seed: int
    tries: int
    classes: Mapping[str, Tally]
    confidence: float | None
    accuracy: float | None
    passed: float | None
    features: str
    same: float
    stopped: bool
    sheet: Path | None = None
    measured: Measured | None = None
    notes: tuple[str, ...] = ()

    @property
    def kept(self) -> int:
        return sum(tally.kept for tally in self.classes.values())

    @property
    def complete(self) -> bool:
        return all(tally.kept >= tally.wanted for tally in self.classes.values())

    def to_json(self) -> dict[str, Any]:
        """Everything by name, as metadata.json holds it."""
        told = asdict(self) | {"path": str(self.path), "sheet": None if self.sheet is None else str(self.sheet)}
        return dict(disk.tame(told | {"kept": self.kept, "complete": self.complete}))


def augment(
    run: str | Path,
    data: str | Path,
    *,
    to: str | Path,
    per_class: int = 500,
    confidence: float = CONFIDENCE,
    measure: bool = True,
    ratio: float = RATIO,
    sizes: Sequence[int | None] = SIZES,
    repeats: int = REPEATS,
    test: str | Path | None = None,
    sheet: str | Path | None = None,
    tries: int = TRIES,
    seed: int = 0,
    which: str = "last",
    out: str | Path = "runs",
    device: str = "auto",
    watch: Watcher = lambda report: None,
) -> Augmented:
    """Write `per_class` generated images of each class of `data` into the new folder `to`, and measure their worth.

    A classifier of the real images must give each the class asked for (by a run that is told none: any class) with at
    least `confidence`, 0..1; it must be no copy of a real image and no repeat of another; see `filtering`. At most
    `tries` images are drawn for each wanted. measure: whether to train classifiers with and without them, `repeats`
    times for each of `sizes`, real images per class, None for all, with `ratio` synthetic ones for each; see
    `measure.gain`. test: labelled images to test on, by default those held out of `data`. sheet: a picture of what was
    kept and refused. watch: called with {"progress": (what, done, total)}. Ctrl-C keeps what there is. The same
    arguments give the same images. Raises UsageError for what cannot be, GansmithError where no image passes.
    """
    _check(per_class, confidence, ratio, sizes, repeats, tries, sheet)
    target = check_target(to)
    asked: list[str] = []

    def progress(what: str, done: int, total: int) -> None:
        if asked:
            raise KeyboardInterrupt
        watch({"progress": (what, done, total)})

    with stopping(asked):
        plan = fitted(in_float32(load(run, out=out, which=which, device=device)), data, progress)
        tests, notes = tests_for(plan, test, progress) if measure else (None, [])
        judge = judge_of(plan.train, len(plan.classes), confidence, seed, progress)
        filters = filters_for(plan.known, plan.held, judge, seed, progress)
        wanted = np.full(len(plan.classes), per_class)
        found = collect(
            plan.draw,
            filters,
            wanted,
            told=plan.told,
            tries=tries,
            seed=seed,
            progress=lambda what, done, total: watch({"progress": (what, done, total)}),
            stop=lambda: bool(asked),
        )
        result = _told(plan, found, filters, judge, target, str(data), seed, tries)
        if not result.kept:
            _give_up(result, asked)
        notes = [*_remarks(plan), *notes]
        result = replace(result, notes=tuple(notes), sheet=None if sheet is None else Path(sheet))
        write_folder(target, found, plan.classes, result.to_json())
        if result.sheet is not None:
            recipe = {"run": result.run, "checkpoint": result.checkpoint, "seed": seed, "shows": "kept, then refused"}
            picture, path = sheet_of(found, plan.classes), result.sheet
            saved(lambda: save_png(picture, path, recipe), path.parent)
        if tests is None or asked:
            return replace(result, stopped=bool(asked))
        flips = judge is not None and judge.flips
        worth = measured(plan, found, tests, flips, progress, tuple(sizes), ratio, repeats, seed)
        result = replace(result, measured=worth, stopped=not worth.complete)
        disk.write_json(target / "metadata.json", result.to_json())
    return result


def _check(
    per_class: int,
    confidence: float,
    ratio: float,
    sizes: Sequence[int | None],
    repeats: int,
    tries: int,
    sheet: str | Path | None,
) -> None:
    if not 1 <= per_class <= MOST:
        raise UsageError(f"{per_class} images of a class cannot be made.", do=f"--per-class between 1 and {MOST:,}")
    if not 0 <= confidence < 1:
        raise UsageError(f"No classifier has a confidence of {confidence:g}.", do="--confidence 0.5; below 1")
    if not (0 < ratio < math.inf):
        raise UsageError(f"{ratio:g} synthetic images cannot join each real one.", do="--ratio 1")
    if not sizes or any(size is not None and size < 1 for size in sizes):
        raise UsageError("There are no such sizes.", do="--sizes 10,100,all")
    if repeats < 2:
        raise UsageError(f"{repeats} repeats have no interval.", do="--repeats 3, or --no-measure")
    if tries < 1:
        raise UsageError(f"{tries} tries make no image.", do="--tries 10")
    if sheet is not None and Path(sheet).suffix.lower() != ".png":
        raise UsageError(f"A sheet cannot be written as '{Path(sheet).suffix}'.", do="--sheet kept.png")


def _remarks(plan: Plan) -> list[str]:
    notes = []
    if not plan.told and len(plan.classes) > 1:
        notes.append(f"{plan.model.run} is told no classes: the classifier of the real images named them")
    if plan.train.labels is not None and len(np.unique(plan.train.labels)) < 2:
        notes.append("one class alone: there is nothing to tell it from, so that no label was checked")
    if plan.seen is None:
        notes.append(
            "what the run was trained on is no longer there: copies of it, and tests on it, cannot be ruled out"
        )
    return notes


def _told(
    plan: Plan,
    found: Collected,
    filters: Filters,
    judge: Judge | None,
    target: Path,
    data: str,
    seed: int,
    tries: int,
) -> Augmented:
    return Augmented(
        target,
        plan.model.run,
        plan.model.checkpoint,
        data,
        seed,
        tries,
        dict(zip(plan.classes, found.tallies, strict=True)),
        None if judge is None else judge.confidence,
        None if judge is None else judge.accuracy,
        None if judge is None else judge.passed,
        filters.features.name,
        filters.same,
        found.stopped,
    )


def _give_up(result: Augmented, asked: Sequence[str]) -> None:
    if asked:
        raise KeyboardInterrupt
    reasons = {
        reason: sum(tally.refused[reason] for tally in result.classes.values())
        for reason in next(iter(result.classes.values())).refused
    }
    told = ", ".join(f"{count:,} {reason}" for reason, count in reasons.items() if count)
    raise GansmithError(
        f"None of {sum(tally.drawn for tally in result.classes.values()):,} images of {result.run} passed.",
        f"refused: {told}",
        "a lower --confidence, or a longer training",
    )
