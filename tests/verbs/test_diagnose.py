"""Diagnosing a run that was just trained, and one still under way."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from gansmith.errors import GansmithError
from gansmith.runs.logs import run_history
from gansmith.verbs.diagnose import diagnose
from tests.verbs.runs import quick, tiny

__all__ = ["quick"]

pytestmark = pytest.mark.usefixtures("quick")


def test_a_run_by_any_of_its_names(tmp_path: Path) -> None:
    run = tiny(tmp_path, name="first")
    history = run_history(run)
    assert not history.foreign and history.family == "gan" and history.kind == "images"
    assert history.total == 640 and history.settings["batch"] == 16 and history.data["shape"] == [1, 8, 8]
    by_name, by_path, by_journal = (
        diagnose("first", out=tmp_path),
        diagnose(run.path),
        diagnose(run.path / "journal.jsonl"),
    )
    assert by_name == by_path == by_journal
    assert by_name.to_json()["verdict"]


def test_a_run_under_way_is_diagnosed_as_far_as_it_is(tmp_path: Path) -> None:
    run = tiny(tmp_path, name="first")
    lines = run.journal.read()
    run.journal.path.write_text(json.dumps(lines[0]) + "\n" + '{"seen": 99, "fac')  # another process is writing
    assert diagnose(run.path).healthy
    run.journal.path.unlink()
    assert diagnose(run.path).best is None


def test_what_is_neither_run_nor_log(tmp_path: Path) -> None:
    with pytest.raises(GansmithError, match="no run"):
        diagnose("nobody", out=tmp_path)
    (tmp_path / "notes.txt").write_text("nothing\n")
    with pytest.raises(GansmithError, match="nothing to diagnose"):
        diagnose(tmp_path / "notes.txt")


def test_steps_that_ended_a_run_are_known_though_no_line_follows_them(tmp_path: Path) -> None:
    run = tiny(tmp_path, name="first")
    for seen in (656, 672):
        run.events.append({"event": "skipped step", "seen": seen, "not_finite": ["generator/loss"]})
    run.events.append({"event": "given up", "seen": 672, "ailment": "explosion"})
    diagnosis = diagnose(run.path)
    assert [finding.ailment for finding in diagnosis.findings][:1] == ["explosion"]
