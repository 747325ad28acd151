"""Logits on a scale: shares by counting, and chances as two normal distributions have them."""

from __future__ import annotations

import math
from statistics import NormalDist

import pytest
import torch

from gansmith.measure.realism import below, scale


def test_shares_are_counted_and_ties_count_half() -> None:
    known = torch.tensor([0.0, 1.0, 1.0, 3.0])
    asked = torch.tensor([-1.0, 0.0, 1.0, 2.0, 9.0])
    counted = [sum((one > k) + 0.5 * (one == k) for k in known.tolist()) / 4 for one in asked.tolist()]
    assert below(known, asked).tolist() == pytest.approx(counted)


def test_chances_are_those_of_two_normal_distributions() -> None:
    """Of N(a, s) against N(b, s) the log odds are (a - b) / s^2 (x - (a + b) / 2)."""
    chance = torch.Generator().manual_seed(0)
    real, made = 5 + 2 * torch.randn(20_000, generator=chance), 3 + 2 * torch.randn(10_000, generator=chance)
    found = scale(made, real)
    asked = torch.tensor([-2.0, 4.0, 10.0])
    assert torch.allclose(found.chance(asked), torch.sigmoid(0.5 * (asked - 4)), atol=0.02)
    pairs = NormalDist().cdf((5 - 3) / math.hypot(2, 2))
    assert found.apart == pytest.approx(pairs, abs=0.01)
    assert float(found.above_real(torch.tensor([5.0]))) == pytest.approx(0.5, abs=0.01)


def test_without_reals_there_are_samples_alone() -> None:
    found = scale(torch.tensor([3.0, 1.0]))
    assert found.above_made(torch.tensor([2.0])).tolist() == [0.5] and found.apart is None
    with pytest.raises(ValueError, match="no real"):
        found.above_real(torch.tensor([2.0]))


def test_equal_logits_say_nothing() -> None:
    found = scale(torch.ones(50), torch.ones(50))
    assert found.apart == 0.5 and found.chance(torch.ones(1)).item() == pytest.approx(0.5)
