"""Holding out: enough to measure with, always the same, and never half of a duplicate."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gansmith.data.split import held_count, split

PRINT = "0123456789abcdef" * 4


@pytest.mark.parametrize(
    ("count", "share", "held"),
    [(1, 0.05, 0), (127, 0.5, 0), (128, 0.05, 6), (639, 0.05, 32), (640, 0.05, 64), (1280, 0.05, 64),
     (60_000, 0.05, 3000), (60_000, 0, 0), (1000, 0.5, 500), (640, 0.001, 64)],
)  # fmt: skip
def test_how_many(count: int, share: float, held: int) -> None:
    assert held_count(count, share) == held
    train, out = split(np.arange(count), share, PRINT)
    assert (len(train), len(out)) == (count - held, held)


@settings(max_examples=80, deadline=None)
@given(st.lists(st.integers(0, 300), min_size=1, max_size=900), st.floats(0, 0.5), st.integers(0, 2**64 - 1))
def test_groups_are_never_divided(groups: list[int], share: float, number: int) -> None:
    train, held = split(np.array(groups), share, f"{number:064x}")
    assert sorted([*train.tolist(), *held.tolist()]) == list(range(len(groups)))
    assert not {groups[row] for row in train} & {groups[row] for row in held}
    assert len(held) <= held_count(len(groups), share)


def test_the_choice_follows_the_data_alone() -> None:
    first, again = split(np.arange(1000), 0.1, PRINT)[1], split(np.arange(1000), 0.1, PRINT)[1]
    assert (first == again).all()
    assert (first != split(np.arange(1000), 0.1, PRINT[::-1])[1]).any()


def test_it_is_drawn_from_everywhere() -> None:
    held = split(np.arange(10_000), 0.1, PRINT)[1]
    assert abs(np.bincount(held // 1000, minlength=10) - 100).max() < 40
