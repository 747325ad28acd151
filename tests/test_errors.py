"""Refusals say what, why and what to do; settings offer the nearest name."""

from __future__ import annotations

import pytest
from pydantic import Field

from gansmith.errors import GansmithError, UsageError, closest
from gansmith.settings import Settings
from gansmith.verbs.session import Interrupted


def test_what_why_and_do_a_line_each() -> None:
    assert str(GansmithError("a", "b", "c")) == "a\n  why: b\n  try: c"
    assert str(GansmithError("a")) == "a"
    assert str(GansmithError("a", do="c")) == "a\n  try: c"


def test_exit_codes() -> None:
    assert (GansmithError("x").code, UsageError("x").code, Interrupted("x").code) == (1, 2, 130)


def test_the_nearest_or_all_of_them() -> None:
    assert closest("dcgna", ["dcgan", "gan"]) == "Did you mean 'dcgan'?"
    assert closest("zzz", ["b", "a"]) == "Known: a, b."
    assert closest("", []) == "Known: ."


class Wheel(Settings):
    radius: float = Field(default=1.0, gt=0, description="metres")
    spokes: int = Field(default=32, ge=3)


def test_settings_read_plain_values() -> None:
    assert Wheel.read({"radius": "2.5", "spokes": "4"}) == Wheel(radius=2.5, spokes=4)
    assert Wheel().changed(spokes=5).spokes == 5


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ({"radus": 1}, "There is no option 'radus'. Did you mean 'radius'?"),
        ({"radius": -1}, "'radius' cannot be -1"),
        ({"radius": "nan"}, "'radius' cannot be 'nan'"),
        ({"radius": float("inf")}, "'radius' cannot be inf"),
        ({"spokes": 3.5}, "'spokes' cannot be 3.5"),
        ({"spokes": ""}, "'spokes' cannot be ''"),
    ],
)
def test_wrong_values_are_named_with_their_reason(values: dict[str, object], words: str) -> None:
    with pytest.raises(UsageError) as caught:
        Wheel.read(values)
    assert words in str(caught.value)
    with pytest.raises(UsageError):
        Wheel().changed(**values)


def test_every_fault_is_told_at_once() -> None:
    with pytest.raises(UsageError) as caught:
        Wheel.read({"radius": 0, "spokes": 1, "color": "red"})
    assert len(str(caught.value).splitlines()) == 3


def test_settings_are_frozen() -> None:
    wheel = Wheel()
    with pytest.raises(ValueError, match="frozen"):
        wheel.radius = 2.0
