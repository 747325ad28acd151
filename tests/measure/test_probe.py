"""A probe of features: draws are balanced, classifiers learn what can be learnt, intervals hold what they promise."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from gansmith.measure import probe
from gansmith.measure.probe import balanced, linear, neighbour, share, tuned

CENTRES = torch.tensor([[3.0, 0.0, 0.0], [0.0, 3.0, 0.0], [0.0, 0.0, 3.0]])


def blobs(count: int, seed: int, spread: float = 0.5) -> tuple[Tensor, Tensor]:
    """Points (count, 3) around three centres, and whose they are: 2, 5 or 7."""
    chance = torch.Generator().manual_seed(seed)
    whose = torch.arange(count) % 3
    points = CENTRES[whose] + spread * torch.randn(count, 3, generator=chance)
    return points, torch.tensor([2, 5, 7])[whose]


def test_draws_are_of_every_class_alike() -> None:
    labels = np.array([0] * 50 + [1] * 7 + [4] * 30)
    rows = balanced(labels, 20, seed=3)
    counts = np.unique(labels[rows], return_counts=True)[1]
    assert sorted(counts) == [6, 7, 7] and len(set(rows.tolist())) == 20
    assert np.array_equal(rows, balanced(labels, 20, seed=3)) and set(rows) != set(balanced(labels, 20, seed=4))
    for count in (2, 24):
        with pytest.raises(ValueError, match="cannot be spread"):
            balanced(labels, count, seed=0)


@pytest.mark.parametrize("count", [3, 60])
def test_what_is_apart_is_learnt(count: int) -> None:
    shown, known = blobs(count, 0)
    tried, truth = blobs(300, 1)
    for told in (linear(shown, known)(tried), neighbour(shown, known, tried)):
        assert (told == truth).float().mean() > 0.97


def test_two_classes_are_one_against_the_other() -> None:
    from sklearn.linear_model import LogisticRegression

    shown, known = (part[:40] for part in blobs(60, 0, spread=2.0))
    shown, known = (
        shown[known != 7][:8],
        known[known != 7][:8],
    )  # too few for cross-validation: the penalty is the usual one
    tried = blobs(90, 1, spread=2.0)[0]
    plain = LogisticRegression(C=probe.USUAL, max_iter=1000).fit(shown.numpy() / 3**0.5, known.numpy())
    assert linear(shown, known)(tried).tolist() == plain.predict(tried.numpy() / 3**0.5).tolist()


def test_penalties_are_found() -> None:
    """Of features that are noise but for one, more labels bear a weaker penalty, and it is found."""
    chance = torch.Generator().manual_seed(0)
    known = torch.arange(400) % 2
    shown = torch.randn(400, 40, generator=chance)
    shown[:, 0] = 0.2 * shown[:, 0] + known
    tried, truth = torch.randn(1000, 40, generator=chance), torch.arange(1000) % 2
    tried[:, 0] = 0.2 * tried[:, 0] + truth
    assert (linear(shown, known)(tried) == truth).float().mean() > 0.95


def test_tuning_begins_at_the_probe_and_learns_what_it_cannot(monkeypatch: pytest.MonkeyPatch) -> None:
    """Inside or outside a circle: no line through the plane tells it."""
    chance = torch.Generator().manual_seed(0)
    shown, tried = (2 * torch.randn(500, 2, generator=chance) for _ in range(2))
    known, truth = ((points.norm(dim=1) > 2.3).long() * 3 for points in (shown, tried))
    torch.manual_seed(0)
    backbone = nn.Sequential(nn.Linear(2, 32), nn.ReLU(), nn.Linear(32, 2))
    kept = [one.clone() for one in backbone.parameters()]
    with torch.no_grad():
        head = linear(backbone(shown), known)
        before = head(backbone(tried))
    monkeypatch.setattr(probe, "STEPS", 0)
    assert torch.equal(tuned(backbone, shown, known, tried, head), before)
    monkeypatch.setattr(probe, "STEPS", 400)
    after = tuned(backbone, shown, known, tried, head, rate=1e-2)
    assert (after == truth).float().mean() > max(0.9, (before == truth).float().mean() + 0.1)
    assert all(torch.equal(one, old) for one, old in zip(backbone.parameters(), kept, strict=True))


def test_of_more_features_than_labels_the_classifier_is_the_same() -> None:
    from sklearn.linear_model import LogisticRegression

    chance = torch.Generator().manual_seed(0)
    shown, tried = torch.randn(12, 50, generator=chance), torch.randn(200, 50, generator=chance)
    known = torch.arange(12) % 3
    plain = LogisticRegression(C=probe.USUAL, max_iter=2000, tol=1e-8).fit(shown.numpy() / 50**0.5, known.numpy())
    found = linear(shown, known)
    assert np.allclose(found.weight.numpy() * 50**0.5, plain.coef_, atol=2e-3)
    assert np.mean(found(tried).numpy() == plain.predict(tried.numpy() / 50**0.5)) > 0.99


@pytest.mark.parametrize("draws", [1, 5])
def test_intervals_cover_the_truth_of_crossed_chance(draws: int) -> None:
    """Right answers depend on the draw, on the image, and on both: 95 of 100 intervals should hold the mean."""
    chance, held, tries = np.random.default_rng(0), 0, 400
    for _ in range(tries):
        draw = 0.1 * chance.standard_normal((draws, 1)) if draws > 1 else 0.0
        image = 0.3 * chance.standard_normal((1, 60))
        found = share(torch.from_numpy(0.5 + draw + image + 0.2 * chance.standard_normal((draws, 60))))
        held += found.low <= 0.5 <= found.high
    assert 0.93 <= held / tries <= 1
    if draws == 1:
        assert held / tries <= 0.98


def test_an_interval_of_shares_ends_at_the_ends() -> None:
    found = share(torch.tensor([[1.0] * 9 + [0.0]] * 2))
    assert found.mean == pytest.approx(0.9) and found.high == 1.0 and 0 < found.low < 0.9
    assert share(torch.full((3, 4), -0.5), -1.0).mean == -0.5
