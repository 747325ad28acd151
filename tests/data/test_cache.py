"""The cache: the second start opens no image, nothing stale or broken is ever used, and it stays within bounds."""

from __future__ import annotations

import builtins
import json
import os
import shutil
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from gansmith.data import cache
from gansmith.data.open import open_data
from gansmith.data.options import DataOptions
from tests.data.making import noise, write


@pytest.fixture
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty cache."""
    monkeypatch.setenv("GANSMITH_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache"


@pytest.fixture
def photos(tmp_path: Path) -> Path:
    """300 small images in two classes."""
    for number in range(300):
        write(tmp_path / "photos" / "ab"[number % 2] / f"{number}.png", noise(20, 20, 3, seed=number))
    return tmp_path / "photos"


@pytest.fixture
def opened(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[str]]:
    """The paths of all files opened meanwhile."""
    paths: list[str] = []
    real_open, real_os_open = builtins.open, os.open

    def spy(path: object, *rest: object, **more: object) -> object:
        paths.append(str(path))
        return real_open(path, *rest, **more)  # type: ignore[call-overload]

    def os_spy(path: object, *rest: object, **more: object) -> int:
        paths.append(str(path))
        return real_os_open(path, *rest, **more)  # type: ignore[arg-type]

    monkeypatch.setattr(builtins, "open", spy)
    monkeypatch.setattr(os, "open", os_spy)
    yield paths


def test_the_second_start_opens_no_image_and_is_quick(root: Path, photos: Path, opened: list[str]) -> None:
    first = open_data(photos)
    assert sum(path.endswith(".png") for path in opened) >= 300
    opened.clear()
    begun = time.process_time()
    second = open_data(photos)
    assert time.process_time() - begun < 0.1
    assert [path for path in opened if path.endswith(".png")] == []
    assert second.spec == first.spec
    assert second.report == first.report
    assert isinstance(second.values, np.memmap)
    assert not second.values.flags.writeable
    for one, other in ((first.values, second.values), (first.train, second.train), (first.held, second.held)):
        assert (one == other).all()
    assert first.labels is not None
    assert second.labels is not None
    assert (first.labels == second.labels).all()


def test_memory_and_cache_give_the_same_data(root: Path, photos: Path) -> None:
    kept, held = open_data(photos), open_data(photos, DataOptions(cache=False))
    assert kept.spec == held.spec
    assert (kept.values == held.values).all()
    assert not isinstance(held.values, np.memmap)
    assert not held.values.flags.writeable


def test_without_cache_nothing_is_written(root: Path, photos: Path) -> None:
    open_data(photos, DataOptions(cache=False))
    open_data("ring")
    assert not root.exists()


def test_a_changed_folder_is_read_again(root: Path, photos: Path) -> None:
    before = open_data(photos)
    write(photos / "a" / "0.png", noise(20, 20, 3, seed=999))
    after = open_data(photos)
    assert after.spec.fingerprint != before.spec.fingerprint
    assert (before.values[0] != after.values[0]).any()


def test_shaping_options_have_entries_of_their_own(root: Path, photos: Path) -> None:
    shapes = {open_data(photos, DataOptions(size=size)).values.shape for size in ((16, 16), (8, 8), None)}
    assert len(shapes) == 3
    assert open_data(photos, DataOptions(size=(8, 8), channels=1)).values.shape[3] == 1


def test_holding_out_another_share_needs_no_new_entry(root: Path, photos: Path) -> None:
    open_data(photos)
    entries = sorted((root / "sets").iterdir())
    assert len(open_data(photos, DataOptions(holdout=0.2)).held) == 60
    assert sorted((root / "sets").iterdir()) == entries


def test_equal_content_elsewhere_shares_its_array(root: Path, photos: Path) -> None:
    shutil.copytree(photos, photos.with_name("copy"))
    one, other = open_data(photos), open_data(photos.with_name("copy"))
    assert one.spec == other.spec
    assert len(list((root / "sets").iterdir())) == 1
    assert len(list((root / "keys").iterdir())) == 2


def damage(root: Path, how: str) -> None:
    """Break a cache in one of the ways disks and people do."""
    values, note = next(root.glob("sets/*/values.npy")), next(root.glob("keys/*.json"))
    if how == "cut":
        values.write_bytes(values.read_bytes()[:-100])
    elif how == "empty":
        values.write_bytes(b"")
    elif how == "no values":
        values.unlink()
    elif how == "other shape":
        np.save(values, noise(7, 20, 20, 3))
    elif how == "no labels":
        (values.parent / "labels.npy").unlink()
    elif how == "no groups":
        (values.parent / "groups.npy").unlink()
    elif how == "cut note":
        note.write_text(note.read_text()[:50])
    elif how == "foreign note":
        note.write_text(json.dumps({"spec": {}, "report": []}))
    elif how == "leading out":
        about = json.loads(note.read_text())
        about["spec"]["fingerprint"] = "../../photos"
        note.write_text(json.dumps(about))


DAMAGES = (
    "cut",
    "empty",
    "no values",
    "other shape",
    "no labels",
    "no groups",
    "cut note",
    "foreign note",
    "leading out",
)


@pytest.mark.parametrize("how", DAMAGES)
def test_a_damaged_cache_is_made_again(root: Path, photos: Path, how: str) -> None:
    whole = np.array(open_data(photos).values)
    damage(root, how)
    again = open_data(photos)
    assert (again.values == whole).all()
    assert again.labels is not None
    assert again.report.warnings == ()
    assert (open_data(photos).values == whole).all()


def test_an_unwritable_cache_is_done_without(photos: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "file").write_text("in the way")
    monkeypatch.setenv("GANSMITH_CACHE", str(tmp_path / "file"))
    found = open_data(photos)
    assert found.report.usable == 300
    assert any("cannot be written" in warning for warning in found.report.warnings)


def test_a_full_disk_is_done_without(root: Path, photos: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(handle: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    found = open_data(photos)
    assert any("No space left" in warning for warning in found.report.warnings)
    assert list((root / "sets").iterdir()) == []
    monkeypatch.undo()


def test_the_least_recently_used_goes_first_and_never_the_one_in_use(
    root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    size = 16 * 16 * 3 * 100
    for name in "abcd":
        for number in range(100):
            write(tmp_path / name / f"{number}.png", noise(16, 16, 3, seed=number + 1000 * ord(name)))
    monkeypatch.setenv("GANSMITH_CACHE_GB", str(2.9 * size / 1e9))
    prints = {}
    for name in "ab":
        prints[name] = open_data(tmp_path / name).spec.fingerprint
        time.sleep(0.02)
    open_data(tmp_path / "a")  # used again: now b is the oldest
    time.sleep(0.02)
    prints["c"] = open_data(tmp_path / "c").spec.fingerprint
    assert {item.name for item in (root / "sets").iterdir()} == {prints["a"], prints["c"]}
    assert len(list((root / "keys").iterdir())) == 2
    monkeypatch.setenv("GANSMITH_CACHE_GB", "0")
    in_use = open_data(tmp_path / "d")
    assert [item.name for item in (root / "sets").iterdir()] == [in_use.spec.fingerprint]
    assert in_use.values[:].sum() > 0


def test_a_map_outlives_its_eviction(root: Path, photos: Path) -> None:
    found = open_data(photos)
    whole = np.array(found.values)
    shutil.rmtree(root)
    assert (found.values == whole).all()


def test_what_killed_processes_left_is_swept_away(root: Path, photos: Path) -> None:
    old, young = root / "sets" / ".building-old", root / "sets" / ".building-young"
    for folder in (old, young):
        folder.mkdir(parents=True)
    os.utime(old, (0, 0))
    open_data(photos)
    assert not old.exists()
    assert young.exists()


def test_two_at_once_both_succeed(root: Path, photos: Path) -> None:
    found: list[str] = []
    threads = [threading.Thread(target=lambda: found.append(open_data(photos).spec.fingerprint)) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(found) == 3
    assert len(set(found)) == 1
    assert len(list((root / "sets").iterdir())) == 1


def test_where_the_cache_lies(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GANSMITH_CACHE", "here")
    assert cache.cache_root() == Path("here")
    monkeypatch.delenv("GANSMITH_CACHE")
    monkeypatch.setenv("XDG_CACHE_HOME", "there")
    assert cache.cache_root() == Path("there/gansmith")
    monkeypatch.delenv("XDG_CACHE_HOME")
    assert cache.cache_root() == Path.home() / ".cache" / "gansmith"
    monkeypatch.setenv("GANSMITH_CACHE_GB", "much")
    assert cache.cache_limit() == 20e9


@pytest.mark.parametrize("name", ["flowers", "mnist", "tabular/weight-height.csv.gz"])
def test_real_sets_start_quickly_the_second_time(shared_data: Path, name: str) -> None:
    open_data(shared_data / name)
    begun = time.process_time()
    open_data(shared_data / name)
    assert time.process_time() - begun < 0.1
