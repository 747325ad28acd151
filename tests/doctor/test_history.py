"""A history is columns of numbers that go forward: what was not measured, what was not a number, and medians."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gansmith.doctor.history import History
from gansmith.errors import GansmithError


def line(seen: float, **facts: Any) -> dict[str, Any]:
    return {"seen": seen, "step": 1, "facts": facts}


def test_lines_become_columns() -> None:
    history = History.of([line(10, a=1.0), line(20, a=2, b=3.0), line(30, b=math.nan, c=-math.inf)])
    assert history.seen.tolist() == [10, 20, 30]
    assert np.array_equal(history.columns["a"], [1, 2, np.nan], equal_nan=True)
    assert np.array_equal(history.columns["b"], [np.nan, 3, np.inf], equal_nan=True)  # measured, and not a number
    assert np.array_equal(history.columns["c"], [np.nan, np.nan, np.inf], equal_nan=True)
    assert "a" in history and "z" not in history and len(history.series("z")) == 0
    assert history.series("b").pairs() == ((20.0, 3.0), (30.0, math.inf))
    assert np.array_equal(history.held("a"), [1, 2, 2])
    assert np.isnan(history.held("b")[0]) and np.isnan(history.held("z")).all()


def test_what_was_gone_over_again_counts_as_it_was_the_second_time() -> None:
    history = History.of([line(10, a=1.0), line(20, a=2.0), line(30, a=3.0), line(20, a=7.0), line(25, a=8.0)])
    assert history.seen.tolist() == [10, 20, 25] and history.columns["a"].tolist() == [1, 7, 8]


def test_lines_that_are_none_are_left_out() -> None:
    torn: list[dict[str, Any]] = [
        {"facts": {"a": 1.0}},
        {"seen": 5},
        {"seen": "x", "facts": {}},
        {"seen": math.nan, "facts": {}},
    ]
    history = History.of([*torn, line(1, a=True, b="text", c=None, d=1.5)])
    assert history.seen.tolist() == [1] and history.columns.keys() == {"d"}
    assert len(History.of(torn)) == 0


def test_columns_must_fit_and_go_forward() -> None:
    with pytest.raises(GansmithError, match="one length"):
        History(np.arange(3.0), {"a": np.arange(2.0)})
    with pytest.raises(GansmithError, match="forward"):
        History(np.array([1.0, 1.0]), {})


def test_windows_are_medians_and_keep_what_is_not_finite() -> None:
    values = np.array([1.0, 9.0, 2.0, np.nan, np.nan, np.nan, 5.0, np.inf, 6.0, 4.0, np.nan, 8.0])
    windows = History(np.arange(1.0, 13.0), {"a": values}, total=12.0).windows(4)
    assert windows.seen.tolist() == [2, 5, 8, 12]
    assert np.array_equal(windows.columns["a"], [5, 2, np.inf, 6], equal_nan=True)


@given(st.lists(st.one_of(st.floats(-9, 9), st.just(math.nan)), min_size=3, max_size=80), st.integers(2, 30))
def test_windows_are_what_a_plain_loop_makes(values: list[float], count: int) -> None:
    seen = np.arange(1.0, len(values) + 1)
    windows = History(seen, {"a": np.array(values)}, total=float(len(values))).windows(count)
    groups: dict[int, list[float]] = {}
    for at, value in zip(seen, values):
        groups.setdefault(min(int(at / len(values) * count), count - 1), []).append(value)
    expected = [np.nanmedian(group) if not np.isnan(group).all() else math.nan for group in groups.values()]
    assert np.allclose(windows.columns["a"], expected, equal_nan=True)


def test_a_row_of_windows_knows_nothing_of_later_rows() -> None:
    dice = np.random.default_rng(0)
    whole = History(np.arange(1.0, 501.0), {"a": dice.normal(size=500)}, total=500.0)
    windows = whole.windows()
    for row in (10, 40, 77):
        then = whole.until(windows.seen[row]).windows()
        assert np.array_equal(then.columns["a"], windows.columns["a"][: row + 1])


def test_how_long_it_is() -> None:
    half = History(np.array([1.0, 5.0]), {}, total=10.0)
    assert half.length == 10 and not half.ended
    assert History(np.array([1.0, 10.0]), {}, total=10.0).ended
    assert History(np.array([1.0, 5.0]), {}).ended  # a log whose end nobody knows
    assert not History(np.empty(0), {}).ended
