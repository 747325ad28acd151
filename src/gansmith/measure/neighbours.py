"""What nearest neighbours tell: whether two sets can be told apart, whether training samples were copied, how many
distinct samples there are."""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
from torch import Tensor

from gansmith.measure.distances import Matrices, nearest


@dataclass(frozen=True)
class Told:
    """Leave-one-out accuracy of a nearest neighbour that tells real from fake: 0..1, 0.5 is best.

    real, fake: the same on either side. They matter: noisy fakes lie nearer to reals than to each other, so that reals
    are told right and fakes wrong, which makes 0.5 together. Few good pictures are told right; below 0.5 on both
    sides, samples are copied.
    """

    accuracy: float
    real: float
    fake: float


def one_nn(real: Tensor, fake: Tensor) -> Told:
    """Two-sample test of Lopez-Paz and Oquab 2017 on real (n, d) and fake (n, d), of equal n."""
    return told(Matrices.of(real, fake))


def told(matrices: Matrices) -> Told:
    """The same, where distances are known already. A tie counts half."""
    cross = matrices.cross
    real = _nearer(matrices.real.min(dim=1).values, cross.min(dim=1).values)
    fake = _nearer(matrices.fake.min(dim=1).values, cross.min(dim=0).values)
    share = len(real) / (len(real) + len(fake))
    sides = float(real.mean()), float(fake.mean())
    return Told(share * sides[0] + (1 - share) * sides[1], *sides)


def _nearer(own: Tensor, other: Tensor) -> Tensor:
    return (own < other).double() + (own == other).double() / 2


@dataclass(frozen=True)
class Pair:
    """A fake row, its nearest training row, and their distance."""

    fake: int
    train: int
    distance: float


@dataclass(frozen=True)
class Memorisation:
    """How near fakes lie to training samples, compared with held-out samples.

    ratio: median distance of fakes over that of held-out ones: 1 is fresh, near 0 copied; nan where held-out samples
    are copies themselves. z: of the Mann-Whitney test, after C_T of Meehan et al. 2020: below about -3 fakes lie
    nearer to the training samples than fresh ones do. closest: the ten nearest pairs, nearest first.
    """

    ratio: float
    z: float
    closest: tuple[Pair, ...]


def memorisation(train: Tensor, held: Tensor, fake: Tensor, pairs: int = 10) -> Memorisation:
    """Of training (n, d), held-out (m, d) and fake (k, d) features."""
    fakes, rows = nearest(fake, train)
    helds = nearest(held, train)[0]
    order = fakes.argsort(stable=True)[:pairs].tolist()
    closest = tuple(Pair(i, int(rows[i]), float(fakes[i])) for i in order)
    return Memorisation(ratio_of_medians(fakes, helds), mann_whitney(fakes, helds), closest)


def ratio_of_medians(a: Tensor, b: Tensor) -> float:
    """Median of a over median of b; nan where b's is 0."""
    below = float(b.median())
    return float(a.median()) / below if below else math.nan


def mann_whitney(a: Tensor, b: Tensor) -> float:
    """How many standard deviations a's (n,) rank above b's (m,) lies from chance; below 0: a is smaller."""
    b = b.sort().values
    below, upto = torch.searchsorted(b, a), torch.searchsorted(b, a, right=True)
    wins = float((below + upto).double().sum()) / 2
    n, m = len(a), len(b)
    ties = torch.bincount(torch.searchsorted(both := torch.cat([a, b]).sort().values, both)).double()
    tied = float((ties**3 - ties).sum()) / ((n + m) * (n + m - 1))
    spread = math.sqrt(n * m / 12 * (n + m + 1 - tied))
    return (wins - n * m / 2) / spread if spread else 0.0


def alike(among: Tensor) -> float:
    """The distance below which two samples are the same picture: the 1 % quantile of reals' nearest distances.

    From `within` the reals (n, n). Exact duplicates in the data are left out, as they would make it 0.
    """
    nearest = among.min(dim=1).values
    distinct = nearest[nearest > 1e-3 * among.median()]
    return float(distinct.quantile(0.01)) if len(distinct) else 0.0


def support(among: Tensor, same: float) -> float:
    """Number of distinct samples, by the birthday paradox (Arora and Zhang 2018), from `within` the fakes (n, n).

    Of n draws from N equally likely ones about n (n - 1) / 2N pairs are the same; so N is found from the pairs nearer
    than `same`. With no such pair it is the largest number that n draws can tell of, n (n - 1) / 2.
    """
    pairs = float((among <= same).sum()) / 2
    return len(among) * (len(among) - 1) / 2 / max(pairs, 1.0)
