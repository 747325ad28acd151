"""Distance matrices against scipy's, and features that cannot be measured."""

from __future__ import annotations

import pytest
import torch
from scipy.spatial.distance import cdist

from gansmith.errors import GansmithError
from gansmith.measure.distances import Matrices, distances, features, nearest, radii, within
from tests.measure.clouds import cloud


def test_they_are_scipys() -> None:
    a, b = cloud(20, 5), cloud(30, 5, 1)
    assert torch.allclose(distances(a, b).double(), torch.from_numpy(cdist(a, b)), atol=1e-6)


def test_a_copy_lies_at_nought_even_far_from_the_origin() -> None:
    a = cloud(50, 64, mean=1000.0)
    assert float(distances(a, a.clone()).diagonal().max()) < 1e-3 * float(within(a).min())


def test_the_nearest_is_found_in_pieces(monkeypatch: pytest.MonkeyPatch) -> None:
    a, b = cloud(50, 3), cloud(30, 3, 1)
    whole = distances(a, b).min(dim=1)
    monkeypatch.setattr("gansmith.measure.distances.PIECE", 100)
    values, rows = nearest(a, b)
    assert torch.allclose(values, whole.values, atol=1e-6) and torch.equal(rows, whole.indices)


def test_nobody_is_his_own_neighbour() -> None:
    line = torch.tensor([[0.0], [1.0], [3.0]])
    assert within(line).diagonal().isinf().all()
    assert radii(within(line), 2).tolist() == [3.0, 2.0, 3.0]


def test_rows_of_matrices_are_matrices_of_rows() -> None:
    real, fake = cloud(12, 3), cloud(9, 3, 1)
    some, others = torch.tensor([1, 5, 7]), torch.tensor([0, 8])
    picked, made = Matrices.of(real, fake).rows(some, others), Matrices.of(real[some], fake[others])
    for a, b in zip((picked.real, picked.cross, picked.fake), (made.real, made.cross, made.fake)):
        assert torch.allclose(a, b, atol=1e-5)


def test_what_cannot_be_measured_is_refused_in_words() -> None:
    broken = cloud(4, 2)
    broken[1, 0] = torch.nan
    with pytest.raises(GansmithError, match="1 of 4 fake samples"):
        features(broken, "fake")
    with pytest.raises(GansmithError, match="shape"):
        features(torch.zeros(3, 2, 2), "fake")
