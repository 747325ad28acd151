"""Whole runs in about a second: small nets, few images, and no waiting for clocks."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest

from gansmith.runs import checkpoint
from gansmith.runs.folder import Run
from gansmith.verbs import frames, plan, session
from gansmith.verbs.train import train
from tests import games

TINY: dict[str, Any] = {"batch": 16, "z": 8, "width": 8, "depth": 1}
SWITCHES = ("-f", "gan", "--precision", "32", "d_width=8", "width=8", "depth=1", "z=8", "-b", "16")


def tiny(out: Path, data: str | Path = "digits", **wishes: Any) -> Run:
    """Train a very small generator: 640 images of digits with *gan*, unless `wishes` say otherwise."""
    family = wishes.pop("family", "gan")
    settings = dict(TINY) | ({"d_width": 8} if family == "gan" else {})
    if family == "dcgan":
        settings.pop("depth")
    given = {"family": family, "duration": "640img", "precision": "32", "out": out, **settings, **wishes}
    return train(data, **given)


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Speed is not measured but taken to be 1000 images a second, and few pictures are made on the way."""
    monkeypatch.setattr(frames, "FRAMES", 6)
    monkeypatch.setattr(plan, "measure_speed", lambda *args, **kwargs: 1000.0)


def at_every_step(monkeypatch: pytest.MonkeyPatch, act: Callable[[session.Session], None]) -> None:
    """Call `act` between steps, before whatever else happens there."""
    plain = session.Session.housekeeping

    def housekeeping(self: session.Session, batch: int) -> None:
        act(self)
        plain(self, batch)

    monkeypatch.setattr(session.Session, "housekeeping", housekeeping)


def final(run: Run) -> str:
    """SHA-256 over all tensors of the newest checkpoint, and how far it is."""
    path = newest(run)
    parts, state = checkpoint.read(path)
    bits = games.digest({f"{part}/{name}": tensor for part, named in parts.items() for name, tensor in named.items()})
    return f"{state['number']}/{state['seen']}/{bits}"


def newest(run: Run) -> Path:
    path = checkpoint.newest(run.checkpoints, warn=lambda words: None)
    assert path is not None
    return path


def state(run: Run) -> dict[str, Any]:
    return checkpoint.read(newest(run))[1]


def events(run: Run) -> list[str]:
    return [str(event["event"]) for event in run.events.read()]


def start(*words: str | Path, env: Mapping[str, str] | None = None) -> subprocess.Popen[str]:
    """gansmith in a process of its own."""
    import os

    source = Path(session.__file__).resolve().parents[2]
    return subprocess.Popen(
        [sys.executable, "-m", "gansmith", *map(str, words)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,  # a group of its own, as a shell would make
        env={**os.environ, "PYTHONPATH": str(source), "OMP_NUM_THREADS": "1", **(env or {})},
    )


def until(happens: Callable[[], bool], process: subprocess.Popen[str], seconds: float = 40) -> None:
    """Wait until something happens; a process that ends first is a failure, told with what it said."""
    end = time.monotonic() + seconds
    while not happens():
        if process.poll() is not None:
            out, err = process.communicate()
            raise AssertionError(f"ended with {process.returncode}: {out}\n{err}")
        assert time.monotonic() < end, "waited in vain"
        time.sleep(0.05)
