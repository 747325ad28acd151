"""Data options: sizes are read as people write them, and nonsense is refused with a way out."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gansmith.data.options import DataOptions, read_size
from gansmith.errors import UsageError


@pytest.mark.parametrize(
    ("text", "size"),
    [("64", (64, 64)), ("64x96", (64, 96)), (" 8 X 9 ", (8, 9)), ("4096", (4096, 4096)), ("1x2", (1, 2))],
)
def test_sizes_are_height_then_width(text: str, size: tuple[int, int]) -> None:
    assert read_size(text) == size
    assert DataOptions.read({"size": text}).size == size


@pytest.mark.parametrize("text", ["0", "-5", "64x0", "0x64", "4097", "64x", "x64", "64x64x3", "big", "", "6.4", "٦٤"])
def test_impossible_sizes_are_refused_naming_the_value(text: str) -> None:
    with pytest.raises(UsageError) as refusal:
        read_size(text)
    assert f"'{text}'" in refusal.value.what
    assert refusal.value.why
    assert "64" in refusal.value.do


@given(st.text(max_size=12))
def test_any_text_is_a_size_or_a_usage_error(text: str) -> None:
    try:
        height, width = read_size(text)
    except UsageError:
        return
    assert 1 <= height <= 4096
    assert 1 <= width <= 4096


def test_options_take_numbers_and_pairs() -> None:
    assert DataOptions.read({"size": 32}).size == (32, 32)
    assert DataOptions.read({"size": [32, 48]}).size == (32, 48)
    assert DataOptions.read({"size": None}).size is None
    again = DataOptions.model_validate_json(DataOptions(size=(32, 48)).model_dump_json())
    assert again == DataOptions(size=(32, 48))


@pytest.mark.parametrize(
    "wrong", [{"fit": "squash"}, {"channels": 5}, {"holdout": 0.6}, {"holdout": -0.1}, {"sise": 8}]
)
def test_wrong_options_are_refused(wrong: dict[str, object]) -> None:
    with pytest.raises(UsageError, match=next(iter(wrong))):
        DataOptions.read(wrong)
