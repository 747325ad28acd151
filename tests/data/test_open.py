"""Opening: whatever the user points at is opened, or refused with what, why and what to do."""

from __future__ import annotations

import os
import zipfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from gansmith.data.open import open_data
from gansmith.data.options import DataOptions
from gansmith.errors import GansmithError, UsageError
from tests.data.making import encoded, noise, smooth, write


def test_digits_are_the_embedded_ones() -> None:
    from sklearn.datasets import load_digits

    found, reference = open_data("digits"), load_digits()
    assert found.spec.shape == (1, 8, 8)
    assert (np.rint(found.values[..., 0] * (16 / 255)) == reference.images).all()
    assert found.values.max() == 255
    assert found.labels is not None
    assert (found.labels == reference.target).all()
    assert len(found.held) == 90


def test_a_missing_path_offers_the_nearest(tmp_path: Path) -> None:
    write(tmp_path / "photos" / "a.png")
    with pytest.raises(UsageError) as refusal:
        open_data(tmp_path / "fotos")
    assert f"{tmp_path}/photos" in refusal.value.do
    with pytest.raises(UsageError, match="'digits'"):
        open_data("digit")


HOPELESS: dict[str, Callable[[Path], object]] = {
    "empty folder": lambda folder: (folder / "x").mkdir(),
    "other files": lambda folder: write(folder / "x" / "notes.txt", b"text"),
    "empty file": lambda folder: write(folder / "x", b""),
    "PDF": lambda folder: write(folder / "x", b"%PDF-1.7"),
    "program": lambda folder: write(folder / "x", b"\x7fELF" + bytes(99)),
    "pipe": lambda folder: os.mkfifo(folder / "x"),
    "link to nothing": lambda folder: (folder / "x").symlink_to("gone"),
    "link to itself": lambda folder: (folder / "x").symlink_to("x"),
    "only bad images": lambda folder: write(folder / "x" / "a.png", b"text"),
    "only foreign images": lambda folder: write(folder / "x" / "a.heic", b"text"),
    "hidden images": lambda folder: write(folder / "x" / ".a.png"),
    "two data files": lambda folder: [write(folder / "x" / name, b"a,b\n1,2\n") for name in ("a.csv", "b.csv")],
    "gzip of nothing": lambda folder: write(folder / "x", b"\x1f\x8b\x08"),
}


@pytest.mark.parametrize("name", HOPELESS)
def test_what_cannot_be_used_is_refused_with_a_way_out(tmp_path: Path, name: str) -> None:
    HOPELESS[name](tmp_path)
    with pytest.raises(GansmithError) as refusal:
        open_data(tmp_path / "x")
    assert str(tmp_path) in refusal.value.what
    assert refusal.value.do
    assert refusal.value.why or name in ("empty file", "pipe", "link to nothing", "link to itself")


@pytest.mark.parametrize("path", ["", "a\0b", "x" * 5000, "~nobody-here/x", "\udcff", "/proc/1/mem", "."])
def test_odd_paths_are_refused(path: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(GansmithError) as refusal:
        open_data(path)
    str(refusal.value).encode("utf-8")


def test_sources_whose_names_are_not_text_are_opened_and_refused_alike(tmp_path: Path) -> None:
    folder = tmp_path / os.fsdecode(b"\xff\xfe name")
    write(folder / "set" / "a.png")
    np.savez(folder / "a.npz", images=noise(9, 8, 8))
    write(folder / "a.csv", b"a,b\n1,2\n3,4\n")
    for name in ("set", "a.npz", "a.csv"):
        for options in (DataOptions(), DataOptions(cache=False)):
            assert "\\udcff" in open_data(folder / name, options).report.model_dump_json()
    write(folder / "bad" / "a.png", b"")
    np.savez(folder / "bad.npz", other=noise(9, 8))
    write(folder / "bad.csv", b"a,b\n")
    write(folder / "bad.zip", b"PK\3\4")
    write(folder / "train-images-idx3-ubyte", b"\0\0\x08\3")
    write(folder / "several" / "a.csv", b"a\n")
    write(folder / "several" / "b.csv", b"a\n")
    for name in ("bad", "bad.npz", "bad.csv", "bad.zip", "train-images-idx3-ubyte", "several", "missing"):
        with pytest.raises(GansmithError) as refusal:
            open_data(folder / name)
        assert "\\udcff\\udcfe name" in str(refusal.value)
        str(refusal.value).encode("utf-8")


def test_when_every_image_is_unreadable_the_reasons_are_given(tmp_path: Path) -> None:
    write(tmp_path / "a.png", b"")
    write(tmp_path / "b.jpg", b"<html>")
    with pytest.raises(GansmithError) as refusal:
        open_data(tmp_path)
    assert refusal.value.what.startswith("None of the 2 images")
    assert "a.png: an empty file; b.jpg: text, not an image" in refusal.value.why


def test_a_folder_that_holds_one_data_file_means_that_file(tmp_path: Path) -> None:
    write(tmp_path / "LICENSE.txt", b"text")
    np.savez(tmp_path / "set.npz", images=noise(9, 8, 8))
    assert open_data(tmp_path).report.usable == 9


def test_a_zip_of_another_name_is_still_a_zip(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "set.cbz", "w") as packed:
        packed.writestr("a.png", encoded(noise(16, 16, 3)))
    assert open_data(tmp_path / "set.cbz").report.usable == 1


def test_a_single_image_file_is_a_set_of_one(tmp_path: Path) -> None:
    assert open_data(write(tmp_path / "a.png")).report.usable == 1


def test_a_mixed_folder_is_reported_in_full(tmp_path: Path) -> None:
    for number in range(6):
        write(tmp_path / "colour" / f"{number}.jpg", encoded(smooth(100 + number, 80, number), "JPEG"))
    write(tmp_path / "grey" / "a.png", noise(90, 90))
    write(tmp_path / "grey" / "b.png", noise(90, 90, 4))
    write(tmp_path / "grey" / "c.png", noise(3, 5))
    write(tmp_path / "grey" / "bad.png", b"text")
    write(tmp_path / "grey" / "copy.png", noise(90, 90))
    found = open_data(tmp_path)
    report = found.report
    assert (report.count, report.usable) == (11, 10)
    assert report.channels == {"grey": 3, "colour": 6, "colour + alpha": 1}
    assert report.classes == {"colour": 6, "grey": 4}
    assert report.duplicates == 1
    assert report.unreadable == (("grey/bad.png", "text, not an image"),)
    assert report.sizes is not None
    assert (report.sizes.smallest, report.sizes.largest, report.sizes.distinct) == ((3, 5), (105, 80), 8)
    assert found.spec.shape == (3, 64, 64)
    shaped, *rest = report.plan
    assert shaped == "crop to 64x64 (the middle is kept, up to 40% of an image cut off; --fit pad keeps all)"  # 3 of 5
    assert rest == ["colour", "skip 1 unreadable", "hold out none: too few"]
    assert any("1 of 10 images are smaller than 64x64" in warning for warning in report.warnings)
    headings = [heading for heading, _ in report.rows()]
    assert headings == [
        "source",
        "images",
        "sizes",
        "channels",
        "classes",
        "duplicates",
        "unreadable",
        "enough?",
        "plan",
    ]
    assert type(report).model_validate_json(report.model_dump_json()) == report


def test_one_colour_image_among_many_grey_ones_makes_colour(tmp_path: Path) -> None:
    for number in range(600):
        write(tmp_path / f"{number:03}.png", noise(8, 8, seed=number))
    write(tmp_path / "555.png", noise(8, 8, 3))
    assert open_data(tmp_path).spec.shape == (3, 8, 8)


def test_grey_stored_as_colour_becomes_grey(tmp_path: Path) -> None:
    for number in range(5):
        write(tmp_path / f"{number}.png", np.repeat(noise(8, 8, 1, seed=number), 3, axis=2))
    assert open_data(tmp_path).spec.shape == (1, 8, 8)
    assert open_data(tmp_path, DataOptions(channels=3)).spec.shape == (3, 8, 8)


def test_a_late_colour_image_among_grey_stored_as_colour(tmp_path: Path) -> None:
    for number in range(100):
        write(tmp_path / f"{number:03}.png", np.repeat(noise(8, 8, 1, seed=number), 3, axis=2))
    write(tmp_path / "099.png", noise(8, 8, 3))
    assert open_data(tmp_path).spec.shape == (3, 8, 8)


@pytest.mark.parametrize("size", [(64, 96), (7, 5), (1, 1)])
@pytest.mark.parametrize("fit", ["crop", "pad", "stretch"])
def test_any_size_and_fit(tmp_path: Path, size: tuple[int, int], fit: str) -> None:
    write(tmp_path / "a.png", noise(30, 50, 3))
    write(tmp_path / "b.png", noise(20_000, 10))
    write(tmp_path / "c.png", noise(1, 1, 4))
    found = open_data(tmp_path, DataOptions.read({"size": size, "fit": fit}))
    assert found.values.shape == (3, *size, 3)


def test_progress_is_told(tmp_path: Path) -> None:
    for number in range(100):
        write(tmp_path / f"{number}.png")
    told: list[tuple[str, int, int]] = []
    open_data(tmp_path, progress=lambda *news: told.append(news))
    assert told[0] == ("decoding", 0, 100)
    assert told[-1] == ("decoding", 100, 100)


def test_the_fingerprint_follows_the_content(tmp_path: Path) -> None:
    for name in ("one", "two"):
        for number in range(5):
            write(tmp_path / name / f"{number}.png", noise(16, 16, 3, seed=number))
    one, two = open_data(tmp_path / "one"), open_data(tmp_path / "two")
    assert one.spec.fingerprint == two.spec.fingerprint
    assert open_data(tmp_path / "one", DataOptions(size=(8, 8))).spec.fingerprint != one.spec.fingerprint


@pytest.mark.parametrize(
    ("name", "shape", "count"),
    [
        ("cifar10/cifar10_15k_dev.zip", (3, 32, 32), 15_000),
        ("fluent_emoji/fluent3d_256_rgba_sample.zip", (3, 64, 64), 24),
        ("style_transfer", (3, 64, 64), 13),
        ("facades", (3, 64, 64), 400),
    ],
)
def test_real_sets(shared_data: Path, name: str, shape: tuple[int, ...], count: int) -> None:
    found = open_data(shared_data / name)
    assert (found.spec.shape, found.report.usable, found.report.unreadable) == (shape, count, ())
    assert 20 < found.values[:500].mean() < 235
