"""Two processes never write to one run, and a dead one never keeps the living out."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable
from pathlib import Path

import pytest

from gansmith.errors import GansmithError
from gansmith.runs import lock

pytestmark = pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning")


def fork(work: Callable[[], None]) -> tuple[int, int]:
    """(child's process number, pipe that says when `work` runs `ready`)."""
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        try:
            os.dup2(writing, 99)
            work()
        finally:
            os._exit(0)
    os.close(writing)
    return child, reading


def hold_until_killed(path: Path) -> None:
    with lock.hold(path):
        os.write(99, b"!")
        signal.pause()


def test_a_second_process_is_refused_by_name_and_a_killed_one_forgotten(tmp_path: Path) -> None:
    path = tmp_path / ".lock"
    assert lock.holder(path) is None
    child, reading = fork(lambda: hold_until_killed(path))
    assert os.read(reading, 1) == b"!"
    with pytest.raises(GansmithError, match=rf"process {child} on .*, started \d{{4}}-") as caught, lock.hold(path):
        pytest.fail("two writers")
    assert tmp_path.name in caught.value.what
    assert (facts := lock.holder(path)) and facts["pid"] == child
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)
    assert lock.holder(path) is None
    with lock.hold(path):
        assert (facts := lock.holder(path)) and facts["pid"] == os.getpid()
    assert lock.holder(path) is None


def test_the_same_process_cannot_hold_it_twice(tmp_path: Path) -> None:
    with lock.hold(tmp_path / ".lock"), pytest.raises(GansmithError), lock.hold(tmp_path / ".lock"):
        pytest.fail("two writers")


def test_an_error_inside_lets_go(tmp_path: Path) -> None:
    with pytest.raises(ZeroDivisionError), lock.hold(tmp_path / ".lock"):
        raise ZeroDivisionError
    with lock.hold(tmp_path / ".lock"):
        pass


def test_a_forked_worker_does_not_keep_the_lock_of_its_killed_parent(tmp_path: Path) -> None:
    path = tmp_path / ".lock"

    def parent() -> None:
        with lock.hold(path):
            worker = os.fork()
            if worker == 0:
                signal.pause()
            os.write(99, worker.to_bytes(4, "big"))
            signal.pause()

    child, reading = fork(parent)
    worker = int.from_bytes(os.read(reading, 4), "big")
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)
    try:
        with lock.hold(path):
            pass
    finally:
        os.kill(worker, signal.SIGKILL)


def test_a_worker_that_leaves_the_block_leaves_the_lock(tmp_path: Path) -> None:
    path = tmp_path / ".lock"
    with lock.hold(path):
        child = os.fork()
        if child == 0:
            os._exit(0 if lock.holder(path) else 1)
        assert os.waitpid(child, 0)[1] == 0
        with pytest.raises(GansmithError), lock.hold(path):
            pytest.fail("two writers")


@pytest.mark.parametrize("content", [b"", b"{", b"[1]", b'{"pid": "x", "started": 1}', b'{"pid": 1e99}'])
def test_a_garbled_note_is_no_holder(tmp_path: Path, content: bytes) -> None:
    (tmp_path / ".lock").write_bytes(content)
    assert lock.holder(tmp_path / ".lock") is None
    with lock.hold(tmp_path / ".lock"):
        pass


def test_a_process_number_used_again_is_not_the_holder(tmp_path: Path) -> None:
    host = os.uname().nodename
    (tmp_path / ".lock").write_text(f'{{"pid": {os.getpid()}, "started": 1000.0, "host": "{host}"}}')
    assert lock.holder(tmp_path / ".lock") is None


def test_a_folder_that_is_not_there_is_a_clear_error(tmp_path: Path) -> None:
    with pytest.raises(GansmithError, match="cannot lock"), lock.hold(tmp_path / "absent" / ".lock"):
        pytest.fail("locked nothing")
