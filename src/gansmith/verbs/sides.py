"""The two sides of an evaluation: real samples, some of them set apart, and generated ones of the same shape."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray
from torch import Tensor

from gansmith.data.dataset import Dataset
from gansmith.data.gather import as_floats, gathered
from gansmith.data.open import open_data
from gansmith.data.options import DataOptions
from gansmith.data.spec import DataSpec
from gansmith.errors import GansmithError, UsageError
from gansmith.families import family as find_family
from gansmith.measure.score import Score
from gansmith.runs.config import RunConfig
from gansmith.runs.folder import Run
from gansmith.runs.model import Model, load
from gansmith.runs.pictures import to_uint8
from gansmith.verbs.codes import run_errors
from gansmith.verbs.conditions import conditions_of
from gansmith.verbs.faithful import to_captions
from gansmith.verbs.unpaired import translation_errors

Progress = Callable[[str, int, int], None]

ENOUGH_HELD = 1000  # with fewer held-out samples the intervals are too wide to tell good generators apart
FEWEST_ASKED = 16  # held-out samples, below which fakes are made for what training samples came with
MOST = 10_000  # real samples of either kind that take part
DRAWN_FLOATS = 2**26  # in one go


@dataclass(frozen=True)
class Samples:
    """values: (N, H, W, C) uint8, or (N, D) float32 standardised as the real points are; labels: (N,) or None."""

    values: np.ndarray
    labels: NDArray[np.int64] | None = None

    def __len__(self) -> int:
        return len(self.values)

    def tensor(self, rows: NDArray[np.int64]) -> Tensor:
        """Rows as networks see them: (n, C, H, W) in [-1, 1], or (n, D)."""
        return as_floats(gathered(self.values, np.asarray(rows, np.int64)))

    def some(self, rows: NDArray[np.int64]) -> Samples:
        return Samples(gathered(self.values, rows), None if self.labels is None else self.labels[rows])


@dataclass(frozen=True)
class Sides:
    """What is compared with what.

    real: what generated samples are compared with; floor: other real samples, compared with `real` in their place;
    learn: further ones, to learn features from. The three are disjoint: features that have seen one of two sides tell
    them apart. train, held: what was and what was not trained on, for memorisation; where nobody knows, any two parts.
    words: which the real samples are. source: what the user called the real data. given: what the fakes were made for,
    by name, a row each; truth: the right answers, where pairs tell them. further: scores that took the networks.
    unseen: whether what the fakes were made for was held out of training.
    """

    name: str
    spec: DataSpec
    real: Samples
    floor: Samples
    learn: Samples
    train: Samples
    held: Samples
    fake: Samples
    words: str
    source: str = ""
    given: Mapping[str, Tensor] = field(default_factory=dict)
    truth: Samples | None = None
    further: tuple[Score, ...] = ()
    unseen: bool = False


def of_run(run: Run, *, count: int, seed: int, which: str, device: str, progress: Progress) -> tuple[Sides, str]:
    """A run's averaged generator against the data it was trained on, and the checkpoint's name.

    Raises GansmithError where the data has changed.
    """
    config = RunConfig.read(run.config())
    model = in_float32(load(run.path, which=which, device=device))
    dataset = open_data(config.source, config.options, progress=progress)
    if not dataset.spec.same_as(config.spec):
        raise GansmithError(
            f"The data of {run.path.name} is not what it was trained on.",
            f"{config.source} has changed since the run began",
            f"compare with it as it is now: gansmith sample {run.path.name} -n {count} --out fakes/, "
            f"then gansmith evaluate {config.source} fakes/",
        )
    rows = asked_for(dataset, count, seed)
    given = conditions_of(dataset, rows, len(rows))
    labels = labels_asked(dataset, rows, config.family)
    fake = Samples(drawn(model, len(rows) if given else count, seed, progress, given), labels)
    name = f"{run.path.name}, checkpoint {model.checkpoint}"
    sides = arranged(name, dataset, fake, seed, config.source, trained=True)
    pairing = dataset.spec.pairing if conditional(config.family, "source") else "none"
    truth = Samples(dataset.values, dataset.labels).some(rows) if pairing == "paired" else None
    further = translation_errors(model, dataset, count, seed, progress) if pairing == "unpaired" else []
    if "caption" in given and "text" in model.networks:  # of images with both, a run may have been told the label
        further += to_captions(dataset, fake.values, rows, seed, progress)
    further += run_errors(model, sides.real.tensor, sides.real.labels)
    unseen = bool(np.isin(rows, dataset.held).all())
    return replace(sides, given=given, truth=truth, further=tuple(further), unseen=unseen), model.checkpoint


def in_float32(model: Model) -> Model:
    """Whether bfloat16 pays is asked of a clock, and its samples differ: figures must not depend on that."""
    return replace(model, engine=replace(model.engine, precision="32"))


def asked_for(dataset: Dataset, count: int, seed: int) -> NDArray[np.int64]:
    """The rows whose conditions `count` fakes are made for: held-out ones where there are enough, at random.

    A translation is asked once of each source.
    """
    pool = dataset.held if len(dataset.held) >= FEWEST_ASKED else dataset.train
    once = dataset.spec.pairing != "none"
    chance = np.random.default_rng(seed)
    return chance.choice(pool, min(count, len(pool)) if once else count, replace=not once and count > len(pool))


def labels_asked(dataset: Dataset, rows: NDArray[np.int64], family: str) -> NDArray[np.int64] | None:
    """The labels (n,) that fakes should have: what was asked for, or what their sources had."""
    if dataset.labels is None:
        return None
    if dataset.source_of is not None and conditional(family, "source"):
        return dataset.labels[dataset.source_of[rows]]
    return dataset.labels[rows] if conditional(family, "label") else None


def conditional(name: str, on: str) -> bool:
    """Whether a family's samples are made for labels."""
    return on in find_family(name).conditions


def of_sources(real: str, fake: str, *, count: int, options: DataOptions, seed: int, progress: Progress) -> Sides:
    """Real and generated samples that lie on disk: anything `open_data` reads, brought to the smaller one's size."""
    shared = options.changed(holdout=1 / 3)
    dataset = open_data(real, shared, progress=progress)
    made = _like(fake, dataset.spec, options, progress)
    if options.size is None and made.spec.kind == "images":
        native = open_data(fake, options.changed(holdout=0, channels=None), progress=progress).spec
        if native.shape[1] * native.shape[2] < dataset.spec.shape[1] * dataset.spec.shape[2]:
            dataset = open_data(real, shared.changed(size=native.shape[1:]), progress=progress)
            made = _like(fake, dataset.spec, options, progress)
    rows = np.random.default_rng(seed).permutation(len(made.values))[:count]
    samples = Samples(_as_the_real(made, dataset.spec), _labels_as(made, dataset.spec)).some(rows)
    return arranged(f"{fake} against {real}", dataset, samples, seed, real, trained=False)


def _like(fake: str, real: DataSpec, options: DataOptions, progress: Progress) -> Dataset:
    if real.kind == "images":
        options = options.changed(size=real.shape[1:], channels=real.shape[0])
    made = open_data(fake, options.changed(holdout=0), progress=progress)
    if made.spec.kind != real.kind:
        raise UsageError(f"{real.kind.capitalize()} cannot be compared with {made.spec.kind}.", f"{fake} holds those.")
    if made.spec.shape != real.shape:
        raise UsageError(f"{fake} has {made.spec.shape[0]} columns, the real data {real.shape[0]}.")
    if real.columns and sorted(made.spec.columns) != sorted(real.columns):
        raise UsageError(
            f"The columns of {fake} have other names.",
            f"{', '.join(made.spec.columns)} instead of {', '.join(real.columns)}",
        )
    return made


def _as_the_real(made: Dataset, real: DataSpec) -> np.ndarray:
    if real.kind == "images":
        return made.values
    order = [made.spec.columns.index(name) for name in real.columns]
    return standardised(made.spec.in_units(made.values)[:, order], real)


def standardised(points: NDArray[np.float64], spec: DataSpec) -> NDArray[np.float32]:
    """Points (n, D) in the data's units, as the networks see them."""
    return ((points - np.array(spec.mean)) / np.array(spec.scale)).astype(np.float32)


def _labels_as(made: Dataset, real: DataSpec) -> NDArray[np.int64] | None:
    """The fakes' labels by the real data's numbers, where every class of theirs is one of the real data."""
    if made.labels is None or not set(made.spec.classes) <= set(real.classes):
        return None
    return np.array([real.classes.index(name) for name in made.spec.classes], np.int64)[made.labels]


def drawn(
    model: Model, count: int, seed: int, progress: Progress, given: Mapping[str, Tensor] | None = None
) -> np.ndarray:
    """Samples of a generator as they would be saved: uint8 images (count, H, W, C), or standardised points."""
    size = max(1, min(count, DRAWN_FLOATS // int(np.prod(model.spec.shape))))
    found: list[np.ndarray] = []
    for done in range(0, count, size):
        progress("drawing samples", done, count)
        some = {name: value[done : done + size] for name, value in (given or {}).items()}
        part = model.draw(min(size, count - done), seed + len(found), given=some)
        found.append(part.numpy() if model.spec.kind == "points" else to_uint8(part))
    progress("drawing samples", count, count)
    return np.concatenate(found)


def arranged(name: str, dataset: Dataset, fake: Samples, seed: int, source: str, trained: bool) -> Sides:
    """Real samples divided for comparison with `fake`; trained: the data set's training rows were learnt from.

    Raises GansmithError for fewer than four of them.
    """
    chance = np.random.default_rng(seed)
    train, held = (chance.permutation(rows)[:MOST] for rows in (dataset.train, dataset.held))
    kind = "images" if dataset.spec.kind == "images" else "rows"
    if len(train) < 4:
        raise GansmithError(f"{len(train)} real {kind} are too few to compare with.")
    n, whole = len(fake), Samples(dataset.values, dataset.labels)
    if len(held) >= min(ENOUGH_HELD, n, len(train) // 2):
        real, rest = held, train
        words = (
            f"{len(dataset.held):,} real {kind}, {'held out of training' if trained else 'a third of those there are'}"
        )
    else:
        real, rest = np.split(train, [min(n, len(train) // 3)])
        words = f"{len(real):,} of the real {kind}"
        if trained:
            words = f"{len(real):,} {kind} of the training, as only {len(dataset.held):,} were held out"
    floor, learn = np.split(rest, [min(2 * n, len(rest) // 2)])
    seen = (train, held) if len(held) else (floor, real)
    a, b, c, d, e = (whole.some(rows) for rows in (real, floor, learn, *seen))
    return Sides(name, dataset.spec, a, b, c, d, e, fake, words, source)
