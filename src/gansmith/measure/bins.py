"""Bins of the real data that the fakes fill too little or too much, and so which real samples are missing.

NDB, the number of statistically different bins, and the divergence of the bins' shares: Richardson and Weiss 2018.
"""

from __future__ import annotations

import math
import warnings
from dataclasses import dataclass

import torch
from torch import Tensor

from gansmith.measure.distances import distances, nearest

PER_BIN = 10  # samples of either side that a bin should hold on average: below it the z-test means nothing
MOST = 100  # bins, as in the paper
LIMIT = 1.96  # two-sided 5 %


@dataclass(frozen=True)
class Bins:
    """centres (K, d) of the bins; home (n,): the bin of each training row; counts (K,): training rows per bin.

    The rows that are counted had no part in placing the centres. Of rows that had, more lie near than of fresh ones,
    and in many dimensions real data would differ from itself.
    """

    centres: Tensor
    home: Tensor
    counts: Tensor

    @classmethod
    def of(cls, train: Tensor, count: int, seed: int = 0) -> Bins:
        """Divide training features (n, d) into `count` bins: k-means on every other row, the rest counted."""
        from sklearn.cluster import KMeans
        from sklearn.exceptions import ConvergenceWarning

        with warnings.catch_warnings():
            warnings.simplefilter("ignore", ConvergenceWarning)  # fewer distinct rows than bins: some stay empty
            found = KMeans(count, n_init=1, max_iter=50, random_state=seed).fit(train[::2].double().numpy())
        centres = torch.from_numpy(found.cluster_centers_).to(train.dtype)
        home = distances(train, centres).argmin(dim=1)
        return cls(centres, home, torch.bincount(home[1::2], minlength=count))

    def tally(self, samples: Tensor) -> Tensor:
        """How many samples (m, d) fall into each bin: (K,)."""
        return torch.bincount(distances(samples, self.centres).argmin(dim=1), minlength=len(self.centres))


def bins_for(train: int, fake: int) -> int:
    """As many bins as this many training rows, half of them counted, and fakes fill with PER_BIN each; at most MOST."""
    return min(MOST, train // 2 // PER_BIN, fake // PER_BIN)


def z_scores(real: Tensor, fake: Tensor) -> Tensor:
    """Two-proportion z-test per bin of counts (K,) and (K,): below 0 where fakes are too few; (K,) float64."""
    real, fake = real.double(), fake.double()
    n, m = real.sum(), fake.sum()
    pooled = (real + fake) / (n + m)
    error = (pooled * (1 - pooled) * (1 / n + 1 / m)).sqrt()
    return torch.where(error > 0, (fake / m - real / n) / error, torch.zeros_like(error))


def ndb(real: Tensor, fake: Tensor) -> float:
    """Share of bins whose shares of real and fake differ at 5 %, from counts (K,) and (K,).

    0..1, lower is better; about 0.05 for two sets of one source.
    """
    return float((z_scores(real, fake).abs() > LIMIT).double().mean())


def divergence(real: Tensor, fake: Tensor) -> float:
    """Jensen-Shannon divergence of the bins' shares, in bits: 0 (equal) .. 1 (no bin in common)."""
    p, q = real.double() / real.sum(), fake.double() / fake.sum()
    mean = ((p + q) / 2).clamp(min=torch.finfo(torch.float64).tiny)
    nats = torch.special.xlogy(p, p / mean).sum() + torch.special.xlogy(q, q / mean).sum()
    return float(nats) / (2 * math.log(2))


@dataclass(frozen=True)
class Missing:
    """What the generator does not make. rows (r,): training rows, the most missing first; bins (r,): the bin of each.

    share: of all training rows, the part in such bins.
    """

    rows: Tensor
    bins: Tensor
    share: float


def missing(bins: Bins, train: Tensor, fake: Tensor) -> Missing:
    """Training rows (n, d) of bins with significantly too few of the fakes (m, d).

    Bins in the order of how much they lack (fakes there are over fakes there should be), and in each the row farthest
    from any fake first. Bins are those `of` the same training rows.
    """
    found = bins.tally(fake)
    lacking = z_scores(bins.counts, found) < -LIMIT
    there, due = found.double() / len(fake), bins.counts.double() / bins.counts.sum()
    rows = lacking[bins.home].nonzero().flatten()
    if not len(rows):
        return Missing(rows, rows, 0.0)
    homes = bins.home[rows]
    lack, far = (there / due)[homes].tolist(), nearest(train[rows], fake)[0].tolist()
    order = sorted(range(len(rows)), key=lambda i: (lack[i], int(homes[i]), -far[i]))
    rows = rows[torch.tensor(order)]
    return Missing(rows, bins.home[rows], len(rows) / len(train))
