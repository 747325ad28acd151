"""What a number of samples can teach is said plainly, and the same on the page as in the program."""

from __future__ import annotations

import re

import pytest

from gansmith.data.enough import BANDS, Kind, enough, outlook
from tests.architecture.source import ROOT


def test_every_number_has_a_verdict_and_more_images_never_promise_less() -> None:
    ends = [band.below for band in BANDS]
    assert ends == sorted(set(ends)) == [50, 300, 1_000, 5_000]
    verdicts = [enough(count).partition(":")[0] for count in (1, 49, 50, 299, 300, 999, 1_000, 4_999, 5_000, 10_000)]
    once = list(dict.fromkeys(verdicts))
    assert once[0] == "too few" and once[-1] == "yes" and len(once) == 6
    assert verdicts[:9:2] == once[:5]  # a verdict begins where the last one ended
    assert verdicts[1:9:2] == once[:4]


def test_what_few_images_can_and_cannot_give_is_said_of_that_many() -> None:
    assert outlook(300).startswith("300 images can give ") and ", not " in outlook(300)
    assert outlook(1).startswith("1 image can give")
    assert outlook(4_999).startswith("4,999 images")
    assert outlook(5_000) == "" == outlook(10**7)
    assert outlook(300) in enough(300)


@pytest.mark.parametrize(
    ("count", "kind", "begins"),
    [
        (80, "pairs", "few: 80 pairs"),
        (200, "pairs", "some: 200 pairs"),
        (400, "pairs", "yes"),
        (99, "sides", "few: 99 images a side"),
        (999, "sides", "some"),
        (1_000, "sides", "yes"),
        (999, "points", "few: 999 rows"),
        (1_000, "points", "yes"),
    ],
)
def test_pairs_sides_and_rows_are_judged_as_such(count: int, kind: Kind, begins: str) -> None:
    assert enough(count, kind).startswith(begins)


def test_the_page_says_the_same() -> None:
    page = (ROOT / "docs" / "data.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| fewer than ([\d,]+) \| (.+?) \| (.+?) \|$", page, re.MULTILINE)
    assert rows == [(f"{band.below:,}", band.gives, band.lacks) for band in BANDS]
