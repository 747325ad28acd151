"""The command line from end to end: every command, what it prints, how it exits."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from gansmith import __version__
from gansmith.cli import main
from gansmith.families import families
from gansmith.runs.folder import Run
from gansmith.verbs import plan
from tests.verbs.runs import SWITCHES


@dataclass(frozen=True)
class Answer:
    code: int
    out: str
    err: str


Ask = Callable[..., Answer]


@pytest.fixture
def ask(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path) -> Ask:
    """Type a command in an empty folder; nothing but an exit code may come out, whatever was typed."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(plan, "measure_speed", lambda *args, **kwargs: 1000.0)

    def answer(*words: str | Path) -> Answer:
        monkeypatch.setattr(sys, "argv", ["gansmith", *map(str, words)])
        code: object = 0
        try:
            main()
        except SystemExit as end:
            code = end.code or 0
        said = capsys.readouterr()
        assert "Traceback" not in said.out + said.err
        assert isinstance(code, int)
        return Answer(code, said.out, said.err)

    return answer


def test_from_data_to_samples(ask: Ask, tmp_path: Path) -> None:
    trained = ask("train", "digits", "-d", "160img", *SWITCHES, "--name", "first")
    assert trained.code == 0, trained.err
    for words in ("1,797", "plan", "set by you", "training in runs", "done: runs/001-first/grid.png", "next: gansmith"):
        assert words in trained.out
    assert (tmp_path / "runs/001-first/report.html").exists()

    resumed = ask("resume", "-d", "80img")
    assert resumed.code == 0, resumed.err
    assert "resuming 001-first" in resumed.out
    assert Run.find("last").status()["seen"] == 240

    drawn = ask("sample", "first", "-n", "4", "--seed", "1", "--out", "four.png")
    assert (drawn.code, drawn.out) == (0, "four.png\n")
    assert (tmp_path / "four.png").exists()

    listed = ask("runs")
    assert "001-first" in listed.out
    assert "finished" in listed.out
    (run,) = json.loads(ask("runs", "--json").out)
    assert (run["name"], run["state"], run["seen"]) == ("001-first", "finished", 240)

    for request in ("stop", "pause", "continue", "snapshot"):
        refused = ask(request, "first")
        assert refused.code == 1
        assert "Nobody is training 001-first" in refused.err


def test_a_dry_run_shows_the_plan_and_writes_nothing(ask: Ask, tmp_path: Path) -> None:
    answer = ask("train", "ring", "--dry-run", "gamma=0.5", "batch=32")
    assert answer.code == 0, answer.err
    for words in ("100,000", "standardise", "robust", "gamma=0.5", "batch=32", "MB of memory"):
        assert words in answer.out
    assert list(tmp_path.iterdir()) == []


def test_batch_as_option_or_as_setting(ask: Ask) -> None:
    for words in (["-b", "48"], ["--batch", "48"], ["batch=48"]):
        assert "batch=48" in ask("train", "ring", "--dry-run", "-d", "1kimg", *words).out
    assert "set by you" not in ask("train", "ring", "--dry-run", "-d", "1kimg", "-b", "auto").out


def test_data_reports(ask: Ask, tmp_path: Path) -> None:
    assert "100,000" in ask("data", "ring").out
    report = json.loads(ask("data", "digits", "--json").out)
    assert (report["kind"], report["count"]) == ("images", 1797)
    assert list(tmp_path.iterdir()) == []


def test_models_and_their_settings(ask: Ask) -> None:
    listed = ask("models").out
    for family in families().values():
        assert family.name in listed
        assert family.paper and family.data
    assert "gamma" in ask("models", "robust").out
    schema = json.loads(ask("models", "robust", "--json").out)["robust"]
    assert "gamma" in schema["properties"]


def test_no_runs_yet(ask: Ask) -> None:
    assert "No runs in runs" in ask("runs").out
    assert ask("runs", "--json").out == "[]\n"


def test_version(ask: Ask) -> None:
    assert ask("version").out == f"{__version__}\n"


@pytest.mark.parametrize("words", [[], ["--help"], ["-h"], ["train", "--help"], ["sample", "-h"]])
def test_help(words: list[str], ask: Ask) -> None:
    answer = ask(*words)
    assert answer.code == (0 if words else 2)
    assert "Usage: " in answer.out + answer.err
    assert not words or words[0] in answer.out or "train" in answer.out
