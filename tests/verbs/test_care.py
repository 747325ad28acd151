"""The doctor at a training's side, by a script: what is told, what is treated, what comes of it, when it ends."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from gansmith.doctor.finding import Diagnosis, Finding
from gansmith.doctor.history import History
from gansmith.doctor.recipe import Remedy
from gansmith.runs import checkpoint
from gansmith.runs.config import RunConfig
from gansmith.runs.folder import Run
from gansmith.runs.health import health
from gansmith.runs.logs import run_history
from gansmith.runs.model import load
from gansmith.runs.state import Place, Training
from gansmith.verbs import care, session
from gansmith.verbs.examination import Examination
from gansmith.verbs.plan import build_game
from gansmith.verbs.train import resume
from tests.verbs.looking import spacing
from tests.verbs.runs import at_every_step, events, final, quick, state, tiny

__all__ = ["quick"]
pytestmark = pytest.mark.usefixtures("quick")

Ill = Callable[[int, dict[str, Any]], str | None]
Kid = Callable[[Place], float]
STEP = 16


def script(monkeypatch: pytest.MonkeyPatch, ill: Ill, onset: int | None = None, kid: Kid = lambda place: 1.0) -> None:
    """Check-ups every two steps, evaluations every four; nothing is measured.

    ill: of (images seen, settings in force): the ailment that is found. kid: of the place where it would be measured.
    """
    spacing(monkeypatch, 2, 4)

    def diagnose(history: History) -> Diagnosis:
        now = int(history.seen[-1]) if len(history) else 0
        ailment = ill(now, dict(history.settings))
        since = float(now if onset is None else onset)
        findings = (Finding(ailment, 0.9, 0.9, since, {"score": 2.0}, "It is ill. Very."),) if ailment else ()
        return Diagnosis(not findings, "ill" if findings else "well", None, findings)

    def look(self: Examination, training: Training, *, thoroughly: bool) -> dict[str, float]:
        return {"check/train": 0.0} | ({"eval/kid": kid(training.place)} if thoroughly else {})

    monkeypatch.setattr(care, "diagnose", diagnose)
    monkeypatch.setattr(Examination, "look", look)


def treatments(run: Run) -> list[dict[str, Any]]:
    return Place.read(state(run)).treatments


def of(run: Run, *kinds: str) -> list[dict[str, Any]]:
    return [event for event in run.events.read() if event["event"] in kinds]


def between(start: int, end: int, what: str = "mode_collapse") -> Ill:
    return lambda seen, settings: what if start <= seen < end else None


def test_a_finding_is_told_once_and_again_when_it_comes_back(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    script(monkeypatch, lambda seen, settings: "oscillation" if 64 <= seen < 192 or seen >= 320 else None)
    run = tiny(tmp_path, remedies="off")
    assert [event["seen"] for event in of(run, "finding")] == [64, 320]
    assert of(run, "finding")[0]["ailment"] == "oscillation"
    assert of(run, "roll back", "remedy", "trial") == []


def test_a_resumed_run_does_not_tell_it_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    script(monkeypatch, between(64, 10**9, "oscillation"))
    stop_at(monkeypatch, 20)
    with pytest.raises(session.Interrupted):
        tiny(tmp_path)
    run = resume("last", out=tmp_path)
    assert [event["seen"] for event in of(run, "finding")] == [64]


@pytest.mark.parametrize(
    ("family", "mode", "ailment", "treated"),
    [
        ("gan", "suggest", "mode_collapse", False),
        ("robust", "suggest", "mode_collapse", True),
        ("robust", "suggest", "oscillation", False),
        ("gan", "auto", "oscillation", True),
        ("gan", "auto", "data_fault", False),  # no remedy: nothing to do
        ("robust", "off", "mode_collapse", False),
    ],
)
def test_who_is_treated(
    family: str, mode: str, ailment: str, treated: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    script(monkeypatch, between(320, 352, ailment))
    run = tiny(tmp_path, family=family, remedies=mode)
    assert len(of(run, "finding")) == 1
    assert bool(of(run, "roll back")) == treated
    assert run.status()["state"] == "finished"


def test_a_remedy_that_helps_is_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(care, "WORSE", 1e9)
    script(monkeypatch, between(320, 321), onset=280)
    run = tiny(tmp_path, remedies="auto")
    (back,) = of(run, "roll back")
    assert (back["at"], back["to"], back["until"]) == (320, 256, 352)  # the last evaluation before the onset
    (trial,) = of(run, "trial")
    assert trial["outcome"] == "kept"
    assert trial["seen"] == 352
    assert [one["outcome"] for one in treatments(run)] == ["kept"]


def test_the_budget_is_kept_and_the_journal_only_grows(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    script(monkeypatch, between(320, 321), onset=280)
    steps = 0

    def count(now: session.Session) -> None:
        nonlocal steps
        steps += 1

    at_every_step(monkeypatch, count)
    run = tiny(tmp_path, remedies="auto", lr=1e-3, lr_end=1e-4)
    place = Place.read(state(run))
    assert steps == 40
    assert (place.counter, place.seen, place.lost) == (640, 576, 64)
    lines = run.journal.read()
    seen = [line["seen"] for line in lines if any(name.startswith("check/") for name in line["facts"])]
    assert seen == [32 * index for index in range(1, 21)]
    assert [line["seen"] for line in lines] == sorted(line["seen"] for line in lines)
    pictures = sorted(int(path.stem) for path in run.samples.glob("*.png"))
    assert len(set(pictures)) == len(pictures) == 7
    assert pictures[-1] == 640
    rate = build_game(RunConfig.read(run.config()), place).optimizers["generator"].lr
    assert rate(place.seen) == pytest.approx(1e-4)  # schedules end at the end


def test_an_ailment_that_stays_means_the_next_remedy(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Useless ones are undone, their settings back to what they were; nothing is tried twice."""
    script(monkeypatch, between(320, 384))
    run = tiny(tmp_path, remedies="auto")
    tried = [(one["id"], one["outcome"]) for one in treatments(run)]
    assert tried[0] == ("relativistic", "undone")
    assert tried[1] == ("pack", "kept")
    assert Place.read(state(run)).changes == {"pack": 2}


def test_a_remedy_that_makes_it_worse_is_taken_back(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The ailment is gone but the score is far worse: the players go on under the old settings."""
    script(monkeypatch, between(320, 321), kid=lambda place: 9.0 if place.treatments else 1.0)
    monkeypatch.setattr(care, "TRIAL", 0.1)
    packed: list[int] = []

    def note(now: session.Session) -> None:
        first = next(iter(now.training.game.networks["discriminator"].parameters()))
        if first.shape[1] == 2 * 64:
            packed.append(now.place.counter)

    at_every_step(monkeypatch, note)
    monkeypatch.setattr(care, "remedies", lambda ailment, settings, **about: packs(settings))
    run = tiny(tmp_path, remedies="auto")
    assert (packed[0], packed[-1]) == (336, 384)
    (trial,) = of(run, "trial")
    assert (trial["outcome"], trial["kid"], trial["kid_after"]) == ("undone", 1.0, 9.0)
    place = Place.read(state(run))
    assert place.changes == {} and place.in_force == []
    resumed = resume(run.path, duration="32img")
    assert state(resumed)["seen"] == place.seen + 32


def packs(settings: dict[str, Any]) -> tuple[Remedy, ...]:
    return () if settings["pack"] == 2 else (Remedy("pack", "two at once", {"pack": 2}),)


def stop_at(monkeypatch: pytest.MonkeyPatch, *steps: int) -> None:
    """Ctrl-C after so many steps of the whole training, roll-backs included."""

    def stop(now: session.Session) -> None:
        if now.place.counter in {STEP * step for step in steps} and not getattr(stop, f"at{now.place.counter}", False):
            setattr(stop, f"at{now.place.counter}", True)
            now.asked.append("SIGINT")

    at_every_step(monkeypatch, stop)


@pytest.mark.parametrize("ailment", ["mode_collapse", "oscillation", "discriminator_overfits", "checkerboard"])
@pytest.mark.parametrize("family", ["gan", "dcgan"])
def test_interrupted_in_the_middle_of_trials_and_resumed_is_uninterrupted(
    family: str, ailment: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Two treatments, one of them undone: weights, moments, memories and decisions come out the same."""
    monkeypatch.setattr(care, "WORSE", 1e9)
    script(monkeypatch, between(320, 400, ailment), onset=280)
    whole = tiny(tmp_path / "whole", family=family, remedies="auto")
    with monkeypatch.context() as patch:
        stop_at(patch, 21, 24, 31)
        with pytest.raises(session.Interrupted):
            tiny(tmp_path / "cut", family=family, remedies="auto")
        for _ in range(2):
            with pytest.raises(session.Interrupted):
                resume("last", out=tmp_path / "cut")
        cut = resume("last", out=tmp_path / "cut")
    assert treatments(cut) == treatments(whole)
    assert final(cut) == final(whole)
    if ailment != "checkerboard" or family == "dcgan":
        assert treatments(whole)
    assert load(cut.path).sample(2).shape == (2, 8, 8, 1)


def test_three_tries_in_a_tenth_then_it_is_given_up_with_the_best(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    script(monkeypatch, between(320, 10**9))
    monkeypatch.setattr(care, "TRIAL", 0.005)
    with pytest.raises(session.GivenUp) as caught:
        tiny(tmp_path, duration="1600img", remedies="auto")
    run = Run.find("last", tmp_path)
    assert caught.value.code == 3
    assert len(of(run, "roll back", "remedy")) == 3
    assert [event["at"] for event in of(run, "roll back")] == [320, 352, 384]
    assert run.status()["state"] == "failed"
    place = Place.read(state(run))
    assert place.best is not None and place.best["name"] in caught.value.do
    assert load(run.path, which="best").checkpoint == place.best["name"]
    assert load(run.path, which="best").sample(2).shape == (2, 8, 8, 1)
    assert (run.path / "report.html").exists()


def test_later_tries_are_counted_anew(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Three within a tenth are too many, four over the whole training are not."""
    found = {160, 288, 416, 544}
    script(monkeypatch, lambda seen, settings: "mode_collapse" if seen in found else None)
    monkeypatch.setattr(care, "WORSE", 1e9)
    run = tiny(tmp_path, remedies="auto")
    assert len(of(run, "roll back")) == 4
    assert run.status()["state"] == "finished"


def test_a_state_that_is_left_is_not_the_best(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The checkpoint named best is one of a state that was scored, and its tensors are those."""
    weights: dict[int, Any] = {}

    def keep(now: session.Session) -> None:
        weights[now.place.counter] = {k: v.clone() for k, v in now.training.game.networks.state_dict().items()}

    kids = {320: 0.01, 256: 0.1}
    script(monkeypatch, between(320, 321), kid=lambda place: kids.get(place.counter, 1.0))
    at_every_step(monkeypatch, keep)
    run = tiny(tmp_path, remedies="auto")
    best = Place.read(state(run)).best
    assert best == {"name": "000000256", "kid": 0.1}
    tensors, _ = checkpoint.read(run.checkpoints / "000000256", "networks")
    assert all(bool((tensors["networks"][name] == kept).all()) for name, kept in weights[256].items())


def test_a_checkpoint_between_evaluations_is_not_the_best(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    script(monkeypatch, lambda seen, settings: None, kid=lambda place: abs(place.counter - 320) / 1000)

    def save(now: session.Session) -> None:
        if now.place.counter == 16 * 22:
            now.record.checkpoint()

    at_every_step(monkeypatch, save)
    assert Place.read(state(tiny(tmp_path))).best == {"name": "000000320", "kid": 0.0}


def test_a_real_sick_training_is_found_and_treated(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A discriminator at 250 times the rate, of a real doctor: found, rolled back, finished within its budget."""
    spacing(monkeypatch, 4, 16)
    run = tiny(tmp_path, family="dcgan", remedies="auto", duration="4800img", d_lr=0.05)
    assert of(run, "finding")
    assert of(run, "roll back", "remedy")
    assert Place.read(state(run)).counter <= 4800
    assert "finish" in events(run) or "given up" in events(run)


def past_its_best(place: Place) -> float:
    """A score that is best at 256 images of those on the way, and far worse after them."""
    return 1.0 if place.seen <= 256 else 4.0


@pytest.mark.parametrize("found", [448, 640])
def test_a_training_past_its_best_is_ended_with_its_best(
    found: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In the middle or at the very end: its last checkpoint is its best one, whose history is healthy."""
    weights: dict[int, Any] = {}

    def keep(now: session.Session) -> None:
        weights[now.place.counter] = {k: v.clone() for k, v in now.training.game.networks.state_dict().items()}

    script(monkeypatch, between(found, 10**9, "over_trained"), kid=past_its_best)
    at_every_step(monkeypatch, keep)
    run = tiny(tmp_path, remedies="auto")
    place = Place.read(state(run))
    assert run.status()["state"] == "finished" and "given up" not in events(run)
    assert (place.counter, place.seen, place.kid, place.kept) == (found, 256, 1.0, 256)
    assert place.best == {"name": f"{found:09d}", "kid": 1.0}
    tensors, _ = checkpoint.read(run.checkpoints / f"{found:09d}", "networks")
    assert all(bool((tensors["networks"][name] == kept).all()) for name, kept in weights[256].items())
    (back,) = of(run, "roll back")
    (trial,) = of(run, "trial")
    assert (back["id"], back["at"], back["to"]) == ("keep-best", found, 256)
    assert (trial["outcome"], trial["kid"], trial["kid_after"]) == ("kept", 4.0, 1.0)
    (told,) = health(run.path, {"verdict": "well"}, run.events.read())["story"]
    assert (told["outcome"], told["to"], len(told["pictures"])) == ("kept", "", 2)
    seen = run_history(run)
    assert seen.kept and [float(row) for row in seen.series("eval/kid").seen] == [64.0, 128.0, 192.0, 256.0]


def test_what_was_changed_after_the_best_is_out_of_force(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def ill(seen: int, settings: dict[str, Any]) -> str | None:
        return "mode_collapse" if 320 <= seen < 352 else "over_trained" if seen >= 512 else None

    monkeypatch.setattr(care, "WORSE", 2.0)
    script(monkeypatch, ill, onset=280, kid=lambda place: 1.0 if place.seen <= 256 else 3.0)
    place = Place.read(state(tiny(tmp_path, remedies="auto")))
    assert [(one["id"], one["outcome"]) for one in place.treatments] == [
        ("relativistic", "undone"),
        ("keep-best", "kept"),
    ]
    assert place.changes == {} and place.kept == 256


def test_without_anything_better_before_it_is_not_ended(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The score is level: the next remedy is tried, and nothing is taken for the best at the end."""
    script(monkeypatch, between(448, 450, "over_trained"))
    run = tiny(tmp_path, remedies="auto")
    assert [event["id"] for event in of(run, "roll back", "remedy")] == ["decay"]
    assert Place.read(state(run)).kept is None


def test_a_remedy_only_suggested_ends_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    script(monkeypatch, between(448, 10**9, "over_trained"), kid=past_its_best)
    run = tiny(tmp_path, remedies="suggest")
    assert of(run, "roll back", "trial") == [] and Place.read(state(run)).kept is None


def test_what_was_ended_can_be_trained_on(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    script(monkeypatch, between(640, 641, "over_trained"), kid=past_its_best)
    run = resume(tiny(tmp_path, remedies="auto").path, duration="64img")
    place = Place.read(state(run))
    assert (place.counter, place.seen, place.kept) == (704, 320, None)


def test_what_the_settings_explain_is_begun_anew(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Late, and after healthy checkpoints: nothing that was learnt under them is worth keeping."""
    script(monkeypatch, lambda seen, settings: "oscillation" if seen == 256 and settings["beta1"] else None)
    run = tiny(tmp_path, remedies="auto", beta1=0.9, duration="1280img")
    (back,) = of(run, "roll back")
    assert (back["id"], back["at"], back["to"], back["changes"]) == ("steady", 256, 0, {"beta1": 0.0})
    (trial,) = of(run, "trial")
    assert trial["outcome"] == "kept" and trial["kid_after"] is not None  # measured for the verdict


def test_nothing_is_begun_anew_in_the_second_half(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    script(monkeypatch, lambda seen, settings: "oscillation" if seen == 384 else None)
    run = tiny(tmp_path, remedies="auto", beta1=0.9)
    assert [event["id"] for event in of(run, "roll back")] == ["penalties"]


def test_what_was_there_from_the_beginning_is_treated_as_it_stands_in_the_second_half(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    script(monkeypatch, between(384, 385), onset=32)
    run = tiny(tmp_path, remedies="auto")
    (event,) = of(run, "roll back", "remedy")
    assert (event["event"], event["id"], event["to"]) == ("remedy", "relativistic", 384)


def test_a_setting_that_cannot_work_is_not_put_back(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The ailment stays: the next remedy's turn comes, under the setting that was mended."""
    script(monkeypatch, lambda seen, settings: "oscillation" if 256 <= seen <= 512 else None)
    place = Place.read(state(tiny(tmp_path, remedies="auto", beta1=0.9, duration="1280img")))
    assert [(one["id"], one["outcome"]) for one in place.treatments][:2] == [("steady", "kept"), ("penalties", "kept")]
    assert place.changes["beta1"] == 0.0


def found(*ailments: str) -> Diagnosis:
    return Diagnosis(False, "ill", None, tuple(Finding(name, 0.9, 0.9, 320.0) for name in ailments))


def test_what_is_treated_first(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """An explosion even during a trial; nothing beside faulty data; what has a remedy before what has none left."""
    script(monkeypatch, lambda seen, settings: None)
    config = RunConfig.read(tiny(tmp_path, remedies="auto", duration="64img").config())
    beside, place = care.Care(config), Place(seen=32)
    first = beside.to_treat(found("oscillation", "mode_collapse"), place)
    assert first is not None and first.ailment == "oscillation"
    assert beside.to_treat(found("data_fault", "mode_collapse"), place) is None
    spent = [
        {"id": one.id, "ailment": "oscillation", "outcome": "undone"} for one in beside.offered("oscillation", place)
    ]
    common = {"changes": {}, "gain": 1.0, "until": 0}
    tried = Place(seen=32, treatments=[{**one, **common} for one in spent])
    second = beside.to_treat(found("oscillation", "mode_collapse"), tried)
    assert second is not None and second.ailment == "mode_collapse"
    trial = {"id": "pack", "ailment": "mode_collapse", "outcome": "trial", "until": 64, "changes": {}, "gain": 1.0}
    busy = Place(seen=32, treatments=[trial])
    assert beside.to_treat(found("oscillation"), busy) is None
    exploded = beside.to_treat(found("oscillation", "explosion"), busy)
    assert exploded is not None and exploded.ailment == "explosion"
