"""Codes: their prior, how one is set, and what reading them wrongly costs."""

from __future__ import annotations

import math

import pytest
import torch

from gansmith.errors import UsageError
from gansmith.game.codes import Codes

TWO = Codes((3, 2), 2)


def test_codes_come_from_their_prior() -> None:
    rows = TWO.draw(6000, torch.Generator().manual_seed(0))
    first, second = TWO.categorical(rows)
    assert first.sum(1).tolist() == second.sum(1).tolist() == [1.0] * 6000
    assert (first.mean(0) - 1 / 3).abs().max() < 0.03
    assert rows[:, 5:].abs().max() <= 1
    assert (rows[:, 5:].var(0) - 1 / 3).abs().max() < 0.02  # of a uniform in [-1, 1]


def test_a_code_is_set_by_name_and_all_else_stays() -> None:
    rows = TWO.draw(5)
    moved = TWO.set(TWO.set(rows, "k1", 2), "c2", -1.5)
    assert moved[:, :3].tolist() == [[0, 0, 1]] * 5
    assert moved[:, 6].tolist() == [-1.5] * 5
    assert torch.equal(moved[:, 3:6], rows[:, 3:6])
    for name, value, words in [("k3", 0, "no code 'k3'"), ("k1", 3, "no value 3"), ("k2", 0.5, "no value 0.5")]:
        with pytest.raises(UsageError, match=words):
            TWO.set(rows, name, value)


def test_misreading_is_the_cross_entropy_and_the_gaussian_likelihood() -> None:
    """Against torch's distributions, constants aside; nothing is misread of a code that is known."""
    torch.manual_seed(0)
    code, told = TWO.draw(7), torch.randn(7, TWO.size)
    categories, continuous = TWO.misread(told, code)
    expected = torch.zeros(())
    for part, truth in zip(TWO.categorical(told), TWO.categorical(code), strict=True):
        expected = expected - torch.distributions.Categorical(logits=part).log_prob(truth.argmax(1)).mean()  # type: ignore[no-untyped-call]
    torch.testing.assert_close(categories, expected)
    log_prob = torch.distributions.Normal(told[:, 5:], 1).log_prob(code[:, 5:])  # type: ignore[no-untyped-call]
    likelihood = log_prob.sum(1) + math.log(2 * math.pi)
    torch.testing.assert_close(continuous, -likelihood.mean())
    known = torch.cat([100 * code[:, :5], code[:, 5:]], 1)
    assert max(TWO.misread(known, code)) < 1e-6
