"""Generated images that are fit to train on: of the class they should be, not copied from real ones, not repeated."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from gansmith.data.gather import as_floats
from gansmith.measure.classifier import Classifier, calibrated, learn
from gansmith.measure.distances import nearest, within
from gansmith.measure.features import Features, built_in
from gansmith.measure.labels import accuracy
from gansmith.verbs.sides import Progress, Samples
from gansmith.verbs.spaces import REFERENCE_FLOATS, extracted

Images = NDArray[np.uint8]  # (n, H, W, C)
Labels = NDArray[np.int64]
Draw = Callable[[int, int, Labels | None], Images]  # (seed, how many, of which classes) -> as many images

CHUNK, LAST = 256, 16  # drawn at a time; beside twice what is missing of a class
QUANTILE = 0.01  # of fresh real images: so many lie nearer to a training image than what counts as the same picture
SET_ASIDE, LEAST_ASIDE = 10, 50  # one training image of ten calibrates the judge, where that makes fifty
MOST_ASIDE = 1000
MIRRORS = 0.95  # of its accuracy a judge must reach in a mirror, for flips to be sensible
EXAMPLES = 6  # refused images remembered, of each class and reason

LABEL, COPIED, REPEATED = "label", "copied", "repeated"
REASONS = (LABEL, COPIED, REPEATED)


@dataclass(frozen=True)
class Judge:
    """A calibrated classifier of the training images, and how it fares on those set aside for that.

    accuracy: share of them told right; mirrored: the same in a mirror, of which it has seen none; passed: share whose
    class it is confident enough of. All None where none were set aside.
    """

    classifier: Classifier
    confidence: float
    accuracy: float | None = None
    mirrored: float | None = None
    passed: float | None = None

    @property
    def flips(self) -> bool:
        """Whether images mean the same in a mirror, as it is right on them nearly as often."""
        return (self.mirrored or 0.0) >= MIRRORS * (self.accuracy or 1.0)


@dataclass(frozen=True)
class Filters:
    """features: what distances are measured in; known: (n, d) of real images, near which nothing may lie.

    same: nearer than this, two images are the same picture. judge: None where there are no classes to tell apart.
    """

    features: Features
    known: Tensor
    same: float
    judge: Judge | None


@dataclass
class Tally:
    """Of one class: how many were wanted, drawn, kept, and refused for which reason."""

    wanted: int
    drawn: int = 0
    kept: int = 0
    refused: dict[str, int] = field(default_factory=lambda: dict.fromkeys(REASONS, 0))


@dataclass(frozen=True)
class Collected:
    """images: (n, H, W, C) uint8 that passed; labels: (n,); confidences: (n,) of the judge, 1 without; distances: (n,)
    to the nearest real image, in units of `Filters.same`.

    tallies: by class. refused: examples by (class, reason). stopped: whether somebody asked to stop.
    """

    images: Images
    labels: Labels
    confidences: NDArray[np.float64]
    distances: NDArray[np.float64]
    tallies: tuple[Tally, ...]
    refused: dict[tuple[int, str], list[Images]]
    stopped: bool = False

    @property
    def complete(self) -> bool:
        return all(tally.kept >= tally.wanted for tally in self.tallies)


def judge_of(train: Samples, classes: int, confidence: float, seed: int, progress: Progress) -> Judge | None:
    """A classifier of these real images, calibrated on a tenth of them where that suffices; None for one class."""
    labels = train.labels
    if labels is None or len(np.unique(labels)) < 2:
        return None
    order = np.random.default_rng(seed).permutation(len(train))
    aside = min(len(train) // SET_ASIDE, MOST_ASIDE)
    aside = aside if aside >= LEAST_ASIDE else 0

    def watch(done: int, total: int) -> None:
        progress("learning the classes of real images", done, total)

    classifier = learn(train.tensor, order[aside:], labels, classes, seed=seed, watch=watch)
    if not aside:
        return Judge(classifier, confidence)
    rows = order[:aside]
    classifier = calibrated(classifier, train.tensor, rows, labels)
    images, truth = train.tensor(rows), torch.from_numpy(labels[rows])
    told = classifier(images)
    return Judge(
        classifier,
        confidence,
        accuracy=accuracy(told.argmax(1), truth),
        mirrored=accuracy(classifier(images.flip(3)).argmax(1), truth),
        passed=accuracy(told.gather(1, truth[:, None])[:, 0] >= confidence, torch.ones_like(truth, dtype=torch.bool)),
    )


def filters_for(train: Samples, held: Samples, judge: Judge | None, seed: int, progress: Progress) -> Filters:
    """Filters made of what was trained on; `held`: real images that were not, of which a tenth of `train` may serve.

    Two images are the same picture where they lie nearer to each other than all but one in a hundred fresh real images
    lie to their nearest training image.
    """
    most = max(2, REFERENCE_FLOATS // int(np.prod(train.values.shape[1:])))
    chance = np.random.default_rng(seed)
    features = built_in(train.tensor(np.sort(chance.permutation(len(train))[:most])))
    known = extracted(features, train, progress)
    if len(held) >= LEAST_ASIDE:
        fresh, others = extracted(features, held, progress), known
    else:
        order = torch.from_numpy(chance.permutation(len(known)))
        aside = max(1, min(len(known) // SET_ASIDE, MOST_ASIDE))
        fresh, others = known[order[:aside]], known[order[aside:]]
    distances = nearest(fresh, others)[0]
    distinct = distances[distances > 1e-3 * distances.median()]  # copies among the real images would make it 0
    return Filters(features, known, float(distinct.quantile(QUANTILE)) if len(distinct) else 0.0, judge)


def collect(
    draw: Draw,
    filters: Filters,
    wanted: Labels,
    *,
    told: bool,
    tries: int,
    seed: int = 0,
    progress: Progress = lambda what, done, total: None,
    stop: Callable[[], bool] = lambda: False,
) -> Collected:
    """Draw until `wanted` (classes,) images of each class have passed, or `tries` times as many were drawn.

    told: whether the generator is told the class; else the judge names it, and without a judge all are of class 0.
    stop: asked between draws. Draws are of seeds `seed`, `seed` + 1 and so on: the same again for the same arguments.
    """
    tallies = tuple(Tally(int(count)) for count in wanted)
    found: list[tuple[Images, Labels, Tensor, Tensor]] = []
    kept = filters.known[:0]
    refused: dict[tuple[int, str], list[Images]] = {}
    drawn, stopped = 0, False
    while asked := _next(tallies, told, tries, drawn):
        stopped = stop()
        if stopped:
            break
        progress("drawing and filtering", sum(tally.kept for tally in tallies), int(wanted.sum()))
        classes = np.array(asked, np.int64) if told else None
        images = draw(seed, len(asked), classes)
        seed, drawn = seed + 1, drawn + len(images)
        labels, sure = named(images, filters.judge, classes)
        features = extracted(filters.features, Samples(images), lambda what, done, total: None)
        away = nearest(features, filters.known)[0] / max(filters.same, 1e-12)
        faults = [_fault(filters, *pair) for pair in zip(sure.tolist(), away.tolist(), strict=True)]
        passed = np.array([place for place, fault in enumerate(faults) if fault is None], np.int64)
        again = set(passed[repeats(features[passed], kept, filters.same)].tolist())
        chosen = []
        for place, label in enumerate(labels.tolist()):
            tally = tallies[label]
            if tally.kept >= tally.wanted:
                continue  # more than are needed: neither kept nor refused
            tally.drawn += 1
            if (reason := REPEATED if place in again else faults[place]) is None:
                tally.kept += 1
                chosen.append(place)
                continue
            tally.refused[reason] += 1
            examples = refused.setdefault((label, reason), [])
            if len(examples) < EXAMPLES:
                examples.append(images[place])
        rows = np.array(chosen, np.int64)
        found.append((images[rows], labels[rows], sure[rows], away[rows]))
        kept = torch.cat([kept, features[rows]])
    return _joined(found, tallies, refused, stopped)


def named(images: Images, judge: Judge | None, asked: Labels | None) -> tuple[Labels, Tensor]:
    """Class and confidence of each image: the class asked for, or the likeliest; without a judge nobody doubts."""
    labels = np.zeros(len(images), np.int64) if asked is None else asked
    if judge is None:
        return labels, torch.ones(len(images))
    told = judge.classifier(as_floats(images))
    if asked is None:
        labels = told.argmax(1).numpy()
    return labels, told.gather(1, torch.from_numpy(labels)[:, None])[:, 0]


def repeats(features: Tensor, before: Tensor, same: float) -> NDArray[np.bool_]:
    """Which rows (n, d) lie nearer than `same` to one `before` (m, d) or to an earlier row that is no repeat itself."""
    if not len(features):
        return np.zeros(0, bool)
    again = nearest(features, before)[0] < same if len(before) else torch.zeros(len(features), dtype=torch.bool)
    found = again.numpy().copy()
    for row, others in enumerate(within(features).numpy() < same):
        found[row] |= bool((others[:row] & ~found[:row]).any())
    return found


def _fault(filters: Filters, sure: float, away: float) -> str | None:
    if filters.judge is not None and sure < filters.judge.confidence:
        return LABEL
    return COPIED if away < 1 else None


def _next(tallies: tuple[Tally, ...], told: bool, tries: int, drawn: int) -> list[int]:
    """The classes to draw now, in proportion to what is missing; empty when nothing is, or no try is left."""
    lacking = [tally.wanted - tally.kept for tally in tallies]
    if not told:
        left_of_all = tries * sum(tally.wanted for tally in tallies) - drawn
        return [0] * min(CHUNK, left_of_all) if any(lack > 0 for lack in lacking) else []
    left = [tries * tally.wanted - tally.drawn if lack > 0 else 0 for tally, lack in zip(tallies, lacking)]
    open_ = [label for label, tries_left in enumerate(left) if tries_left > 0]
    total = sum(lacking[label] for label in open_)
    share = {label: max(1, min(2 * lacking[label] + LAST, CHUNK * lacking[label] // total)) for label in open_}
    return [label for label in open_ for _ in range(min(share[label], left[label]))]


def _joined(
    found: list[tuple[Images, Labels, Tensor, Tensor]],
    tallies: tuple[Tally, ...],
    refused: dict[tuple[int, str], list[Images]],
    stopped: bool,
) -> Collected:
    if not found:
        none = np.zeros(0)
        return Collected(np.zeros((0, 1, 1, 1), np.uint8), none.astype(np.int64), none, none, tallies, refused, stopped)
    images, labels, sure, away = zip(*found)
    return Collected(
        np.concatenate(images),
        np.concatenate(labels),
        torch.cat(sure).double().numpy(),
        torch.cat(away).double().numpy(),
        tallies,
        refused,
        stopped,
    )
