"""Remedies by hand: listed, asked for while a run trains or rests, done, undone; each kind of change really works."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from gansmith.doctor.finding import Finding
from gansmith.doctor.remedy import TABLE
from gansmith.errors import UsageError
from gansmith.runs.folder import Run
from gansmith.runs.model import load
from gansmith.runs.state import Place
from gansmith.verbs import care, requests, session
from gansmith.verbs.plan import build_game
from gansmith.verbs.remedy import apply_remedy, list_remedies
from gansmith.verbs.train import resume
from tests import games
from tests.verbs.looking import looked
from tests.verbs.runs import at_every_step, final, quick, state, tiny
from tests.verbs.test_care import between, of, script, stop_at, treatments

__all__ = ["quick"]
pytestmark = pytest.mark.usefixtures("quick")


@pytest.fixture(autouse=True)
def _always_listening(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(requests, "POLL_EVERY", 0.0)


def asks(monkeypatch: pytest.MonkeyPatch, requests: dict[int, Callable[[Run], object]]) -> None:
    """Other shells ask for something at some places of the training."""

    def ask(now: session.Session) -> None:
        if wish := requests.pop(now.place.counter, None):
            wish(now.record.run)

    at_every_step(monkeypatch, ask)


def applying(name: str, **how: Any) -> Callable[[Run], object]:
    return lambda run: apply_remedy(run.path, name, **how)


def test_a_live_run_does_it_now_and_undoes_it_now(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    script(monkeypatch, lambda seen, settings: None)
    monkeypatch.setattr(care, "TRIAL", 10.0)
    asks(monkeypatch, {160: applying("pack"), 320: applying("pack", undo=True), 480: applying("halve-rates")})
    run = tiny(tmp_path, remedies="off")
    assert [(event["event"], event["seen"], event["id"]) for event in of(run, "remedy", "remedy undone")] == [
        ("remedy", 160, "pack"),
        ("remedy undone", 320, "pack"),
        ("remedy", 480, "halve-rates"),
    ]
    place = Place.read(state(run))
    assert (place.changes, place.gain, place.seen) == ({}, 0.5, 640)
    assert [one["outcome"] for one in place.treatments] == ["undone", "trial"]
    assert run.journal.read()[-1]["facts"]["generator/lr"] == pytest.approx(1e-4)


def test_what_was_asked_for_by_hand_is_never_one_too_many(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    script(monkeypatch, lambda seen, settings: None)
    asks(monkeypatch, {160 + 16 * index: applying("halve-rates") for index in range(5)})
    run = tiny(tmp_path, remedies="off")
    assert run.status()["state"] == "finished"
    assert Place.read(state(run)).gain == 1 / 32


def test_a_remedy_for_what_was_found_rolls_back(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    script(monkeypatch, between(320, 400), onset=280)
    asks(monkeypatch, {336: applying("pack")})
    run = tiny(tmp_path)
    (back,) = of(run, "roll back")
    assert (back["at"], back["to"], back["ailment"]) == (336, 256, "mode_collapse")


def test_a_resting_run_does_it_when_it_goes_on(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    script(monkeypatch, lambda seen, settings: None)
    stop_at(monkeypatch, 10)
    with pytest.raises(session.Interrupted):
        tiny(tmp_path)
    assert "when it goes on: gansmith resume 001" in apply_remedy("last", "pack", out=tmp_path)
    run = resume("last", out=tmp_path)
    assert Place.read(state(run)).changes == {"pack": 2}
    assert of(run, "remedy")[0]["seen"] <= 11 * 16
    assert list_remedies(run.path)["applied"][0]["id"] == "pack"


def test_asked_for_together_with_a_stop_it_waits(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    script(monkeypatch, lambda seen, settings: None)

    def both(run: Run) -> None:
        run.post("stop")
        run.post("remedy", id="pack", undo=False)

    asks(monkeypatch, {160: both})
    with pytest.raises(session.Interrupted):
        tiny(tmp_path)
    run = resume("last", out=tmp_path)
    assert Place.read(state(run)).changes == {"pack": 2}


def test_asked_for_during_a_pause_it_is_done_after_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    script(monkeypatch, lambda seen, settings: None)
    waits: list[float] = []

    def sleep(seconds: float) -> None:
        run = Run.find("last", tmp_path)
        if not waits:
            apply_remedy(run.path, "pack")
        elif len(waits) == 2:
            run.post("continue")
        waits.append(seconds)

    monkeypatch.setattr(time, "sleep", sleep)
    asks(monkeypatch, {160: lambda run: run.post("pause")})
    run = tiny(tmp_path)
    assert Place.read(state(run)).changes == {"pack": 2}
    assert [event["event"] for event in of(run, "pause", "continue", "remedy")] == ["pause", "continue", "remedy"]


def test_what_cannot_be_done_is_refused_or_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    script(monkeypatch, lambda seen, settings: None)
    heard: list[str] = []
    asks(
        monkeypatch,
        {
            160: lambda run: run.post("remedy", id="magic", undo=False),
            176: lambda run: run.post("remedy", id="pack", undo=True),
            192: applying("resize"),  # there is nothing to resize in this family
            208: lambda run: run.post("remedy"),
        },
    )
    run = tiny(tmp_path, watch=lambda report: heard.append(str(report.get("warning", ""))))
    told = "\n".join(heard)
    assert "no remedy 'magic' can be applied now" in told
    assert "no remedy 'pack' is in force" in told
    assert "no remedy 'resize' can be applied now" in told
    assert treatments(run) == []
    with pytest.raises(UsageError, match="no remedy 'pakc'") as caught:
        apply_remedy(run.path, "pakc")
    assert "pack" in caught.value.do
    with pytest.raises(UsageError, match="is in force"):
        apply_remedy(run.path, "pack", undo=True)
    assert list(run.inbox.iterdir()) == []


def test_what_is_offered_is_for_what_was_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    script(monkeypatch, between(320, 10**9))
    run = tiny(tmp_path)
    found = list_remedies(run.path)
    assert found["applied"] == []
    assert {one["ailment"] for one in found["offered"]} == {"mode_collapse"}
    assert {"relativistic", "pack", "no-momentum"} <= {one["id"] for one in found["offered"]}
    assert "resize" not in {one["id"] for one in found["offered"]}


KINDS = [
    ("gan", "pack", {}),
    ("gan", "minibatch-std", {}),
    ("gan", "relativistic", {}),
    ("gan", "lookahead", {}),
    ("gan", "average", {}),
    ("gan", "lecam", {}),
    ("gan", "adaptive-augmentation", {}),
    ("gan", "noise", {}),
    ("gan", "skip-discriminator", {}),
    ("gan", "decay", {}),
    ("gan", "same-rate", {"d_lr": 0.01}),
    ("gan", "fresh-start", {}),
    ("dcgan", "resize", {"kernel": 3}),
    ("dcgan", "leaky", {}),
    ("dcgan", "pack", {"d_norm": "instance"}),
    ("robust", "stronger-penalty", {}),
]


@pytest.mark.parametrize(("family", "name", "settings"), KINDS)
def test_every_kind_of_change_trains_on_is_resumed_and_drawn_from(
    family: str, name: str, settings: dict[str, Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    script(monkeypatch, lambda seen, settings: None)
    before: dict[str, Any] = {}

    def note(now: session.Session) -> None:
        if now.place.counter == 96:
            before.update(games.copied(now.training))

    at_every_step(monkeypatch, note)
    asks(monkeypatch, {96: applying(name)})
    run = tiny(tmp_path, family=family, duration="160img", remedies="off", **settings)
    (event,) = of(run, "remedy")
    place = Place.read(state(run))
    assert place.counter == 160
    assert place.changes == event["changes"]
    assert load(run.path).sample(2).shape == (2, 8, 8, 1)
    longer = resume(run.path, duration="32img")
    assert Place.read(state(longer)).counter == 192
    assert all(line["facts"]["skipped"] == 0 for line in longer.journal.read())


@pytest.mark.parametrize(
    ("family", "data"),
    [("gan", "digits"), ("dcgan", "digits"), ("robust", "digits"), ("gan", "ring"), ("robust", "ring")],
)
def test_whatever_is_offered_can_be_built_one_upon_the_other(family: str, data: str) -> None:
    """All the remedies of an ailment in a row, each upon those before; then every ailment upon the others."""
    found = looked(data, family)
    doctor, upon_all = care.Care(found.config), Place()
    for ailment in TABLE:
        place = Place()
        for into in (place, upon_all):
            for _ in TABLE[ailment]:
                useful = [remedy for remedy in doctor.offered(ailment, into) if remedy.applicable]
                tried = {one["id"] for one in into.treatments}
                if not (left := [remedy for remedy in useful if remedy.id not in tried]):
                    break
                finding = Finding(ailment, 1.0, 1.0, 0.0)
                into.treatments.append(doctor.treatment(finding, left[0], into, 0))
                build_game(found.config, into)
    assert len(upon_all.treatments) > 10


def test_fresh_networks_are_really_new(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Not what was learnt, and not the beginning that was bad either."""
    script(monkeypatch, lambda seen, settings: None)
    kept: dict[int, dict[str, Any]] = {}

    def note(now: session.Session) -> None:
        kept[now.place.counter] = games.copied(now.training)

    plain = session.Session.by_hand

    def by_hand(self: session.Session, name: str, *, undo: bool) -> None:
        plain(self, name, undo=undo)
        kept[-1] = games.copied(self.training)

    at_every_step(monkeypatch, note)
    monkeypatch.setattr(session.Session, "by_hand", by_hand)
    asks(monkeypatch, {64: applying("fresh-start")})
    tiny(tmp_path, duration="160img", remedies="off", lr=1e-9)  # hardly moving: as at the beginning
    name = next(name for name in kept[64] if name.startswith("networks/generator") and kept[64][name].dim() == 2)
    assert float((kept[64][name] - kept[16][name]).abs().max()) < 1e-6
    assert float((kept[-1][name] - kept[64][name]).abs().max()) > 1e-2
    moments = [tensor for key, tensor in kept[-1].items() if key.startswith("optimizers/")]
    assert all(not tensor.any() for tensor in moments)


def test_interrupted_between_remedies_by_hand_and_resumed_ends_the_same(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    script(monkeypatch, lambda seen, settings: None)

    def wishes() -> dict[int, Callable[[Run], object]]:
        return {96: applying("pack"), 192: applying("pack", undo=True), 288: applying("lookahead")}

    with monkeypatch.context() as patch:
        asks(patch, wishes())
        whole = tiny(tmp_path / "whole")
    with monkeypatch.context() as patch:
        asks(patch, wishes())
        stop_at(patch, 9, 15, 22)
        with pytest.raises(session.Interrupted):
            tiny(tmp_path / "cut")
        for _ in range(2):
            with pytest.raises(session.Interrupted):
                resume("last", out=tmp_path / "cut")
        cut = resume("last", out=tmp_path / "cut")
    assert treatments(cut) == treatments(whole) != []
    assert final(cut) == final(whole)
