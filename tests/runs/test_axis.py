"""Axes mark round numbers, numbers are written short."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gansmith.runs.axis import Axis, span
from gansmith.runs.quantities import count, duration, finite, measure, memory


@pytest.mark.parametrize(
    ("low", "high", "expected"),
    [
        (0.0, 1.0, ["0.0", "0.2", "0.4", "0.6", "0.8", "1.0"]),
        (-3.1, 3.1, ["-3", "-2", "-1", "0", "1", "2", "3"]),
        (0.0, 1.2e6, ["0", "0.25M", "0.5M", "0.75M", "1M"]),
        (0.0101, 0.0102, ["0.01010", "0.01012", "0.01014", "0.01016", "0.01018", "0.01020"]),
    ],
)
def test_ticks_are_round(low: float, high: float, expected: list[str]) -> None:
    assert [text for _, text in Axis(low, high, 0, 100).labels()] == expected


def test_places_are_linear_or_logarithmic_and_never_outside() -> None:
    assert Axis(0, 10, 100, 0).place(np.array([-5.0, 0.0, 2.5, 20.0])).tolist() == [100, 100, 75, 0]
    assert Axis(0.01, 100, 0, 4, log=True).place(np.array([0.0, 0.1, 1.0, 1e9])) == pytest.approx([0, 1, 2, 4])
    assert Axis(0.01, 100, 0, 4, log=True).ticks() == pytest.approx([0.01, 0.1, 1, 10, 100])


@given(st.floats(-1e12, 1e12), st.floats(1e-9, 1e12), st.booleans())
def test_every_range_has_ticks_inside_it(low: float, width: float, log: bool) -> None:
    if log:
        low = abs(low) + 1e-9
    if low + width <= low + abs(low) * 1e-9:
        return
    axis = Axis(low, low + width, 0, 500, log)
    room = width * 1e-6
    assert all(low - room <= tick <= low + width + room for tick in axis.ticks())
    assert len(axis.ticks()) <= 30
    assert log or len(axis.ticks()) >= 2


def test_a_spike_does_not_flatten_a_curve() -> None:
    values = np.append(np.linspace(1, 2, 500), 1e6)
    assert span(values)[1] < 3
    assert span(np.array([])) == (0.0, 1.0)
    assert span(np.array([np.nan, 5.0])) == (2.5, 7.5)


def test_numbers_are_written_as_people_read_them() -> None:
    assert [count(n) for n in (0, 950, 999.6, 12_345, 1_234_567, 2e9, 999_950)] == [
        "0", "950", "1.00k", "12.3k", "1.23M", "2.00G", "1.00M",
    ]  # fmt: skip
    assert [duration(s) for s in (0.4, 42, 59.6, 598, 11_220, 187_200, math.inf)] == [
        "0 s", "42 s", "1 min 00 s", "9 min 58 s", "3 h 07 min", "2 d 04 h", "?",
    ]  # fmt: skip
    assert [measure(v) for v in (0, 0.5, -1.234, 1234.5, 0.00012345, 1e-9, 3e7, math.nan)] == [
        "0", "0.500", "-1.23", "1234", "0.000123", "1.00e-09", "3.00e+07", "nan",
    ]  # fmt: skip
    assert [memory(m) for m in (812.4, 1460)] == ["812 MB", "1.46 GB"]
    assert [finite(v) for v in (1, 2.5, math.nan, "3", None, True)] == [1.0, 2.5, None, None, None, None]
