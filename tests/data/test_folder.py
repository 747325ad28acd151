"""Folders: friendly and hostile names, links, pipes and permissions; nothing hangs and nothing is left unsaid."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from gansmith.data.decode import Unreadable
from gansmith.data.folder import list_folder, read_file
from gansmith.data.listing import MAX_FILE_BYTES, Entry
from gansmith.data.names import shown
from gansmith.data.open import open_data
from gansmith.data.options import DataOptions
from gansmith.errors import GansmithError
from tests.data.making import encoded, noise, write

NAMES = (
    "plain.png",
    "two words.png",
    "-leading.png",
    "고양이.png",
    "😀👩‍🚀.png",
    "new\nline.png",
    "tab\tbell\a.png",
    "quote'\".png",
    "a" * 240 + ".png",
    os.fsdecode(b"\xff\xfebytes.png"),
    "\u202egnp.reversed.png",
)


def test_every_name_is_found_and_can_be_printed(tmp_path: Path) -> None:
    for name in NAMES:
        write(tmp_path / "하위 폴더" / name)
    listing, _ = list_folder(tmp_path)
    assert sorted(Path(entry.name).name for entry in listing.images) == sorted(NAMES)
    for entry in listing.images:
        line = shown(entry.name)
        line.encode("utf-8")
        assert "\n" not in line
        assert "\u202e" not in line
    assert shown("고양이 😀👩‍🚀.png") == "고양이 😀👩‍🚀.png"
    assert open_data(tmp_path).report.usable == len(NAMES)


def test_bad_files_with_strange_names_reach_the_report_as_text(tmp_path: Path) -> None:
    write(tmp_path / "good.png")
    for name in NAMES:
        write(tmp_path / name, b"not an image")
    report = open_data(tmp_path).report
    assert len(report.unreadable) == len(NAMES)
    report.model_dump_json().encode("utf-8")


def test_hidden_and_other_files_are_passed_over(tmp_path: Path) -> None:
    for name in (".hidden.png", ".git/picture.png", "__MACOSX/._a.png", "a.PNG", "b.JpEg", "notes.txt", "noend"):
        write(tmp_path / name)
    listing, _ = list_folder(tmp_path)
    assert [entry.name for entry in listing.images] == ["a.PNG", "b.JpEg"]
    assert listing.others == {".txt": 1, "no suffix": 1}


def test_images_of_kinds_that_are_not_read_are_named(tmp_path: Path) -> None:
    write(tmp_path / "a.png")
    write(tmp_path / "b.HEIC", b"x")
    (name, reason), *_ = open_data(tmp_path).report.unreadable
    assert name == "b.HEIC"
    assert "convert" in reason


def test_links_do_not_lead_out_or_round_in_circles(tmp_path: Path) -> None:
    inside, outside = tmp_path / "set", tmp_path / "elsewhere"
    write(inside / "sub" / "real.png")
    write(outside / "secret.png")
    (inside / "good link.png").symlink_to(inside / "sub" / "real.png")
    (inside / "bad link.png").symlink_to(outside / "secret.png")
    (inside / "relative.png").symlink_to("../elsewhere/secret.png")
    (inside / "nowhere.png").symlink_to(inside / "gone.png")
    (inside / "me.png").symlink_to(inside / "me.png")
    (inside / "up").symlink_to(tmp_path)
    (inside / "sub" / "loop").symlink_to(inside)
    listing, _ = list_folder(inside)
    assert [entry.name for entry in listing.images] == ["good link.png", "sub/real.png"]
    reasons = dict(listing.refused)
    assert "out of the folder" in reasons["bad link.png"]
    assert "out of the folder" in reasons["relative.png"]
    assert "nothing" in reasons["nowhere.png"]
    assert reasons["me.png"]
    assert "not followed" in reasons["up"]
    assert "not followed" in reasons["sub/loop"]


def test_a_sibling_with_the_same_beginning_is_still_outside(tmp_path: Path) -> None:
    write(tmp_path / "set" / "a.png")
    write(tmp_path / "set-secret" / "b.png")
    (tmp_path / "set" / "link.png").symlink_to(tmp_path / "set-secret" / "b.png")
    assert [entry.name for entry in list_folder(tmp_path / "set")[0].images] == ["a.png"]


def test_a_root_that_is_itself_a_link_is_fine(tmp_path: Path) -> None:
    write(tmp_path / "set" / "a.png")
    (tmp_path / "link").symlink_to(tmp_path / "set")
    assert open_data(tmp_path / "link").report.usable == 1


def test_pipes_sockets_and_folders_named_like_images_do_not_hang(tmp_path: Path) -> None:
    write(tmp_path / "good.png")
    os.mkfifo(tmp_path / "pipe.png")
    (tmp_path / "folder.png").mkdir()
    (tmp_path / "device.png").symlink_to("/dev/zero")
    begun = time.monotonic()
    report = open_data(tmp_path).report
    assert time.monotonic() - begun < 5
    assert report.usable == 1
    assert dict(report.unreadable)["pipe.png"] == "not a regular file"
    with pytest.raises(Unreadable, match="regular"):
        read_file(Entry("pipe.png", str(tmp_path / "pipe.png")))


def test_files_without_permission_are_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    locked = write(tmp_path / "locked.png")
    write(tmp_path / "open.png")
    real = os.open

    def refuse(path: str, *rest: int) -> int:  # a superuser may read everything, so the refusal is made here
        if path == str(locked):
            raise PermissionError(13, "Permission denied", path)
        return real(path, *rest)

    monkeypatch.setattr(os, "open", refuse)
    report = open_data(tmp_path).report
    assert report.unreadable == (("locked.png", "no permission to read it"),)


@pytest.mark.skipif(os.geteuid() == 0, reason="a superuser may read everything")
def test_folders_without_permission_are_named(tmp_path: Path) -> None:
    write(tmp_path / "open.png")
    write(tmp_path / "locked" / "a.png")
    (tmp_path / "locked").chmod(0)
    try:
        assert "no permission" in dict(open_data(tmp_path).report.unreadable)["locked/"]
    finally:
        (tmp_path / "locked").chmod(0o755)


def test_a_file_that_vanishes_is_named(tmp_path: Path) -> None:
    write(tmp_path / "a.png")
    listing, _ = list_folder(tmp_path)
    (tmp_path / "a.png").unlink()
    with pytest.raises(Unreadable, match="no such file"):
        listing.read(listing.images[0])


def test_a_file_too_large_to_be_an_image_is_not_read_whole(tmp_path: Path) -> None:
    with (tmp_path / "huge.png").open("wb") as stream:
        stream.truncate(MAX_FILE_BYTES * 40)  # sparse: 10 GiB of zeros that take no space
    write(tmp_path / "a.png")
    assert "larger than" in dict(open_data(tmp_path).report.unreadable)["huge.png"]


def test_the_stamp_follows_every_change(tmp_path: Path) -> None:
    write(tmp_path / "a.png", noise(8, 8, 3))
    stamps = [list_folder(tmp_path)[1]]
    facts = (tmp_path / "a.png").stat()

    def rewrite_with_the_old_time() -> None:
        write(tmp_path / "a.png", encoded(noise(8, 8, 3, seed=9)))
        os.utime(tmp_path / "a.png", ns=(facts.st_atime_ns, facts.st_mtime_ns))

    changes: list[Callable[[], object]] = [
        lambda: write(tmp_path / "b.png"),
        lambda: (tmp_path / "b.png").rename(tmp_path / "c.png"),
        lambda: write(tmp_path / "metadata.csv", b"file_name,label\n"),
        rewrite_with_the_old_time,
        (tmp_path / "c.png").unlink,
    ]
    for change in changes:
        time.sleep(0.01)
        change()
        stamps.append(list_folder(tmp_path)[1])
    assert len(set(stamps)) == len(stamps)
    assert list_folder(tmp_path)[1] == stamps[-1]


def test_strict_reading_refuses_and_lists(tmp_path: Path) -> None:
    write(tmp_path / "a.png")
    write(tmp_path / "bad\n.png", b"text")
    with pytest.raises(GansmithError) as refusal:
        open_data(tmp_path, DataOptions(strict=True))
    assert "bad\\n.png: text, not an image" in refusal.value.what
