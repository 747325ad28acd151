"""Whatever write, sync or move fails, and whenever the process dies, the state that was there can still be loaded."""

from __future__ import annotations

import os
import resource
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch

from gansmith.runs import checkpoint, disk
from gansmith.runs.checkpoint import CheckpointError

CALLS = ("open", "write", "fsync", "rename", "replace", "mkdir", "unlink", "rmdir")


def save(folder: Path, number: int, size: int = 50) -> Path:
    """A checkpoint whose content follows from `number`."""
    tensors = {file: {"w": torch.full((size,), float(number))} for file in ("networks", "optimizers")}
    return checkpoint.save(folder, f"{number:09d}", tensors, {"number": number})


def load(path: Path) -> int:
    """The number a checkpoint was made for; fails if it is a mixture."""
    tensors, state = checkpoint.read(path)
    assert all((named["w"] == state["number"]).all() for named in tensors.values())
    return int(state["number"])


class Failing:
    """Counts calls of the system and makes the n-th one fail, or every one from there on."""

    def __init__(self, patch: pytest.MonkeyPatch, nth: int, *, for_good: bool) -> None:
        self.calls, self.nth, self.for_good, self.log = 0, nth, for_good, list[tuple[str, Any]]()
        for name in CALLS:
            patch.setattr(os, name, self.wrap(name, getattr(os, name)))

    def wrap(self, name: str, real: Callable[..., Any]) -> Callable[..., Any]:
        def call(*arguments: Any, **options: Any) -> Any:
            self.calls += 1
            self.log.append((name, arguments[0]))
            if self.calls == self.nth or (self.for_good and self.calls > self.nth):
                raise OSError(28, "No space left on device")
            return real(*arguments, **options)

        return call


@pytest.mark.parametrize("for_good", [False, True])
@pytest.mark.parametrize("number", [1, 2])
def test_any_failing_call_leaves_a_checkpoint(tmp_path: Path, number: int, for_good: bool) -> None:
    """number 2 is a new checkpoint, number 1 replaces itself."""
    failures = 0
    for nth in range(1, 200):
        folder = tmp_path / str(nth)
        save(folder, 1)
        with pytest.MonkeyPatch.context() as patch:
            failing = Failing(patch, nth, for_good=for_good)
            try:
                save(folder, number)
                saved = True
            except CheckpointError as error:
                saved = False
                failures += 1
                assert "No space left" in str(error)
        if failing.calls < nth:
            break
        found = checkpoint.newest(folder, warn=pytest.fail)
        assert found is not None
        assert load(found) == (number if saved else load(found))
        assert (folder / "000000001").exists()
        if not for_good:
            assert all(path.name.isdigit() for path in folder.iterdir() if ".old-" not in path.name)
        checkpoint.sweep(folder)
        assert all(path.name.isdigit() for path in folder.iterdir())
    else:
        pytest.fail("the loop never got past the last call")
    assert failures >= 10


def test_everything_is_on_the_disk_before_it_gets_its_name(tmp_path: Path) -> None:
    """kill -9 cannot show this, for the page cache survives it; the order of the calls can."""
    with pytest.MonkeyPatch.context() as patch:
        log = Failing(patch, 0, for_good=False).log
        save(tmp_path, 1)
    order = [name for name, _ in log]
    move = order.index("rename")
    written = sum(1 for name, where in log[:move] if name == "open" and str(where).endswith((".safetensors", ".json")))
    assert order[:move].count("fsync") == 4 + 1 == written + 1  # two tensor files, state, manifest, and their folder
    assert "write" not in order[move:]
    assert order[move + 1 :].count("fsync") == 1  # the parent


@pytest.mark.parametrize("call", ["write", "fsync", "replace", "open"])
def test_a_replaced_file_is_old_or_new(tmp_path: Path, call: str, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "status.json"
    disk.write_json(path, {"n": 1})

    def fail(*_: object, **__: object) -> None:
        raise OSError(5, "Input/output error")

    monkeypatch.setattr(os, call, fail)
    with pytest.raises(OSError, match="Input/output"):
        disk.write_json(path, {"n": 2})
    monkeypatch.undo()
    assert disk.read_json(path) == {"n": 1}
    assert [entry.name for entry in tmp_path.iterdir()] == ["status.json"]


FULL = """
import resource, sys, torch
from pathlib import Path
from gansmith.errors import GansmithError
from gansmith.runs import checkpoint
from gansmith.runs.journal import Journal
torch.set_num_threads(1)
folder = Path(sys.argv[1])
checkpoint.save(folder, "1", {"networks": {"w": torch.ones(1000)}}, {})
journal = Journal(folder.parent / "journal.jsonl")
assert journal.append({"seen": 1})
resource.setrlimit(resource.RLIMIT_FSIZE, (3000, resource.RLIM_INFINITY))
try:
    checkpoint.save(folder, "2", {"networks": {"w": torch.ones(1000)}}, {})
except GansmithError as error:
    print(error)
assert not journal.append({"seen": 2, "text": "x" * 4000})
resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
assert journal.append({"seen": 3})
assert [row["seen"] for row in journal.read()] == [1, 3]
assert checkpoint.newest(folder, warn=print).name == "1"
checkpoint.save(folder, "2", {"networks": {"w": torch.ones(1000)}}, {})
assert sorted(path.name for path in folder.iterdir()) == ["1", "2"]
"""


def test_a_full_disk_is_reported_and_survived(tmp_path: Path) -> None:
    environment = {**os.environ, "PYTHONPATH": str(Path(checkpoint.__file__).parents[2])}
    result = subprocess.run(
        [sys.executable, "-c", FULL, str(tmp_path / "checkpoints")], capture_output=True, text=True, env=environment
    )
    assert result.returncode == 0, result.stderr
    assert "cannot write checkpoint" in result.stdout and "File too large" in result.stdout
    assert resource.getrlimit(resource.RLIMIT_FSIZE)[0] == resource.RLIM_INFINITY


def test_interrupting_a_save_leaves_nothing_half_done(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    save(tmp_path, 1)

    def interrupt(_: int) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(os, "fsync", interrupt)
    with pytest.raises(KeyboardInterrupt):
        save(tmp_path, 2)
    assert [path.name for path in tmp_path.iterdir()] == ["000000001"]


@pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning")
def test_kill_at_any_moment_leaves_the_last_completed_checkpoint(tmp_path: Path) -> None:
    """A child writes checkpoints without pause and says which are complete; it is killed, again and again."""
    folder, kills, partial = tmp_path / "checkpoints", 30, 0
    said, said_by_child = os.pipe()
    os.set_blocking(said, False)
    begin = 1
    for kill in range(kills):
        child = os.fork()
        if child == 0:
            checkpoint.sweep(folder)
            for number in range(begin, begin + 10_000):
                save(folder, number, size=20_000)
                if number % 3 == 0:
                    save(folder, number, size=20_000)
                os.write(said_by_child, number.to_bytes(4, "big"))
                checkpoint.prune(folder, keep=(), warn=print)
            os._exit(0)
        time.sleep(0.06 + 0.0037 * kill)
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)
        try:
            completed = int.from_bytes(os.read(said, 1 << 20)[-4:], "big")
        except BlockingIOError:
            completed = begin - 1
        partial += any(path.name.startswith(".tmp-") for path in folder.iterdir())
        found = checkpoint.newest(folder, warn=pytest.fail)
        number = 0 if found is None else load(found)
        assert number in (completed, completed + 1)
        begin = number + 1
    assert begin > kills / 2
    assert partial >= 3, "the killer never hit a write"
