"""What a training writes follows the players that are live, through roll-backs and disks that refuse."""

from __future__ import annotations

import errno
import math
from pathlib import Path
from typing import Any

import pytest

from gansmith.runs import checkpoint
from gansmith.runs.folder import Run
from gansmith.runs.state import Place, Training
from gansmith.verbs.record import RING, Record
from gansmith.verbs.rollback import go_back, here, last_healthy, take_back
from tests import games
from tests.verbs.looking import Looked, looked


def recording(found: Looked, path: Path) -> Record:
    run = Run.create(path, "one")
    return Record(run, found.config, found.dataset, found.engine, found.training, lambda report: None)


def at(record: Record, seen: int, **facts: Any) -> None:
    """Move to a place and save a checkpoint there."""
    record.place.seen = seen
    record.place.number = seen // 16
    for name, value in facts.items():
        setattr(record.place, name, value)
    record.checkpoint()


def treatment(to: int, **changes: Any) -> dict[str, Any]:
    return {"id": "x", "ailment": "y", "to": to, "at": to, "changes": changes, "gain": 1.0, "outcome": "trial"}


def test_the_ring_keeps_the_newest_and_the_best(tmp_path: Path) -> None:
    record = recording(looked(), tmp_path)
    for seen in range(16, 16 * 40, 16):
        record.scored = seen
        at(record, seen, kid=abs(seen - 160) / 1000 + 0.1)
    names = sorted(int(path.name) for path in record.run.checkpoints.iterdir())
    assert names[-RING:] == [16 * step for step in range(35, 40)]
    assert 160 in names
    assert record.place.best == {"name": "000000160", "kid": 0.1}
    assert len(names) < 16


def test_only_what_was_scored_becomes_the_best(tmp_path: Path) -> None:
    record = recording(looked(), tmp_path)
    record.scored = 16
    at(record, 16, kid=0.5)
    at(record, 32)  # the same score, of other weights
    assert record.place.best == {"name": "000000016", "kid": 0.5}
    record.scored = 48
    at(record, 48, kid=None)
    assert record.place.best == {"name": "000000016", "kid": 0.5}


def test_a_checkpoint_that_fails_changes_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    record = recording(looked(), tmp_path)

    def refused(self: Training, folder: Path) -> Path:
        raise checkpoint.CheckpointError("no", "No space left", str(errno.ENOSPC))

    monkeypatch.setattr(Training, "save", refused)
    record.scored, record.place.skipped = 16, 2
    at(record, 16, kid=0.5)
    assert (record.place.best, record.place.skipped, record.saved) == (None, 2, None)
    assert here(record) is None
    events = record.run.events.read()
    assert all("checkpoint not written" in event["words"] for event in events)


def test_the_last_healthy_one_before_the_onset(tmp_path: Path) -> None:
    record = recording(looked(), tmp_path)
    folder = record.run.checkpoints
    assert last_healthy(folder, 100) is None
    for seen, healthy in ((0, True), (16, True), (32, True), (48, False), (64, True)):
        at(record, seen, healthy=healthy)
    assert [last_healthy(folder, before) for before in (64, 63, 31)] == [
        folder / name for name in ("000000064", "000000032", "000000016")
    ]
    assert last_healthy(folder, 63, 1) == folder / "000000016"
    assert last_healthy(folder, 63, 9) == folder / "000000000"
    (folder / "000000032" / "networks.safetensors").write_bytes(b"torn")
    assert last_healthy(folder, 63) == folder / "000000016"
    assert last_healthy(folder, -1) == folder / "000000000"


def test_what_a_roll_back_left_is_not_gone_back_to(tmp_path: Path) -> None:
    """Again and again means further and further back, along the way that counts."""
    record = recording(looked(), tmp_path)
    folder = record.run.checkpoints
    for seen in (0, 16, 32, 48, 64):
        at(record, seen)
    go_back(record, folder / "000000032", [treatment(32)])
    assert (record.place.counter, record.place.seen, record.place.lost) == (64, 32, 32)
    at(record, record.place.seen + 16)  # counter 80
    assert last_healthy(folder, 90) == folder / "000000080"
    assert last_healthy(folder, 79) == folder / "000000064"  # the copy of 32, written when it was gone back to
    assert last_healthy(folder, 79, 1) == folder / "000000016"


def test_going_back_brings_everything_back_and_keeps_the_counter(tmp_path: Path) -> None:
    memories: dict[str, Any] = {"ada": 0.6, "augment": "cutout", "lecam": 0.3, "history": 0.5, "ema": 0.05}
    record = recording(looked(**memories), tmp_path)
    games.advance(record.training, "grey", 4, size=16)
    record.place.kid, record.place.best = 0.25, {"name": "000000064", "kid": 0.25}
    record.checkpoint()
    then, path = games.copied(record.training), record.run.checkpoints / record.place.name
    games.advance(record.training, "grey", 4, size=16)
    record.place.best = {"name": "000000100", "kid": 0.2}
    left = record.training
    go_back(record, path, [treatment(64)])
    assert record.training is not left
    assert games.differing(then, games.tensors(record.training)) == []
    place = record.place
    assert (place.seen, place.lost, place.counter, place.number) == (64, 64, 128, 4)
    assert place.best == {"name": "000000100", "kid": 0.2}
    assert place.kid is None and place.healthy
    assert record.saved == 128
    assert Place.read(checkpoint.state(record.run.checkpoints / "000000128")) == place


def test_taking_back_a_change_of_the_discriminator_keeps_the_generator(tmp_path: Path) -> None:
    record = recording(looked(), tmp_path)
    at(record, 0)
    go_back(record, record.run.checkpoints / "000000000", [treatment(0, pack=2)])
    games.advance(record.training, "grey", 3, size=16)
    before = games.copied(record.training)
    assert take_back(record, record.place.in_force)
    assert record.place.changes == {} and record.place.counter == 48
    for name, tensor in games.tensors(record.training).items():
        if "/generator" in name:
            assert bool((tensor == before[name]).all())
    games.advance(record.training, "grey", 1, size=16)
    path = here(record)
    assert path is not None
    resumed = Training.revive(path, lambda place: looked().training.game)  # as a resumed run does: all must fit
    assert games.differing(games.tensors(resumed), games.tensors(record.training)) == []


def test_taking_back_a_change_of_the_generator_goes_back_to_before_it(tmp_path: Path) -> None:
    """Otherwise all that it has learnt would be lost for a remedy that was useless."""
    found = looked(family="dcgan")
    record = recording(found, tmp_path)
    games.advance(record.training, "grey", 2, size=16)
    record.checkpoint()
    then, path = games.copied(record.training), record.run.checkpoints / record.place.name
    games.advance(record.training, "grey", 2, size=16)
    go_back(record, path, [treatment(32, upsample="resize")], ("generator",))
    games.advance(record.training, "grey", 2, size=16)
    (applied,) = record.place.in_force
    assert take_back(record, [applied])
    assert games.differing(then, games.tensors(record.training)) == []
    assert (record.place.seen, record.place.counter, record.place.changes) == (32, 96, {})


def test_at_the_end_a_generator_is_never_made_anew(tmp_path: Path) -> None:
    record = recording(looked(family="dcgan"), tmp_path)
    at(record, 0)
    go_back(record, record.run.checkpoints / "000000000", [treatment(0, upsample="resize")], ("generator",))
    record.place.seen = record.config.images
    training = record.training
    assert not take_back(record, record.place.in_force)
    assert record.training is training
    assert [one["outcome"] for one in record.place.treatments] == ["kept"]


def test_lines_go_by_the_counter(tmp_path: Path) -> None:
    record = recording(looked(), tmp_path)
    record.place.seen, record.place.lost = 32, 48
    line = record.tick({"check/train": math.nan})
    assert (line["seen"], line["lost"]) == (80, 48)
    (read,) = record.run.journal.read()
    assert math.isnan(read["facts"]["check/train"])
    assert read["facts"]["generator/lr"] == record.config.settings["lr"]
