"""NaN is skipped, then rolled back, then told; a full disk costs checkpoints and pictures, not the training."""

from __future__ import annotations

import errno
import math
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor

from gansmith.game import adversarial
from gansmith.losses.objectives import OBJECTIVES
from gansmith.runs import checkpoint
from gansmith.runs.folder import Run
from gansmith.runs.model import load
from gansmith.runs.pictures import save_png
from gansmith.runs.state import Place, Training
from gansmith.verbs import session, train
from tests.verbs.runs import at_every_step, events, final, quick, state, tiny

__all__ = ["quick"]
pytestmark = pytest.mark.usefixtures("quick")


class Fault:
    """Makes the generator's loss NaN at some calls; calls are counted over roll-backs."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, broken: Callable[[int], bool]) -> None:
        self.calls, self.broken = 0, broken
        plain = OBJECTIVES["non-saturating"]

        def generator(real: Tensor, fake: Tensor) -> Tensor:
            self.calls += 1
            loss = plain.generator(real, fake)
            return loss * math.nan if self.broken(self.calls - 1) else loss

        faulty = replace(plain, generator=generator)
        monkeypatch.setattr(adversarial, "OBJECTIVES", {**OBJECTIVES, "non-saturating": faulty})


PLANNED = 1  # calls of the loss before the first step: memory is measured


def warnings_in(heard: list[Mapping[str, Any]]) -> list[str]:
    return [report["warning"] for report in heard if "warning" in report]


def test_one_bad_step_is_skipped_and_logged(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    Fault(monkeypatch, lambda call: call == PLANNED + 10)
    run = tiny(tmp_path)
    assert [e for e in events(run) if e in ("skipped step", "roll back")] == ["skipped step"]
    skipped = next(event for event in run.events.read() if event["event"] == "skipped step")
    assert skipped["seen"] == 11 * 16
    assert "generator/loss" in skipped["not_finite"]
    assert run.status()["state"] == "finished"
    assert Place.read(state(run)).gain == 1.0


def test_three_bad_steps_roll_back_with_half_the_rate(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Everything goes back to the checkpoint at 0; counters go on, and the budget is not exceeded."""
    fault = Fault(monkeypatch, lambda call: PLANNED + 20 <= call < PLANNED + 23)
    heard: list[Mapping[str, Any]] = []
    run = tiny(tmp_path, watch=heard.append)
    back = [event for event in run.events.read() if event["event"] == "roll back"]
    assert [(event["id"], event["at"], event["to"]) for event in back] == [("halve-rates", 23 * 16, 0)]
    assert any("back to 0 images, half the learning rate" in words for words in warnings_in(heard))
    assert fault.calls == PLANNED + 40  # as many steps as were asked for, 23 of them in vain
    place = Place.read(state(run))
    assert (place.gain, place.seen, place.lost, place.counter) == (0.5, 640 - 23 * 16, 23 * 16, 640)
    lines = run.journal.read()
    assert [line["seen"] for line in lines] == sorted(line["seen"] for line in lines)
    assert lines[-1]["facts"]["generator/lr"] == pytest.approx(1e-4)
    assert run.status()["state"] == "finished"
    assert load(run.path).sample(2).shape == (2, 8, 8, 1)


def test_breaking_down_again_and_again_is_given_up_and_leaves_something_to_use(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    Fault(monkeypatch, lambda call: call >= PLANNED + 20)
    with pytest.raises(session.GivenUp, match="not finite") as caught:
        tiny(tmp_path, duration="6400img")
    assert caught.value.code == 3
    assert caught.value.why == "3 remedies were tried"
    run = Run.find("last", tmp_path)
    assert events(run).count("roll back") == 3
    assert events(run)[-2:].count("given up") == 1
    assert run.status()["state"] == "failed"
    assert (run.path / "report.html").exists()
    assert load(run.path).sample(2).shape == (2, 8, 8, 1)


def test_without_remedies_a_breakdown_is_told_at_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    Fault(monkeypatch, lambda call: call >= PLANNED + 20)
    with pytest.raises(session.GivenUp, match="not finite") as caught:
        tiny(tmp_path, remedies="off")
    assert "remedies are off" in caught.value.why
    assert "roll back" not in events(Run.find("last", tmp_path))


def test_a_skipped_step_changes_no_weight_and_the_rest_goes_on_exactly(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The last step bad or never taken: the same generator."""
    Fault(monkeypatch, lambda call: call == PLANNED + 39)
    bad = tiny(tmp_path / "bad")
    parts, _ = checkpoint.read(bad.checkpoints / "000000640")
    monkeypatch.setattr(adversarial, "OBJECTIVES", OBJECTIVES)

    def stop(now: session.Session) -> None:
        if now.training.place.number == 39:
            now.asked.append("SIGINT")

    at_every_step(monkeypatch, stop)
    with pytest.raises(session.Interrupted):
        tiny(tmp_path / "short")
    short, _ = checkpoint.read(Run.find("last", tmp_path / "short").checkpoints / "000000624")
    for name, tensor in short["networks"].items():
        if name.startswith("generator"):
            assert torch.equal(tensor, parts["networks"][name])


def test_poisoned_statistics_are_rolled_back_at_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Batch normalisation keeps a NaN that no skipped step undoes; one step must be enough to go back."""
    done = False

    def poison(now: session.Session) -> None:
        nonlocal done
        if now.training.place.number == 20 and not done:
            done = True
            network = now.training.game.networks["generator"]
            handle = network.register_forward_pre_hook(lambda module, args: (args[0] * math.nan,))
            plain = now.skip

            def skip(step: Any) -> None:
                handle.remove()
                plain(step)

            monkeypatch.setattr(now, "skip", skip)

    at_every_step(monkeypatch, poison)
    run = tiny(tmp_path, family="dcgan")
    assert events(run).count("roll back") == 1
    assert events(run).count("skipped step") == 1
    assert run.status()["state"] == "finished"
    assert state(run)["distance"] is not None


def full(*args: Any, **kwargs: Any) -> Any:
    raise OSError(errno.ENOSPC, "No space left on device")


def test_a_full_disk_does_not_stop_training(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Checkpoints, pictures and the report are refused for a while, then written again."""
    heard: list[Mapping[str, Any]] = []
    plain_save = Training.save

    def refused(self: Training, folder: Path) -> Path:
        if self.place.seen < 640:
            raise checkpoint.CheckpointError("cannot write checkpoint", "No space left on device")
        return plain_save(self, folder)

    monkeypatch.setattr(Training, "save", refused)
    monkeypatch.setattr("gansmith.verbs.frames.save_png", full)
    run = tiny(tmp_path / "full", watch=heard.append)
    told = warnings_in(heard)
    assert any("checkpoint not written" in words and "No space left" in words for words in told)
    assert any("picture not written" in words for words in told)
    assert [path.name for path in run.checkpoints.iterdir()] == ["000000640"]
    monkeypatch.setattr(Training, "save", plain_save)
    monkeypatch.setattr("gansmith.verbs.frames.save_png", save_png)
    assert final(run) == final(tiny(tmp_path / "roomy"))


def test_a_report_that_cannot_be_written_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    heard: list[Mapping[str, Any]] = []
    monkeypatch.setattr(train, "finish", full)
    run = tiny(tmp_path, watch=heard.append)
    assert any("report not written" in words for words in warnings_in(heard))
    assert run.status()["state"] == "finished"
    assert state(run)["seen"] == 640


def test_a_stray_file_among_the_checkpoints_is_in_nobodys_way(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def drop(now: session.Session) -> None:
        (now.record.run.checkpoints / "notes.txt").write_text("mine")

    at_every_step(monkeypatch, drop)
    run = tiny(tmp_path)
    assert run.status()["state"] == "finished"
    assert (run.checkpoints / "notes.txt").read_text() == "mine"
