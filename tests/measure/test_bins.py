"""Bins against a z-test by hand and scipy's divergence, and real modes that are known to be missing."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from scipy.spatial.distance import jensenshannon
from torch import Tensor

from gansmith.measure.bins import Bins, bins_for, divergence, missing, ndb, z_scores
from tests.measure.clouds import cloud


def modes(counts: list[int], seed: int = 0) -> Tensor:
    """Samples around (10 i, 0), so many of each i, shuffled."""
    rows = torch.cat([cloud(n, 2, seed + i) + torch.tensor([10.0 * i, 0.0]) for i, n in enumerate(counts)])
    return rows[torch.randperm(len(rows), generator=torch.Generator().manual_seed(seed))]


def z(real: int, n: int, fake: int, m: int) -> float:
    pooled = (real + fake) / (n + m)
    return (fake / m - real / n) / math.sqrt(pooled * (1 - pooled) * (1 / n + 1 / m))


def test_the_test_is_the_two_proportion_test() -> None:
    real, fake = [40, 30, 30, 0], [10, 12, 25, 3]
    found = z_scores(torch.tensor(real), torch.tensor(fake))
    assert found.tolist() == pytest.approx([z(r, 100, f, 50) for r, f in zip(real, fake)])
    assert ndb(torch.tensor(real), torch.tensor(fake)) == sum(abs(x) > 1.96 for x in found.tolist()) / 4 > 0


def test_an_empty_bin_of_both_differs_in_nothing() -> None:
    assert z_scores(torch.tensor([5, 0]), torch.tensor([7, 0])).tolist() == [0, 0]
    assert divergence(torch.tensor([5, 0]), torch.tensor([7, 0])) == 0


def test_the_divergence_is_scipys() -> None:
    real, fake = [40, 30, 30, 0], [10, 12, 25, 3]
    assert divergence(torch.tensor(real), torch.tensor(fake)) == pytest.approx(jensenshannon(real, fake, base=2) ** 2)
    assert divergence(torch.tensor([9, 0]), torch.tensor([0, 4])) == pytest.approx(1)


def test_one_source_differs_in_one_bin_of_twenty() -> None:
    """Also in many dimensions, where bins fitted to the very rows they count would differ from everything."""
    found = []
    for seed in range(6):
        bins = Bins.of(cloud(1000, 64, 2 * seed), 20)
        found.append(ndb(bins.counts, bins.tally(cloud(500, 64, 2 * seed + 1))))
    assert np.mean(found) == pytest.approx(0.05, abs=0.05)


def test_bins_are_counted_on_rows_that_did_not_place_them() -> None:
    train = modes([100, 100])
    bins = Bins.of(train, 2)
    assert int(bins.counts.sum()) == 100
    assert torch.equal(bins.counts, torch.bincount(bins.home[1::2]))
    assert torch.equal(torch.bincount(bins.home), torch.tensor([100, 100]))


def test_the_rows_of_a_mode_left_out_are_missing() -> None:
    """A mode without fakes first, then one with a third of its share; the farthest of each first."""
    train = modes([200, 200, 200, 200])
    mode = (train[:, 0] / 10).round().long()
    fake = modes([200, 200, 66, 0], seed=50)
    bins = Bins.of(train, 4)
    found = missing(bins, train, fake)
    assert set(mode[found.rows[:200]].tolist()) == {3}
    assert set(mode[found.rows[200:]].tolist()) == {2}
    assert found.share == pytest.approx(0.5)
    assert torch.equal(found.bins, bins.home[found.rows])
    far = torch.cdist(train[found.rows[:200]], fake).min(dim=1).values
    assert torch.all(far[:-1] >= far[1:] - 1e-4)


def test_of_one_source_next_to_nothing_is_missing() -> None:
    train = modes([300, 300, 300, 300])
    assert missing(Bins.of(train, 4), train, modes([300, 300, 300, 300], seed=50)).share == 0


def test_as_many_bins_as_can_be_filled() -> None:
    assert bins_for(1024, 512) == 51
    assert bins_for(10_000, 5_000) == 100
    assert bins_for(100, 500) == 5
