"""Decoding in parallel: the same result as alone, whatever becomes of the workers."""

from __future__ import annotations

import functools
import os
import signal
import subprocess
import sys
from collections import deque
from collections.abc import Sequence
from pathlib import Path

import pytest

from gansmith.data import pool
from gansmith.data.decode import Picture, Recipe, Unreadable
from gansmith.data.folder import list_folder
from gansmith.data.listing import Entry
from tests.data.making import encoded, noise, write

RECIPE = Recipe((8, 8), "crop", 3)


def picture_or_death(parent: int, entry: Entry) -> bytes:
    """Reads an image; kills its process at the entry named `killer`, unless that is the test itself."""
    if entry.name == "killer" and os.getpid() != parent:
        os._exit(9)
    return encoded(noise(8, 8, 3, seed=int(entry.where)))


def die() -> None:
    """Ends a worker before it can work."""
    os._exit(9)


def silent(what: str, done: int, total: int) -> None:
    """No progress."""


def test_workers_give_the_same_pictures_in_the_same_order(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for number in range(300):
        write(tmp_path / f"{number:03}.png", noise(12, 12, 3, seed=number) if number % 7 else b"bad")
    monkeypatch.setattr(pool, "GLANCE_SECONDS", 0)
    monkeypatch.setattr(pool, "WORTH_SECONDS", 0)
    monkeypatch.setattr(pool, "CHUNK", 16)
    listing, _ = list_folder(tmp_path)
    told: list[int] = []
    both = [
        [outcome for chunk in pool.decode_all(listing.read, listing.images, RECIPE, progress, workers=count)
         for outcome in chunk]
        for count, progress in ((0, silent), (2, lambda what, done, total: told.append(done)))
    ]  # fmt: skip
    for alone, together in zip(*both, strict=True):
        if isinstance(alone, Unreadable):
            assert str(alone) == str(together)
        else:
            assert isinstance(together, Picture)
            assert (alone.pixels == together.pixels).all()
    assert told == sorted(told)
    assert (told[0], told[-1]) == (0, 300)


def test_a_file_that_kills_its_worker_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pool, "CHUNK", 2)
    entries = [Entry("killer" if number == 3 else str(number), number) for number in range(6)]
    chunks: deque[Sequence[Entry]] = deque(entries[start : start + 2] for start in range(0, 6, 2))
    read = functools.partial(picture_or_death, os.getpid())
    outcomes = [outcome for chunk in pool._in_parallel(read, chunks, RECIPE, 2) for outcome in chunk]
    assert [isinstance(outcome, Picture) for outcome in outcomes] == [True, True, True, False, True, True]
    assert "crashed" in str(outcomes[3])


def test_where_no_process_starts_everything_is_decoded_here(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pool, "GLANCE_SECONDS", 0)
    monkeypatch.setattr(pool, "WORTH_SECONDS", 0)
    monkeypatch.setattr(pool, "_prepare_worker", die)
    entries = [Entry(str(number), number) for number in range(200)]
    read = functools.partial(picture_or_death, 0)
    assert sum(len(chunk) for chunk in pool.decode_all(read, entries, RECIPE, silent, workers=2)) == 200


SCRIPT = """
from gansmith.data import pool
from gansmith.data.open import open_data
print("script runs")
pool.GLANCE_SECONDS = pool.WORTH_SECONDS = 0
pool._cores = lambda: 2
print(open_data({folder!r}).report.usable)
"""


def test_a_script_without_a_guard_runs_once(tmp_path: Path) -> None:
    for number in range(200):
        write(tmp_path / "set" / f"{number}.png", noise(8, 8, 3, seed=number))
    script = tmp_path / "script.py"
    script.write_text(SCRIPT.format(folder=str(tmp_path / "set")))
    ran = subprocess.run([sys.executable, script], capture_output=True, text=True, timeout=60, env={
        **os.environ, "PYTHONPATH": os.pathsep.join(sys.path), "GANSMITH_CACHE": str(tmp_path / "cache")})  # fmt: skip
    assert ran.stdout.split("\n") == ["script runs", "200", ""]
    assert ran.stderr == ""


def test_workers_do_not_load_torch() -> None:
    code = "import sys, gansmith.data.pool; print('torch' in sys.modules)"
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60,
                         env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)})  # fmt: skip
    assert ran.stdout.strip() == "False"


def test_readers_that_cannot_travel_stay_here() -> None:
    assert pool.travels(functools.partial(picture_or_death, 1))
    assert not pool.travels(lambda entry: b"")


@pytest.mark.skipif(not hasattr(signal, "pthread_sigmask"), reason="this system has no signal masks")
def test_what_is_started_while_workers_start_never_hears_ctrl_c() -> None:
    """Not even while it imports, where a handler of its own would come too late."""
    ask = [sys.executable, "-c", "import signal; print(signal.SIGINT in signal.pthread_sigmask(signal.SIG_BLOCK, ()))"]
    with pool._no_interrupt():
        inside = subprocess.run(ask, capture_output=True, text=True, check=True).stdout
    outside = subprocess.run(ask, capture_output=True, text=True, check=True).stdout
    assert (inside.strip(), outside.strip()) == ("True", "False")
