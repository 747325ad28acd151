"""Requests arrive whole and in order; anything else in the folder is put aside and told."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from gansmith.errors import GansmithError
from gansmith.runs import inbox


def test_requests_arrive_once_and_in_order(tmp_path: Path) -> None:
    folder = tmp_path / "inbox"
    for number in range(12):
        inbox.post(folder, "apply", {"number": number, "말": "예"})
    path = inbox.post(folder, "stop", {})
    assert path.name.endswith("-stop.json") and path.parent == folder
    requests = inbox.take(folder, warn=pytest.fail)
    assert [request["request"] for request in requests] == ["apply"] * 12 + ["stop"]
    assert [request["number"] for request in requests[:12]] == list(range(12))
    assert requests[0]["말"] == "예" and requests[0]["time"] < requests[-1]["time"]
    assert inbox.take(folder, warn=pytest.fail) == [] == list(folder.iterdir())


def test_arguments_cannot_pose_as_the_request(tmp_path: Path) -> None:
    inbox.post(tmp_path, "pause", {"request": "stop"})
    assert inbox.take(tmp_path, warn=pytest.fail)[0]["request"] == "pause"


def test_garbage_is_put_aside_told_and_never_raised(tmp_path: Path) -> None:
    outside = tmp_path / "outside.json"
    outside.write_text('{"request": "stop"}')
    folder = tmp_path / "inbox"
    folder.mkdir()
    (folder / "1.json").write_bytes(b"\xff\x00")
    (folder / "2.json").write_bytes(b"[" * 50_000)
    (folder / "3.json").write_text('["stop"]')
    (folder / "4.json").write_text('{"request": 5}')
    (folder / "5.json").write_text('{"request": "stop", "pad": "' + "x" * inbox.LARGEST + '"}')
    (folder / "6.json").mkdir()
    (folder / "7.json").symlink_to(outside)
    (folder / "8 \n 왕.json").touch()
    os.mkfifo(folder / "9.json")
    (folder / ".tmp-0-stop.json-1").write_text('{"request": "unfinished"}')
    inbox.post(folder, "snapshot", {})
    said: list[str] = []
    assert [request["request"] for request in inbox.take(folder, warn=said.append)] == ["snapshot"]
    assert len(said) == 9
    assert len(list((folder / inbox.REJECTED).iterdir())) == 9
    assert outside.exists()
    assert inbox.take(folder, warn=pytest.fail) == []


def test_no_inbox_no_requests(tmp_path: Path) -> None:
    assert inbox.take(tmp_path / "absent", warn=pytest.fail) == []


def test_an_inbox_that_takes_nothing_is_a_clear_error(tmp_path: Path) -> None:
    (tmp_path / "inbox").touch()
    with pytest.raises(GansmithError, match="cannot leave a request"):
        inbox.post(tmp_path / "inbox", "stop", {})


@pytest.mark.parametrize("request_", ["", "../stop", "Stop", "a b"])
def test_a_request_is_a_word(tmp_path: Path, request_: str) -> None:
    with pytest.raises(ValueError, match="a request is a word"):
        inbox.post(tmp_path, request_, {})
