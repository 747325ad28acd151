"""Requests reach only who is there to hear them; the list of runs tells how each one ended."""

from __future__ import annotations

from pathlib import Path

import pytest

from gansmith.errors import GansmithError, UsageError
from gansmith.runs.folder import Run
from gansmith.verbs.control import REQUESTS, ask, runs
from gansmith.verbs.session import Interrupted, Session
from gansmith.verbs.train import resume
from tests.verbs.runs import at_every_step, final, quick, state, tiny

__all__ = ["quick"]
pytestmark = pytest.mark.usefixtures("quick")


@pytest.mark.parametrize("request_", REQUESTS)
def test_nobody_there(request_: str, tmp_path: Path) -> None:
    run = tiny(tmp_path, duration="16img")
    with pytest.raises(GansmithError, match="Nobody is training") as caught:
        ask(run.path, request_)
    assert caught.value.do == f"gansmith resume {run.path.name}"
    assert list(run.inbox.iterdir()) == []


def test_unknown_runs_are_refused_with_the_nearest(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="there is no run"):
        ask("last", "stop", out=tmp_path)
    tiny(tmp_path, duration="16img", name="flowers")
    with pytest.raises(UsageError) as caught:
        ask("001-flwers", "stop", out=tmp_path)
    assert "001-flowers" in str(caught.value)


def test_a_stop_that_came_too_late_does_not_stop_the_next_training(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = tiny(tmp_path / "whole")

    def stop(now: Session) -> None:
        if now.training.place.number == 5:
            now.asked.append("SIGINT")

    with monkeypatch.context() as patch:
        at_every_step(patch, stop)
        with pytest.raises(Interrupted):
            tiny(tmp_path / "cut")
    run = Run.find("last", tmp_path / "cut")
    run.post("stop")
    resume(run.path)
    assert state(run)["seen"] == 640
    assert final(run) == final(whole)


def test_the_list_of_runs(tmp_path: Path) -> None:
    assert runs(tmp_path / "nowhere") == []
    done = tiny(tmp_path, duration="32img", name="one")
    dead = tiny(tmp_path, duration="32img", name="two")
    dead.write_status("training", seen=16, total=32)
    lost = tiny(tmp_path, duration="32img", name="three")
    lost.config_path.write_text("{")
    lost.status_path.unlink()
    found = runs(tmp_path)
    assert [(run["name"], run["state"]) for run in found] == [
        (done.path.name, "finished"),
        (dead.path.name, "interrupted"),
        (lost.path.name, "empty"),
    ]
    assert (found[0]["family"], found[0]["data"], found[0]["seen"], found[0]["total"]) == ("gan", "digits", 32, 32)
    assert found[2]["family"] == "?"
