"""Runs get the next number, are found by whatever a person calls them, and describe themselves."""

from __future__ import annotations

import multiprocessing
import os
import time
import unicodedata
from pathlib import Path

import pytest

from gansmith.errors import GansmithError, UsageError
from gansmith.runs.folder import SCHEMA, Run, list_runs, read_json, write_json


def make(out: Path, label: str) -> Run:
    run = Run.create(out, label)
    write_json(run.config_path, {"schema_version": SCHEMA})
    return run


def test_a_new_run_has_its_folders_and_the_next_number(tmp_path: Path) -> None:
    out = tmp_path / "my runs"
    assert make(out, "digits-robust").path == out / "001-digits-robust"
    (out / "041").mkdir()
    (out / "notes").mkdir()
    (out / "2024 data").mkdir()
    run = make(out, "digits-robust")
    assert run.path.name == "042-digits-robust"
    assert run.checkpoints.is_dir() and run.samples.is_dir() and run.inbox.is_dir()
    assert [found.path.name for found in list_runs(out)] == ["001-digits-robust", "042-digits-robust"]
    (out / "999").mkdir()
    assert make(out, "more").path.name == "1000-more"


@pytest.mark.parametrize(
    ("label", "name"),
    [
        ("my  flowers", "001-my-flowers"),
        ("꽃 사진-robust", "001-꽃-사진-robust"),
        (unicodedata.normalize("NFD", "꽃é"), "001-꽃é"),
        ("../../etc/passwd", "001-etc-passwd"),
        ("a\nb\x00c\\d:e*f", "001-a-b-c-d-e-f"),
        ("", "001-run"),
        ("...", "001-run"),
        ("🌹", "001-🌹"),
        ("\udcff", "001-run"),
        ("왕" * 200, "001-" + "왕" * 40),
    ],
)
def test_any_label_becomes_a_folder_name(tmp_path: Path, label: str, name: str) -> None:
    assert make(tmp_path, label).path.name == name
    assert [path.name for path in tmp_path.iterdir()] == [name]


def number_of_a_new_run(out: str) -> str:
    return Run.create(Path(out), f"p{os.getpid()}").path.name[:3]


def test_processes_racing_for_numbers_get_different_ones(tmp_path: Path) -> None:
    with multiprocessing.get_context("forkserver").Pool(4) as pool:
        numbers = pool.map(number_of_a_new_run, [str(tmp_path)] * 60, chunksize=1)
    assert len(set(numbers)) == 60
    assert not [path for path in tmp_path.iterdir() if path.name.startswith(".")]


def test_a_number_claimed_by_a_killed_process_is_skipped(tmp_path: Path) -> None:
    (tmp_path / ".001").mkdir()
    assert make(tmp_path, "a").path.name == "002-a"


def test_an_output_folder_that_cannot_be_is_a_clear_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "file").touch()
    for out in (tmp_path / "file", tmp_path / "file" / "runs"):
        with pytest.raises(GansmithError, match="it is not a folder"):
            Run.create(out, "x")

    def refuse(*_: object, **__: object) -> None:
        raise OSError(30, "Read-only file system")

    monkeypatch.setattr(os, "mkdir", refuse)
    with pytest.raises(GansmithError, match="Read-only file system"):
        Run.create(tmp_path, "x")
    monkeypatch.undo()
    monkeypatch.setattr(os, "rename", refuse)
    with pytest.raises(GansmithError, match="--out"):
        Run.create(tmp_path, "x")
    assert [path.name for path in tmp_path.iterdir()] == ["file"]


@pytest.fixture
def runs(tmp_path: Path) -> Path:
    out = tmp_path / "내 runs"
    for label in ("flowers-robust", "flowers-dcgan", "꽃", "digits robust"):
        make(out, label)
    make(out, "spaced").path.rename(out / "005-by hand")
    make(out, "named").path.rename(out / "favourite")
    return out


@pytest.mark.parametrize(
    ("name", "found"),
    [
        ("1", "001-flowers-robust"),
        ("001", "001-flowers-robust"),
        ("002-flowers-dcgan", "002-flowers-dcgan"),
        ("002-flowers-dcgan/", "002-flowers-dcgan"),
        ("002", "002-flowers-dcgan"),
        ("003-", "003-꽃"),
        ("꽃", "003-꽃"),
        (unicodedata.normalize("NFD", "꽃"), "003-꽃"),
        ("dig", "004-digits-robust"),
        ("digits robust", "004-digits-robust"),
        ("005-by hand", "005-by hand"),
        ("by h", "005-by hand"),
        ("flowers-d", "002-flowers-dcgan"),
        ("fav", "favourite"),
        ("last", "005-by hand"),
    ],
)
def test_a_run_is_found(runs: Path, name: str, found: str) -> None:
    assert Run.find(name, runs).path == runs / found


def test_a_run_is_found_by_path(runs: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert Run.find(str(runs / "003-꽃"), Path("elsewhere")).path.name == "003-꽃"
    monkeypatch.chdir(runs)
    assert Run.find("./005-by hand").path.name == "005-by hand"
    monkeypatch.setenv("HOME", str(runs))
    assert Run.find("~/favourite").path == runs / "favourite"


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("flowers", r"'flowers' could be any of 001-flowers-robust, 002-flowers-dcgan"),
        ("00", "could be any of"),
        ("7", "there is no run '7'"),
        ("005-by hnd", "Did you mean '005-by-hand'"),
        ("zzz", "Known: .*003-꽃"),
        ("", "there is no run ''"),
        ("a\x00b", "there is no run"),
        ("x" * 5000, "there is no run"),
        ("~nobody/x", "there is no run"),
        ("/", "/ is not a run"),
    ],
)
def test_a_run_that_is_not_found_is_explained(runs: Path, name: str, message: str) -> None:
    with pytest.raises(UsageError, match=message):
        Run.find(name, runs)


def test_no_runs_at_all(tmp_path: Path) -> None:
    assert list_runs(tmp_path / "absent") == []
    with pytest.raises(UsageError, match="holds no runs yet"):
        Run.find("last", tmp_path / "absent")


def test_the_configuration_of_a_newer_gansmith_is_refused(tmp_path: Path) -> None:
    run = make(tmp_path, "x")
    assert run.config() == {"schema_version": SCHEMA}
    write_json(run.config_path, {"schema_version": SCHEMA + 1})
    with pytest.raises(GansmithError, match="upgrade"):
        run.config()
    for garbage in (b"", b"{", b"[1]", b'{"schema_version": "one"}'):
        run.config_path.write_bytes(garbage)
        with pytest.raises(GansmithError, match="cannot"):
            run.config()
    run.config_path.unlink()
    with pytest.raises(GansmithError, match="No such file"):
        run.config()


def test_status_is_the_last_written_and_whether_someone_trains(tmp_path: Path) -> None:
    run = make(tmp_path, "x")
    assert run.status() == {"alive": False}
    with run.lock():
        assert run.write_status("training", seen=64, loss=float("nan"))
        status = run.status()
        assert (status["state"], status["seen"], status["loss"], status["pid"]) == ("training", 64, "NaN", os.getpid())
        assert status["alive"] is True and abs(status["heartbeat"] - time.time()) < 5
    assert run.status()["alive"] is False
    (run.path / "status.json").write_bytes(b'{"sta')
    assert run.status() == {"alive": False}
    assert Run(tmp_path / "absent").write_status("training") is False


def test_the_parts_of_a_run_work_through_it(tmp_path: Path) -> None:
    run = make(tmp_path, "x")
    run.journal.append({"seen": 1})
    run.events.append({"event": "start"})
    assert (run.journal.read(), run.events.read()) == ([{"seen": 1}], [{"event": "start"}])
    run.post("snapshot", why="curious")
    assert [(request["request"], request["why"]) for request in run.take()] == [("snapshot", "curious")]
    (run.path / f".tmp-status.json-{os.getpid()}").touch()
    run.sweep()
    assert sorted(path.name for path in run.path.iterdir() if path.is_file()) == [
        "events.jsonl",
        "journal.jsonl",
        "run.json",
    ]
    assert read_json(run.config_path) == {"schema_version": SCHEMA}
