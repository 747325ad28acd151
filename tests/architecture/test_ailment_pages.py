"""Every ailment has its page: its name, a picture, its signals, and the remedies the doctor really knows."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from gansmith.doctor.ailments import AILMENTS
from gansmith.doctor.remedy import TABLE

PAGES = Path(__file__).resolve().parents[2] / "docs" / "ailments"
HEADINGS = ["What it looks like", "Why", "Signals", "Remedies", "Sources"]


def test_there_is_a_page_for_every_ailment_and_no_other() -> None:
    assert {page.stem for page in PAGES.glob("*.md")} == {ailment.name for ailment in AILMENTS}
    overview = (PAGES.parent / "doctor.md").read_text("utf-8")
    assert all(f"(ailments/{ailment.name}.md)" in overview for ailment in AILMENTS)


@pytest.mark.parametrize("name", [ailment.name for ailment in AILMENTS])
def test_a_page_says_what_the_code_says(name: str) -> None:
    page = (PAGES / f"{name}.md").read_text("utf-8")
    assert f"`{name}`" in page
    assert re.findall(r"^## (.*)$", page, re.MULTILINE) == HEADINGS
    assert (PAGES.parent / "pictures" / f"{name}.png").stat().st_size < 150_000
    told = re.findall(r"^\| ([a-z0-9-]+) \| (.*) \|$", page.partition("## Remedies")[2], re.MULTILINE)
    assert [row for row in told if row[0] != "id"] == [(recipe.id, recipe.words) for recipe in TABLE[name]]
