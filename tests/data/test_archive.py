"""Zips: read in place, and never believed."""

from __future__ import annotations

import struct
import warnings
import zipfile
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from gansmith.data import archive
from gansmith.data.decode import Unreadable
from gansmith.data.open import open_data
from gansmith.data.options import DataOptions
from gansmith.errors import GansmithError
from tests.data.making import encoded, noise

PICTURE = encoded(noise(16, 16, 3))


def pack(path: Path, entries: dict[str, bytes], method: int = zipfile.ZIP_STORED) -> Path:
    """Write a zip."""
    with zipfile.ZipFile(path, "w", method) as packed:
        for name, data in entries.items():
            packed.writestr(name, data)
    return path


def test_a_zip_gives_what_its_folder_would(tmp_path: Path) -> None:
    entries = {f"set/{kind}/{n}.png": encoded(noise(16, 16, 3, seed=n)) for kind in "ab" for n in range(5)}
    packed = open_data(pack(tmp_path / "set.zip", entries, zipfile.ZIP_DEFLATED))
    with zipfile.ZipFile(tmp_path / "set.zip") as unpacked:
        unpacked.extractall(tmp_path / "folder")
    lying = open_data(tmp_path / "folder")
    assert packed.spec == lying.spec
    assert packed.spec.classes == ("a", "b")
    assert (packed.values == lying.values).all()


def test_nothing_is_written_beside_a_zip(tmp_path: Path) -> None:
    pack(tmp_path / "set.zip", {"a.png": PICTURE})
    open_data(tmp_path / "set.zip")
    assert [item.name for item in tmp_path.iterdir()] == ["set.zip"]


@pytest.mark.parametrize("name", ["../up.png", "/etc/root.png", "a/../../up.png", "C:/win.png", "back\\slash.png"])
def test_names_that_lead_out_are_refused(tmp_path: Path, name: str) -> None:
    report = open_data(pack(tmp_path / "set.zip", {"good.png": PICTURE, name: PICTURE})).report
    assert report.usable == 1
    assert report.unreadable[0][1] == "a name that leads out of the zip"


def test_links_encrypted_and_oddly_packed_entries_are_refused(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "set.zip", "w") as packed:
        packed.writestr("good.png", PICTURE)
        link = zipfile.ZipInfo("link.png")
        link.external_attr = 0o120777 << 16
        packed.writestr(link, "/etc/passwd")
        packed.writestr("bz.png", PICTURE, zipfile.ZIP_BZIP2)
        packed.writestr("secret.png", PICTURE)
        packed.infolist()[-1].flag_bits |= 1
    reasons = dict(open_data(tmp_path / "set.zip").report.unreadable)
    assert reasons["link.png"] == "a link"
    assert reasons["secret.png"] == "encrypted"
    assert "unusual compression" in reasons["bz.png"]


def test_bombs_are_refused_without_being_unpacked(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "set.zip", "w", zipfile.ZIP_DEFLATED) as packed:
        packed.writestr("good.png", PICTURE)
        for name, size in (("ratio.png", 20), ("size.png", 257)):
            with packed.open(name, "w") as stream:
                for _ in range(size):
                    stream.write(bytes(2**20))
    reasons = dict(open_data(tmp_path / "set.zip").report.unreadable)
    assert "zip bomb" in reasons["ratio.png"]
    assert "larger than" in reasons["size.png"]


def test_an_entry_that_claims_ten_gigabytes_is_not_believed(tmp_path: Path) -> None:
    path = pack(tmp_path / "set.zip", {"good.png": PICTURE, "lie.png": PICTURE})
    data = bytearray(path.read_bytes())
    place = data.rindex(b"PK\1\2")  # the last entry of the directory
    data[place + 24 : place + 28] = struct.pack("<I", 0xFFFFFFF0)
    path.write_bytes(data)
    assert "larger than" in dict(open_data(path).report.unreadable)["lie.png"]


def test_an_entry_that_holds_more_than_it_claims_is_cut_off(tmp_path: Path) -> None:
    path = pack(tmp_path / "set.zip", {"good.png": PICTURE, "more.png": bytes(2**24)}, zipfile.ZIP_DEFLATED)
    data = bytearray(path.read_bytes())
    place = data.rindex(b"PK\1\2")
    data[place + 24 : place + 28] = struct.pack("<I", 1000)
    path.write_bytes(data)
    listing = archive.list_archive(path)
    with pytest.raises(Unreadable, match="damaged"):
        listing.read(next(entry for entry in listing.images if entry.name == "more.png"))


def test_overlapping_entries_are_refused_as_a_whole(tmp_path: Path) -> None:
    path = pack(tmp_path / "set.zip", {f"{n}.png": noise(5000, seed=n).tobytes() for n in range(8)})
    data = bytearray(path.read_bytes())
    for n in range(8):  # every directory entry points at the first file, which claims almost the whole zip
        place = [i for i in range(len(data)) if data[i : i + 4] == b"PK\1\2"][n]
        data[place + 20 : place + 28] = struct.pack("<II", 40_000, 40_000)
    path.write_bytes(data)
    with pytest.raises(GansmithError, match="zip"):
        open_data(path)


def test_too_many_entries_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(archive, "MAX_ENTRIES", 3)
    with pytest.raises(GansmithError, match="4 entries"):
        open_data(pack(tmp_path / "set.zip", {f"{n}.png": PICTURE for n in range(4)}))


def test_equal_names_are_two_images(tmp_path: Path) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        with zipfile.ZipFile(tmp_path / "set.zip", "w") as packed:
            packed.writestr("a.png", PICTURE)
            packed.writestr("a.png", encoded(noise(16, 16, 3, seed=5)))
    found = open_data(tmp_path / "set.zip")
    assert found.report.usable == 2
    assert (found.values[0] != found.values[1]).any()


def test_empty_and_foreign_zips_are_refused(tmp_path: Path) -> None:
    with pytest.raises(GansmithError, match="no images"):
        open_data(pack(tmp_path / "empty.zip", {}))
    with pytest.raises(GansmithError, match=r"2 \.txt"):
        open_data(pack(tmp_path / "texts.zip", {"a.txt": b"", "b.txt": b""}))


WHOLE = [("a/1.png", PICTURE), ("b/2.png", PICTURE), ("c.txt", b"text")]


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.tuples(st.integers(0, 10**6), st.integers(0, 255)), min_size=1, max_size=6), st.integers(0, 3))
def test_a_damaged_zip_gives_images_or_a_refusal(tmp_path: Path, edits: list[tuple[int, int]], cut: int) -> None:
    path = pack(tmp_path / "set.zip", dict(WHOLE), zipfile.ZIP_DEFLATED)
    data = bytearray(path.read_bytes())
    for place, value in edits:
        data[place % len(data)] = value
    path.write_bytes(data[: len(data) // 2] if cut == 3 else data)
    try:
        found = open_data(path, DataOptions(cache=False, size=(16, 16)))
    except GansmithError:
        return
    assert found.values.dtype == np.uint8
