"""gansmith remedy on the command line: listed as words or JSON, applied, undone, refused; a live run hears it."""

from __future__ import annotations

import json
from pathlib import Path

import psutil
import pytest

from gansmith.runs.folder import Run
from gansmith.runs.journal import Journal
from gansmith.runs.state import place_of
from gansmith.verbs.control import ask as ask_run
from tests.cli.test_app import Ask, ask
from tests.verbs.runs import SWITCHES, events, start, until

__all__ = ["ask"]


def sick(run: Run) -> None:
    """Write a journal in which all samples become one."""
    run.journal.path.unlink()
    for step in range(1, 41):
        alike = {f"check/diversity {of}": 0.001 for of in ("pixels", "features", "discriminator")}
        scores = {
            "eval/coverage": 0.01,
            "eval/recall": 0.0,
            "eval/kid": 2.0,
            "eval/kid floor": 0.01,
            "eval/birthday": 2.0,
        }
        line = {"seen": 16 * step, "lost": 0, "step": step, "facts": {"check/train": 0.0, **alike, **scores}}
        Journal(run.journal.path).append(line)


def test_listed_applied_and_refused(ask: Ask, tmp_path: Path) -> None:
    assert ask("train", "digits", "-d", "640img", *SWITCHES, "--name", "one").code == 0
    run = Run.find("last", tmp_path / "runs")
    healthy = json.loads(ask("remedy", "--json").out)
    assert healthy.keys() == {"applied", "offered"}
    assert healthy["applied"] == []

    sick(run)
    found = json.loads(ask("remedy", "one", "--list", "--json").out)
    collapse = [one for one in found["offered"] if one["ailment"] == "mode_collapse"]
    assert "pack" in {one["id"] for one in collapse}
    assert all({"id", "words", "changes", "ailment", "confidence"} <= one.keys() for one in found["offered"])
    assert next(one for one in collapse if one["id"] == "pack")["changes"] == {"pack": 2}
    listed = ask("remedy", "one", "--list")
    assert "pack" in listed.out and "offered" in listed.out

    asked = ask("remedy", "one", "--apply", "pack")
    assert (asked.code, asked.out) == (0, "001-one will apply pack when it goes on: gansmith resume 001-one\n")
    assert ask("resume", "one", "-d", "16img").code == 0
    applied = json.loads(ask("remedy", "one", "--json").out)["applied"]
    assert [(one["id"], one["changes"]) for one in applied] == [("pack", {"pack": 2})]
    assert "applied" in ask("remedy", "one").out
    undone = ask("remedy", "one", "--undo", "pack")
    assert undone.code == 0 and "will undo pack" in undone.out
    assert ask("resume", "one", "-d", "16img").code == 0
    assert place_of(run.checkpoints).changes == {}


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--apply", "pakc"), "There is no remedy 'pakc'"),
        (("--undo", "pack"), "No remedy 'pack' is in force"),
        (("--apply", "pack", "--undo", "pack"), "One remedy at a time"),
    ],
)
def test_what_is_wrong_is_said(words: tuple[str, ...], said: str, ask: Ask, tmp_path: Path) -> None:
    assert ask("train", "digits", "-d", "32img", *SWITCHES, "--name", "one").code == 0
    refused = ask("remedy", "one", *words)
    assert refused.code == 2
    assert said in refused.err
    assert list(Run.find("last", tmp_path / "runs").inbox.iterdir()) == []


def test_without_a_run_there_is_nothing_to_treat(ask: Ask) -> None:
    assert ask("remedy").code == 2


def test_a_training_in_another_process_hears_it(ask: Ask, tmp_path: Path) -> None:
    out = tmp_path / "runs"
    process = start("train", "digits", "-d", "9000kimg", *SWITCHES, "--out", out)
    try:
        until(lambda: any(out.glob("*/samples/*.png")), process)  # a run is there before its first line is
        until(lambda: Run.find("last", out).status().get("seen", 0) > 0, process)
        run = Run.find("last", out)
        assert ask("remedy", "--apply", "pack").out == f"{run.path.name} will apply pack now\n"
        until(lambda: "remedy" in events(run), process)
        assert place_of(run.checkpoints).changes == {"pack": 2}
        assert "pack" in ask("remedy").out
        assert ask("remedy", "--undo", "pack").code == 0
        until(lambda: "remedy undone" in events(run), process)
        assert place_of(run.checkpoints).changes == {}
        assert run.status()["state"] == "training"
        ask_run("last", "stop", out=out)
        process.communicate(timeout=60)
        assert process.returncode == 130
    finally:
        if psutil.pid_exists(process.pid):
            process.kill()
            process.communicate()
