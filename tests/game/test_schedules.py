"""Schedules equal their closed forms at any place, in any order."""

from __future__ import annotations

import itertools
import math

import pytest

from gansmith.game.schedules import Schedule, constant, cosine, exponential, linear


def reference(kind: str, share: float) -> float:
    """From 2 to 0.5."""
    return {
        "linear": 2 - 1.5 * share,
        "cosine": 0.5 + 1.5 * (1 + math.cos(math.pi * share)) / 2,
        "exponential": 2 * 0.25**share,
    }[kind]


KINDS = {"linear": linear, "cosine": cosine, "exponential": exponential}


@pytest.mark.parametrize("kind", KINDS)
def test_closed_form_and_then_the_end_for_ever(kind: str) -> None:
    schedule: Schedule = KINDS[kind](2.0, 0.5, 1000)
    for seen in (999, 0, 250, 1, 500, 750):
        assert schedule(seen) == pytest.approx(reference(kind, seen / 1000))
    assert schedule(0) == pytest.approx(2.0)
    assert {schedule(seen) for seen in (1000, 1001, 10**12)} == {schedule(1000)}
    assert schedule(1000) == pytest.approx(0.5)


@pytest.mark.parametrize("kind", KINDS)
def test_monotone(kind: str) -> None:
    values = [KINDS[kind](2.0, 0.5, 100)(seen) for seen in range(120)]
    assert all(a >= b for a, b in itertools.pairwise(values))


@pytest.mark.parametrize("kind", KINDS)
def test_no_length_means_the_end_at_once(kind: str) -> None:
    assert KINDS[kind](2.0, 0.5, 0)(0) == pytest.approx(0.5)


def test_constant() -> None:
    assert {constant(3.0)(seen) for seen in (0, 1, 10**9)} == {3.0}
