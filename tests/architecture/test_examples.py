"""Every family has an example that runs and a page of its own, both short."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
EXAMPLES = sorted((ROOT / "examples").glob("*.py"))
LONGEST = 60  # lines
# Families whose pages and examples there are so far.
TEXTBOOK = {
    "cgan",
    "infogan",
    "biggan",
    "stylegan2",
    "progressive",
    "msg-gan",
    "pix2pix",
    "cyclegan",
    "vae",
    "vae-gan",
    "naive-bayes",
}


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.stem)
def test_an_example_is_short_and_runs(path: Path, tmp_path: Path) -> None:
    assert len(path.read_text("utf-8").splitlines()) <= LONGEST
    done = subprocess.run(
        [sys.executable, path, "--quick"], cwd=tmp_path, capture_output=True, text=True, timeout=100, check=False
    )
    assert done.returncode == 0, done.stderr[-2000:]
    assert any(tmp_path.rglob("*.png")), "an example ends with a picture"


@pytest.mark.parametrize("name", sorted(TEXTBOOK))
def test_a_family_has_a_page_and_an_example(name: str) -> None:
    page = (ROOT / "docs" / "families" / f"{name}.md").read_text("utf-8")
    assert f"pictures/{name}" in page
    assert (ROOT / "examples" / f"{name.replace('-', '_')}.py").exists()
