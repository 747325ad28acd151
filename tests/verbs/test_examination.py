"""A training is looked at evenly by images, not too often, always at its end; at the same moments when resumed."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path

import pytest

from gansmith.runs.config import RunConfig
from gansmith.runs.folder import Run
from gansmith.runs.state import Place, Training
from gansmith.verbs import session
from gansmith.verbs.examination import CHECKUP_STEPS, CHECKUPS, EVALUATION_STEPS, EVALUATIONS, POINTS_COST, Examination
from gansmith.verbs.train import resume
from tests.verbs.looking import looked, spacing
from tests.verbs.runs import at_every_step, quick, state, tiny

__all__ = ["quick"]


def moments(images: int, batch: int, data: str = "digits") -> tuple[list[int], list[int]]:
    """Steps after which a check-up and an evaluation is due."""
    found = looked(data, batch=batch)
    examination = Examination(found.dataset, found.config.changed(images=images), found.engine)
    seen = range(batch, images + 1, batch)
    due = [step for step, count in enumerate(seen, 1) if examination.due(count, batch)]
    thorough = [step for step, count in enumerate(seen, 1) if examination.thorough(count, batch)]
    return due, thorough


@pytest.mark.parametrize("batch", [8, 64])
def test_a_long_training_is_looked_at_a_hundred_times(batch: int) -> None:
    due, thorough = moments(10_000 * batch, batch)
    assert (len(due), len(thorough)) == (CHECKUPS, EVALUATIONS)
    assert set(thorough) <= set(due)
    assert {b - a for a, b in pairwise(due)} == {100}
    assert due[-1] == thorough[-1] == 10_000


@pytest.mark.parametrize(("data", "rarer"), [("digits", 1), ("ring", POINTS_COST)])
def test_a_short_one_more_seldom(data: str, rarer: int) -> None:
    due, thorough = moments(1300 * 16, 16, data)
    assert min(b - a for a, b in pairwise(thorough)) >= EVALUATION_STEPS * rarer
    checkups = sorted(set(due) - set(thorough))
    assert min(b - a for a, b in pairwise(checkups)) >= CHECKUP_STEPS * rarer
    assert len(due) <= CHECKUPS + EVALUATIONS


def looked_at(run: Run) -> tuple[list[int], list[int]]:
    lines = [line for line in run.journal.read() if "check/train" in line["facts"]]
    return [line["seen"] for line in lines], [line["seen"] for line in lines if "eval/kid" in line["facts"]]


@pytest.mark.usefixtures("quick")
@pytest.mark.parametrize(("checkups", "evaluations"), [(7, 16), (8, 16), (40, 60), (3, 3)])
def test_the_end_is_evaluated_once_wherever_it_falls(
    checkups: int, evaluations: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also where a mere check-up is due there."""
    spacing(monkeypatch, checkups, evaluations)
    every, thorough = looked_at(tiny(tmp_path))
    assert every[-1] == thorough[-1] == 640
    assert len(set(every)) == len(every)
    due = {step * 16 for step in range(1, 41) if step % checkups == 0 or step % evaluations == 0} | {640}
    assert set(every) == due


@pytest.mark.usefixtures("quick")
@pytest.mark.parametrize("step", [11, 12, 13])
def test_a_resumed_run_is_looked_at_at_the_same_moments(
    step: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    spacing(monkeypatch, 3, 12)
    whole = tiny(tmp_path / "whole")

    def stop(now: session.Session) -> None:
        if now.place.number == step:
            now.asked.append("SIGINT")

    with monkeypatch.context() as patch:
        at_every_step(patch, stop)
        with pytest.raises(session.Interrupted):
            tiny(tmp_path / "cut")
    cut = resume("last", out=tmp_path / "cut")
    assert looked_at(cut) == looked_at(whole)
    same = [name for name in facts(whole) if name.startswith(("check/", "eval/")) and name != "check/drift"]
    assert [facts(cut)[name] for name in same] == [facts(whole)[name] for name in same]


def facts(run: Run) -> dict[str, float]:
    found: dict[str, float] = run.journal.read()[-1]["facts"]
    return found


@pytest.mark.usefixtures("quick")
def test_until_a_plateau_and_on_from_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The score falls until step 20, then stands still: a few evaluations more, then it is over."""
    spacing(monkeypatch, 4, 4)
    monkeypatch.setattr("gansmith.verbs.duration.PLATEAU_HOURS", 1 / 3600)  # 1000 images at most

    def look(self: Examination, training: Training, *, thoroughly: bool) -> dict[str, float]:
        return {"check/train": 0.0, "eval/kid": 1 / min(training.place.counter, 320)}

    monkeypatch.setattr(Examination, "look", look)
    run = tiny(tmp_path, duration="until-plateau")
    config = RunConfig.read(run.config())
    assert (config.duration, config.images) == ("until-plateau", 992)
    stopped = Place.read(state(run)).seen
    assert 320 + 64 * 3 <= stopped <= 320 + 64 * 5
    assert run.status()["state"] == "finished"
    longer = resume(run.path, duration="160img")
    assert RunConfig.read(longer.config()).images == stopped + 160
    assert Place.read(state(longer)).seen == stopped + 160


@pytest.mark.usefixtures("quick")
def test_a_score_that_keeps_falling_is_not_a_plateau(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    spacing(monkeypatch, 4, 4)
    monkeypatch.setattr("gansmith.verbs.duration.PLATEAU_HOURS", 1 / 3600)
    monkeypatch.setattr(
        Examination,
        "look",
        lambda self, training, thoroughly: {"check/train": 0.0, "eval/kid": 1 / training.place.counter},
    )
    run = tiny(tmp_path, duration="until-plateau")
    assert run.journal.read()[-1]["seen"] == 992
