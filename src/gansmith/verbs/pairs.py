"""How near translations come to the right answers of held-out pairs, beside what costs no adversary at all."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from gansmith.errors import UsageError
from gansmith.measure.bootstrap import NORMAL
from gansmith.measure.features import Features
from gansmith.measure.paired import likeness
from gansmith.measure.score import Score
from gansmith.runs.model import Model
from gansmith.runs.pictures import to_uint8
from gansmith.verbs.sides import Progress, Samples, Sides, drawn
from gansmith.verbs.spaces import extracted, find

MOST = 1000  # pairs
CHUNK = 64
BETTER = {"L1": "low", "PSNR": "high", "SSIM": "high"}
FEATURES = "feature distance"


@dataclass(frozen=True)
class Rival:
    """One way to answer, and how near its answers come: L1 (0..2), PSNR (decibels), SSIM, and in features.

    A feature distance is over that of unrelated right answers: 0 is the very image, 1 no nearer than any other.
    """

    name: str
    scores: tuple[Score, ...]

    def score(self, name: str, features: str = "") -> Score:
        """The score of that name, in the features whose name begins so. KeyError where there is none."""
        for score in self.scores:
            if score.name == name and score.features.startswith(features):
                return score
        raise KeyError(f"{name}@{features}")


def compare(
    sides: Sides, names: Sequence[str], seed: int, against: Model | None, progress: Progress
) -> tuple[Rival, ...]:
    """The run's answers, those of another run, the sources as they are, the mean target, a target of another pair.

    names: of features. Raises UsageError where the other run learnt something else.
    """
    answers = list(answering(sides, seed, against, progress))
    truth = first(sides.truth)
    scores = [[*nearness(truth, made)] for _, made in answers]
    for features in (find(name, sides, seed, progress) for name in dict.fromkeys(names)):
        wanted = extracted(features, truth, progress)
        unrelated = max(float(apart(wanted, wanted.roll(1, 0)).mean()), 1e-12)
        for found, (_, made) in zip(scores, answers, strict=True):
            distance = apart(wanted, extracted(features, made, progress)) / unrelated
            found.append(mean_of(distance, FEATURES, features))
    return tuple(Rival(name, tuple(found)) for (name, _), found in zip(answers, scores, strict=True))


def answering(sides: Sides, seed: int, against: Model | None, progress: Progress) -> Iterator[tuple[str, Samples]]:
    """Every rival's name and its answers to the same sources, in order."""
    source = sides.given["source"][:MOST]
    fake, truth = first(sides.fake), first(sides.truth)
    yield sides.name.partition(",")[0], fake
    if against is not None:
        yield against.run, answers_of(against, sides, seed, progress)
    yield "the source itself", Samples(to_uint8(source))
    mean = np.rint(sides.train.values.mean(0, dtype=np.float64)).astype(np.uint8)
    yield "the mean target", Samples(np.broadcast_to(mean, fake.values.shape))
    yield "another target", Samples(np.roll(truth.values, 1, 0))


def answers_of(model: Model, sides: Sides, seed: int, progress: Progress) -> Samples:
    """Another run's translations of the same sources."""
    if model.spec.fingerprint != sides.spec.fingerprint:
        raise UsageError(
            f"{model.run} was not trained on the same pairs.",
            "its data or their size is another",
            f"a run of the same data, e.g. gansmith train {sides.source} -f pix2pix adversarial=0",
        )
    source = sides.given["source"][:MOST]
    return Samples(drawn(model, len(source), seed, progress, {"source": source}))


def nearness(truth: Samples, made: Samples) -> Iterator[Score]:
    """L1, PSNR and SSIM over pairs, each with its interval."""
    found: dict[str, list[Tensor]] = {}
    for start in range(0, len(truth), CHUNK):
        rows = np.arange(start, min(start + CHUNK, len(truth)))
        for name, values in likeness(truth.tensor(rows), made.tensor(rows)).items():
            found.setdefault(name, []).append(values)
    for name, parts in found.items():
        yield mean_of(torch.cat(parts), name)


def apart(wanted: Tensor, made: Tensor) -> Tensor:
    """(n,) root of the mean squared difference of features (n, d)."""
    return (wanted - made).square().mean(1).sqrt()


def mean_of(values: Tensor, name: str, features: Features | None = None) -> Score:
    """A mean over pairs (n,) with its 95 % interval."""
    n, value = len(values), float(values.double().mean())
    reach = NORMAL * float(values.double().std()) / n**0.5 if n > 1 else float("nan")
    low, high = (value - reach, value + reach) if np.isfinite(reach) else (None, None)
    return Score(name, value, n, features.name if features else "", low, high, better=BETTER.get(name, "low"))


def first(samples: Samples | None) -> Samples:
    """As many as are compared."""
    assert samples is not None
    return samples.some(np.arange(min(MOST, len(samples))))


def rows_of(sides: Sides, count: int) -> np.ndarray:
    """Sources, then translations, then right answers of at most `count` pairs: (3 n, H, W, C) uint8."""
    rows = np.arange(min(count, len(sides.fake)))
    source = to_uint8(sides.given["source"][: len(rows)])
    return np.concatenate([source, sides.fake.some(rows).values, first(sides.truth).some(rows).values])
