"""Labels: found in folders and in the label files of others, and never half believed."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from gansmith.data.labels import class_names, find_classes
from gansmith.data.listing import Entry, Listing
from gansmith.data.open import open_data
from tests.data.making import write

FOLDERS: dict[str, tuple[list[str], list[str]]] = {
    "flat": (["a.png", "b.png"], []),
    "one folder": (["x/a.png", "x/b.png"], []),
    "classes": (["cat/a.png", "dog/b.png"], ["cat", "dog"]),
    "classes below one folder": (["set/all/cat/a.png", "set/all/dog/b.png"], ["cat", "dog"]),
    "uneven depth": (["cat/a.png", "dog/young/b.png"], []),
    "loose image beside classes": (["a.png", "cat/b.png", "dog/c.png"], []),
    "train and test": (["train/cat/a.png", "train/dog/b.png", "test/cat/c.png"], ["cat", "dog", "cat"]),
    "train and test without classes": (["train/a.png", "test/b.png"], []),
}


@pytest.mark.parametrize("name", FOLDERS)
def test_one_level_of_folders_is_classes(name: str) -> None:
    names, classes = FOLDERS[name]
    found = find_classes(Listing(lambda entry: b"", [Entry(name, name) for name in names]))
    assert [found.of[name] for name in names if found.of] == classes
    if name == "train and test":
        assert "test, train" in found.note


def labelled(folder: Path, name: str, text: str, images: tuple[str, ...] = ("a.png", "b.png", "sub/c.png")) -> Path:
    """A folder of images with a label file."""
    for image in images:
        write(folder / image)
    (folder / name).write_text(text, "utf-8")
    return folder


GOOD = {
    "metadata.csv": "file_name,label\na.png,x\nb.png,y\nsub/c.png,x\n",
    "metadata.jsonl": '{"file_name": "a.png", "label": "x"}\n{"file_name": "b.png", "label": "y"}\n\n'
    '{"file_name": "sub/c.png", "label": "x", "text": "more"}\n',
    "dataset.json": json.dumps({"labels": [["a.png", 3], ["b.png", 11], ["sub/c.png", 3]]}),
}


@pytest.mark.parametrize("name", GOOD)
def test_label_files_are_used(tmp_path: Path, name: str) -> None:
    found = open_data(labelled(tmp_path, name, GOOD[name]))
    assert found.spec.classes == (("3", "11") if name == "dataset.json" else ("x", "y"))
    assert found.labels is not None
    assert found.labels.tolist() == [0, 1, 0]


def test_a_stylegan_set_without_labels_has_no_classes(tmp_path: Path) -> None:
    images = ("00000/img0.png", "00001/img1.png")
    assert open_data(labelled(tmp_path, "dataset.json", '{"labels": null}', images)).labels is None


BAD = {
    "metadata.csv": ["file_name,label\na.png,x\n", "label\nx\n", "\xff", ""],
    "metadata.jsonl": ["{", '{"label": "x"}', "[1, 2]", "[" * 100_000, '{"file_name": "a.png", "label": ["x"]}'],
    "dataset.json": ["{}", "[]", "x", '{"labels": 7}', '{"labels": [["a.png"]]}', '{"labels": [["a.png", [0, 1]]]}'],
}  # fmt: skip


@pytest.mark.parametrize(("name", "text"), [(name, text) for name, texts in BAD.items() for text in texts])
def test_label_files_that_do_not_fit_are_left_and_images_still_open(tmp_path: Path, name: str, text: str) -> None:
    found = open_data(labelled(tmp_path, name, text, ("a.png", "b.png")))
    assert found.report.usable == 2
    assert found.labels is None
    assert all(warning.isprintable() for warning in found.report.warnings)


def test_an_image_without_a_label_is_named(tmp_path: Path) -> None:
    report = open_data(labelled(tmp_path, "metadata.csv", "file_name,label\na.png,x\nb.png,y\n")).report
    assert any("1 of 3 images have no label there (sub/c.png, for one)" in warning for warning in report.warnings)


def test_unreadable_images_need_no_label(tmp_path: Path) -> None:
    folder = labelled(tmp_path, "metadata.csv", "file_name,label\na.png,x\nb.png,y\n", ("a.png", "b.png"))
    write(folder / "bad.png", b"text")
    assert open_data(folder).spec.classes == ("x", "y")


def test_names_that_are_numbers_are_ordered_as_numbers() -> None:
    assert class_names(["10", "9", "10", "2"]) == ("2", "9", "10")
    assert class_names(["10", "9", "a"]) == ("10", "9", "a")


@pytest.mark.parametrize(
    ("name", "classes"),
    [
        ("flowers", ("daisy", "dandelion", "rose", "sunflower", "tulip")),
        ("london_faces", ("neutral", "smiling")),
        ("fluent_emoji/fluent3d_256_dev.zip", ("activities", "animals-nature", "food-drink", "objects")),
        ("facades", ()),
    ],
)
def test_real_sets(shared_data: Path, name: str, classes: tuple[str, ...]) -> None:
    assert open_data(shared_data / name).spec.classes == classes
