"""Ctrl-C, SIGTERM and requests from other shells, to a real process; then resume, and nothing is lost."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from gansmith.runs.folder import Run, list_runs
from gansmith.verbs.control import ask, runs
from gansmith.verbs.train import resume
from tests.verbs.runs import SWITCHES, events, final, quick, start, state, tiny, until

__all__ = ["quick"]
pytestmark = pytest.mark.usefixtures("quick")

LONG = ("train", "digits", "-d", "8kimg", *SWITCHES, "--device", "cpu")


def steps_taken(out: Path) -> int:
    """Images seen by the newest run there, as its status tells; 0 before it has begun."""
    found = list_runs(out)
    return int(found[-1].status().get("seen", 0)) if found else 0


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_saves_and_resume_ends_as_if_nothing_had_happened(number: signal.Signals, tmp_path: Path) -> None:
    whole = tiny(tmp_path / "whole", duration="8kimg", device="cpu")
    out = tmp_path / "cut"
    process = start(*LONG, "--out", out)
    until(lambda: steps_taken(out) > 0, process)
    process.send_signal(number)
    said, complained = process.communicate(timeout=40)
    run = Run.find("last", out)
    assert process.returncode == 130, complained
    assert f"Stopped by {number.name} and saved at" in complained
    assert f"gansmith resume {run.path.name}" in complained
    assert "Traceback" not in said + complained
    assert run.status()["state"] == "stopped"
    assert 0 < state(run)["seen"] < 8000
    machine = run.config()["machine"]
    resume(run.path)
    if machine == Run.find("last", tmp_path / "whole").config()["machine"]:
        assert final(run) == final(whole)
    assert state(run)["seen"] == whole.status()["seen"]
    assert events(run)[0] == "start"


@pytest.fixture
def training(tmp_path: Path) -> Iterator[Run]:
    """A run that another process is training."""
    process = start("train", "digits", "-d", "9000kimg", *SWITCHES, "--out", tmp_path)
    until(lambda: steps_taken(tmp_path) > 0, process)
    run = Run.find("last", tmp_path)
    yield run
    process.kill()
    process.communicate()


def test_pause_continue_snapshot_stop_and_a_second_process(training: Run, tmp_path: Path) -> None:
    def says(word: str) -> bool:
        return bool(training.status()["state"] == word)

    process = psutil.Process(training.status()["pid"])

    def waiting(happens: object) -> None:
        import time

        end = time.monotonic() + 30
        while not happens():  # type: ignore[operator]
            assert time.monotonic() < end
            assert process.is_running()
            time.sleep(0.05)

    refused = start("resume", training.path)
    _, complained = refused.communicate(timeout=40)
    assert refused.returncode == 1
    assert f"process {process.pid}" in complained
    assert "Traceback" not in complained

    ask("last", "pause", out=tmp_path)
    waiting(lambda: says("paused"))
    seen = training.status()["seen"]
    assert state(training)["seen"] == seen
    assert runs(tmp_path)[0]["state"] == "paused"
    ask(training.path, "continue")
    waiting(lambda: says("training") and training.status()["seen"] > seen)
    before = len(list(training.samples.iterdir()))
    ask(training.path.name, "snapshot", out=tmp_path)
    waiting(lambda: "snapshot" in events(training))
    assert len(list(training.samples.iterdir())) > before
    assert state(training)["seen"] > seen
    ask("1", "stop", out=tmp_path)
    waiting(lambda: (training.path / "report.html").exists())
    psutil.wait_procs([process], timeout=20)
    assert says("stopped")
    assert [e for e in events(training) if e in ("pause", "continue", "snapshot", "stop")] == [
        "pause",
        "continue",
        "snapshot",
        "stop",
    ]
    assert os.listdir(training.inbox) == []
