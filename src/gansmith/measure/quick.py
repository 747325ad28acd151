"""Everything that is measured during training, in some tens of milliseconds: the real side is prepared once."""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
from torch import Tensor

from gansmith.errors import GansmithError
from gansmith.measure.bins import Bins, bins_for, ndb
from gansmith.measure.distances import distances, features, radii, within
from gansmith.measure.kernel import from_kernels, kernel
from gansmith.measure.manifold import NEIGHBOURS, from_radii
from gansmith.measure.neighbours import alike, ratio_of_medians, support

SPLITS = 16  # random halves of the reals, to learn how large a KID chance alone makes
NAMES = (
    "kid",
    "kid floor",
    "precision",
    "recall",
    "density",
    "coverage",
    "coverage floor",
    "memorised",
    "ndb",
    "birthday",
)


@dataclass(frozen=True)
class Reference:
    """The real side of a training's evaluations, everything about it that never changes."""

    train: Tensor
    held: Tensor
    among: Tensor  # distances within train
    kernels: Tensor  # within held
    fresh: Tensor  # held-out samples' distances to the nearest training sample
    bins: Bins
    same: float  # distance below which two samples are one picture
    kid_floor: float
    coverage_floor: float

    @classmethod
    def of(cls, train: Tensor, held: Tensor, count: int = 512) -> Reference:
        """From features of training (n, d) and held-out samples (m, d), shuffled, for evaluations of `count` fakes.

        1 024 training and 512 held-out rows are enough. Raises GansmithError for less than ten of either,
        or where a value is not finite.
        """
        train, held = features(train, "training"), features(held, "held-out")
        _enough(min(len(train), len(held)), "real")
        among, to_train = within(train), distances(train, held)
        return cls(
            train,
            held,
            among,
            kernel(held, held),
            to_train.min(dim=0).values,
            Bins.of(train, max(2, bins_for(len(train), count))),
            alike(among),
            _kid_by_chance(torch.cat([train, held]), min(count, len(held))),
            _coverage(among, to_train),
        )

    def quick(self, fake: Tensor) -> dict[str, float]:
        """The facts `eval/...` of fake features (n, d), by NAMES; all nan where a value is not finite.

        kid: unbiased, against held-out samples; kid floor: its root mean square between two sets of reals, as large as
        the smaller of both sides here. precision, recall, density, coverage: against training samples, at equal n;
        coverage floor: held-out samples in the place of fakes. memorised: 1 fresh, near 0 copied. ndb: share of bins
        that differ. birthday: estimated number of distinct samples.
        """
        fake = fake.detach().float().cpu()
        if not fake.isfinite().all():
            return dict.fromkeys(NAMES, math.nan)
        _enough(len(fake), "generated")
        to_fake, fakes = distances(self.train, fake), within(fake)
        n = min(len(self.train), len(fake))
        four = from_radii(to_fake[:n, :n], radii(self.among[:n, :n], NEIGHBOURS), radii(fakes[:n, :n], NEIGHBOURS))
        return {
            "kid": from_kernels(self.kernels, kernel(self.held, fake), kernel(fake, fake)),
            "kid floor": self.kid_floor,
            "precision": four.precision,
            "recall": four.recall,
            "density": four.density,
            "coverage": four.coverage,
            "coverage floor": self.coverage_floor,
            "memorised": ratio_of_medians(to_fake.min(dim=0).values, self.fresh),
            "ndb": ndb(self.bins.counts, self.bins.tally(fake)),
            "birthday": support(fakes, self.same),
        }


def quick(real_held: Tensor, real_train: Tensor, fake: Tensor) -> dict[str, float]:
    """`Reference.quick` for a single evaluation."""
    return Reference.of(real_train, real_held, len(fake)).quick(fake)


def _enough(count: int, of: str) -> None:
    if count < 2 * NEIGHBOURS:
        raise GansmithError(
            f"{count} {of} samples are too few to evaluate",
            f"{2 * NEIGHBOURS} are the least",
            "give more data, or train without evaluations",
        )


def _coverage(among: Tensor, to_held: Tensor) -> float:
    n = min(to_held.shape)
    inside = to_held[:n, :n] <= radii(among[:n, :n], NEIGHBOURS)[:, None]
    return float(inside.any(dim=1).double().mean())


def _kid_by_chance(reals: Tensor, size: int) -> float:
    size = min(size, len(reals) // 2)
    kernels = kernel(reals, reals)
    chance = torch.Generator().manual_seed(0)
    square = 0.0
    for _ in range(SPLITS):
        order = torch.randperm(len(reals), generator=chance)
        a, b = order[:size], order[size : 2 * size]
        square += from_kernels(kernels[a][:, a], kernels[a][:, b], kernels[b][:, b]) ** 2
    return math.sqrt(square / SPLITS)
