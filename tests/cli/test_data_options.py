"""What is said of the data on the command line reaches the data, and contradictions are refused."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

from gansmith.cli.app import app
from gansmith.cli.options import data_options
from gansmith.errors import UsageError

PLAIN = ("32", "crop", None, 0.05, False, False)


def test_options_become_what_the_data_understands() -> None:
    assert data_options(*PLAIN).layout == "auto"
    said = data_options(*PLAIN, edges=True, sides="a, b/", direction="BtoA", balanced=True)
    assert (said.layout, said.sides, said.direction, said.balanced) == ("edges", ("a", "b"), "BtoA", True)


def test_contradictions_and_unknown_words_are_refused() -> None:
    with pytest.raises(UsageError, match="contradict"):
        data_options(*PLAIN, "paired", edges=True)
    with pytest.raises(UsageError, match="'layout' cannot be 'pairs'"):
        data_options(*PLAIN, "pairs")
    with pytest.raises(UsageError, match="'direction' cannot be 'btoa'"):
        data_options(*PLAIN, direction="btoa")


def test_the_report_tells_of_pairs_in_words_and_as_json(tmp_path: Path) -> None:
    images = np.random.default_rng(0).integers(0, 256, (20, 16, 32, 3)).astype(np.uint8)
    np.savez(tmp_path / "wide.npz", images=images, captions=[f"number {row}" for row in range(20)])
    asked = ["data", str(tmp_path / "wide.npz"), "--layout", "paired", "--direction", "BtoA"]
    told = CliRunner().invoke(app, asked)
    assert told.exit_code == 0
    assert "20 (left | right)" in told.output
    assert "20 captions, 21 words" in told.output
    assert "learn left from right" in told.output
    report = json.loads(CliRunner().invoke(app, [*asked, "--json"]).stdout)
    assert (report["pairs"], report["captions"], report["sides"]) == (20, 20, {"left": 20, "right": 20})
