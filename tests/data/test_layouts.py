"""Layouts: pairs and sides are found however they lie, and what has no partner or no sides is told."""

from __future__ import annotations

import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from gansmith.data.dataset import Dataset
from gansmith.data.open import open_data
from gansmith.data.options import DataOptions
from gansmith.data.outlines import outline
from gansmith.errors import GansmithError, UsageError
from tests.data.making import encoded, noise, smooth, write

COUNT = 8


def source_image(number: int) -> np.ndarray:
    """What lies on side A."""
    return noise(16, 16, 3, seed=number)


def target_image(number: int) -> np.ndarray:
    """What lies on side B."""
    return noise(16, 16, 3, seed=1000 + number)


def sides(folder: Path, a: str = "A", b: str = "B", count: int = COUNT, rename: str = "{}") -> Path:
    """Two folders whose files have equal names, or not."""
    for number in range(count):
        write(folder / a / f"{number:03}.png", source_image(number))
        write(folder / b / f"{rename.format(f'{number:03}')}.png", target_image(number))
    return folder


def beside(folder: Path, count: int = COUNT, name: str = "{:03}.png") -> Path:
    """Images twice as wide as high: side A left, side B right."""
    for number in range(count):
        write(folder / name.format(number), np.concatenate([source_image(number), target_image(number)], axis=1))
    return folder


def zipped(folder: Path) -> Path:
    """The same, in a zip."""
    with zipfile.ZipFile(folder.with_suffix(".zip"), "w") as packed:
        for path in sorted(folder.rglob("*.*")):
            packed.write(path, path.relative_to(folder))
    return folder.with_suffix(".zip")


def opened(path: Path | str, **options: object) -> Dataset:
    """The data under some options."""
    return open_data(path, DataOptions.read(options))


def pairs_of(found: Dataset) -> set[tuple[bytes, bytes]]:
    """(source, target) of every training row, as pixels."""
    assert found.source_of is not None
    rows = found.train
    return {(found.values[found.source_of[row]].tobytes(), found.values[row].tobytes()) for row in rows}


def expected(numbers: range | list[int] = range(COUNT), turned: bool = False) -> set[tuple[bytes, bytes]]:
    """The pairs that were written."""
    both = [(source_image(number).tobytes(), target_image(number).tobytes()) for number in numbers]
    return {pair[::-1] if turned else pair for pair in both}


Make = Callable[[Path], Path | str]
PAIRED: dict[str, tuple[Make, dict[str, Any]]] = {
    "A and B": (lambda f: sides(f), {}),
    "A and B below train": (lambda f: sides(f / "train").parent, {}),
    "trainA and trainB": (lambda f: sides(f, "trainA", "trainB"), {}),
    "named sides": (lambda f: sides(f, "flat", "3d"), {"sides": "flat,3d"}),
    "named sides in folders": (lambda f: sides(f, "x/flat", "x/3d"), {"sides": "x/flat,x/3d"}),
    "two folders": (lambda f: sides(f, "after", "before"), {"layout": "paired"}),
    "in a zip": (lambda f: zipped(sides(f)), {}),
    "side by side": (lambda f: beside(f), {"layout": "paired"}),
    "side by side in a zip": (lambda f: zipped(beside(f)), {"layout": "paired"}),
    "side by side in train": (lambda f: beside(f / "train").parent, {"layout": "paired"}),
}


@pytest.mark.parametrize("name", PAIRED)
@pytest.mark.parametrize("direction", ["AtoB", "BtoA"])
def test_pairs_are_found(tmp_path: Path, name: str, direction: str) -> None:
    make, options = PAIRED[name]
    found = opened(make(tmp_path / "set"), direction=direction, **options)
    assert found.spec.pairing == "paired"
    assert found.spec.shape == (3, 16, 16)
    assert found.spec.classes == ()
    assert found.report.pairs == found.spec.count == COUNT
    assert pairs_of(found) == expected(turned=direction == "BtoA")
    assert not found.report.warnings


UNPAIRED: dict[str, tuple[Make, dict[str, Any]]] = {
    "A and B": (lambda f: sides(f, rename="other {}"), {}),
    "trainA and trainB": (lambda f: sides(f, "trainA", "trainB", rename="x{}"), {}),
    "A and B with equal names": (lambda f: sides(f), {"layout": "unpaired"}),
    "two classes": (lambda f: sides(f, "apples", "oranges"), {"layout": "unpaired"}),
    "named sides": (lambda f: sides(f, "b", "a", rename="x{}"), {"sides": "b,a"}),
}


@pytest.mark.parametrize("name", UNPAIRED)
def test_two_sides_are_found(tmp_path: Path, name: str) -> None:
    make, options = UNPAIRED[name]
    found = opened(make(tmp_path / "set"), **options)
    assert found.spec.pairing == "unpaired"
    assert {found.values[row].tobytes() for row in found.source_train} == {pair[0] for pair in expected()}
    assert {found.values[row].tobytes() for row in found.train} == {pair[1] for pair in expected()}
    turned = opened(tmp_path / "set", **{**options, "direction": "BtoA"})
    assert {turned.values[row].tobytes() for row in turned.train} == {pair[0] for pair in expected()}
    assert turned.spec.sides == found.spec.sides[::-1]
    assert turned.spec.fingerprint != found.spec.fingerprint


def test_only_what_is_unmistakable_is_recognised_unasked(tmp_path: Path) -> None:
    assert opened(sides(tmp_path / "classes", "cat", "dog")).spec.classes == ("cat", "dog")
    letters = sides(tmp_path / "letters")
    write(letters / "C" / "000.png")
    assert opened(letters).spec.classes == ("A", "B", "C")
    assert opened(beside(tmp_path / "wide")).spec.pairing == "none"
    assert opened(sides(tmp_path / "plain"), layout="plain").spec.classes == ("A", "B")


def test_what_was_set_aside_for_measuring_is_left_out_and_told(tmp_path: Path) -> None:
    folder = sides(sides(tmp_path / "set", "trainA", "trainB", rename="x{}"), "testA", "testB", count=3)
    found = opened(folder)
    assert found.spec.count == len(found.source_train) == COUNT
    assert found.report.warnings == ("6 images in testA, testB are not trained on: they are there to measure with.",)


def test_outlines_become_the_source(tmp_path: Path) -> None:
    for number in range(COUNT):
        write(tmp_path / "set" / "ab"[number % 2] / f"{number}.png", smooth(24, 24, seed=number))
    found = opened(tmp_path / "set", layout="edges", direction="AtoB")
    assert found.spec.pairing == "paired"
    assert found.spec.classes == ("a", "b")
    assert found.report.classes == {"a": 4, "b": 4}
    assert found.report.usable == COUNT
    images = found.values[found.train]
    assert pairs_of(found) == {(outline(image).tobytes(), image.tobytes()) for image in images}


def test_folders_inside_sides_are_classes(tmp_path: Path) -> None:
    for number in range(COUNT):
        for side in "AB":
            write(tmp_path / side / "xy"[number % 2] / f"{number}.png", noise(16, 16, 3, seed=number + ord(side)))
    found = opened(tmp_path)
    assert found.spec.pairing == "paired"
    assert found.spec.classes == ("x", "y")
    assert found.labels is not None
    assert found.labels[found.train].tolist() == [0] * 4 + [1] * 4


def test_files_without_a_partner_are_listed_and_left_out(tmp_path: Path) -> None:
    folder = sides(tmp_path / "set")
    for number in range(12):
        write(folder / "A" / f"alone {number:02}.png")
    (folder / "B" / "003.png").write_bytes(b"")
    found = opened(folder)
    assert pairs_of(found) == expected([0, 1, 2, 4, 5, 6, 7])
    assert found.report.pairs == 7
    assert len(found.report.lonely) == 13
    listed = ", ".join(["A/003.png", *(f"A/alone {number:02}.png" for number in range(9))])
    assert f"13 images have no partner and are left out: {listed} and 3 more." in found.report.warnings
    assert ("pairs", "7 (A | B), 13 without a partner") in found.report.rows()
    turned = opened(folder, direction="BtoA")
    assert pairs_of(turned) == expected([0, 1, 2, 4, 5, 6, 7], turned=True)
    with pytest.raises(GansmithError, match=r"A/alone 00\.png: no partner"):
        opened(folder, strict=True)


def test_partners_may_have_other_suffixes_but_only_one(tmp_path: Path) -> None:
    folder = sides(tmp_path / "set")
    write(folder / "B" / "000.jpg", encoded(smooth(16, 16), "JPEG"))
    (folder / "A" / "001.png").rename(folder / "A" / "001.webp")
    found = opened(folder)
    assert found.report.pairs == COUNT
    assert found.report.lonely == ("B/000.png",)  # the jpeg comes first


def test_sides_of_other_sizes_and_channels_are_brought_to_one_shape_and_told(tmp_path: Path) -> None:
    folder = sides(tmp_path / "set")
    for number in range(COUNT):
        write(folder / "A" / f"{number:03}.png", noise(20, 20, seed=number))
    found = opened(folder, size=16)
    assert found.spec.shape == (3, 16, 16)
    assert "A is grey and B has colour: both are brought to colour." in found.report.warnings
    assert "The halves of 8 of 8 pairs differ in size; both are brought to one." in found.report.warnings
    assert found.source_of is not None
    grey = found.values[found.source_of[found.train]]
    assert (grey == grey[..., :1]).all()


def test_halves_that_are_no_halves_are_left_out(tmp_path: Path) -> None:
    folder = beside(tmp_path / "set", count=19)
    write(folder / "square.png", noise(16, 16, 3))
    found = opened(folder, layout="paired")
    assert found.report.pairs == 19
    assert found.report.unreadable == (("square.png", "16x16 is not two squares side by side"),)


def test_arrays_may_have_two_sides(tmp_path: Path) -> None:
    a, b = np.stack([source_image(n) for n in range(COUNT)]), np.stack([target_image(n) for n in range(COUNT)])
    np.savez(tmp_path / "two.npz", A=a[..., 0], B=b, labels=np.arange(COUNT) % 3)
    unpaired = opened(tmp_path / "two.npz")
    assert unpaired.spec.pairing == "unpaired"
    assert unpaired.labels is not None
    assert unpaired.labels[unpaired.source_train].tolist() == unpaired.labels[unpaired.train].tolist()
    assert "A is grey and B has colour: both are brought to colour." in unpaired.report.warnings
    paired = opened(tmp_path / "two.npz", layout="paired")
    assert {pair[1] for pair in pairs_of(paired)} == {pair[1] for pair in expected()}
    assert opened(tmp_path / "two.npz", layout="plain").spec.count == 2 * COUNT
    np.savez(tmp_path / "odd.npz", A=a[:5], B=b)
    assert len(opened(tmp_path / "odd.npz").source_train) == 5
    with pytest.raises(UsageError, match="A holds 5 images and B 8"):
        opened(tmp_path / "odd.npz", layout="paired")


def test_one_array_becomes_two_sides(tmp_path: Path) -> None:
    a, b = np.stack([source_image(n) for n in range(COUNT)]), np.stack([target_image(n) for n in range(COUNT)])
    np.save(tmp_path / "wide.npy", np.concatenate([a, b], axis=2))
    assert pairs_of(opened(tmp_path / "wide.npy", layout="paired")) == expected()
    np.savez(tmp_path / "classes.npz", images=np.concatenate([a, b, a]), labels=np.repeat([5, 6, 7], COUNT))
    found = opened(tmp_path / "classes.npz", sides="6,5")
    assert {found.values[row].tobytes() for row in found.train} == {pair[0] for pair in expected()}
    assert {found.values[row].tobytes() for row in found.source_train} == {pair[1] for pair in expected()}
    outlined = opened(tmp_path / "classes.npz", layout="edges")
    assert outlined.spec.classes == ("5", "6", "7")
    assert outlined.report.pairs == 3 * COUNT


REFUSED: dict[str, tuple[Make, dict[str, Any], str, str]] = {
    "no pairs": (
        lambda f: sides(sides(f, "x", "y"), "z", "w"),
        {"layout": "paired"},
        "32 images in 4 folders (w, x, y and 1 more)",
        "--edges",
    ),
    "no sides": (
        lambda f: sides(sides(f, "x", "y"), "z", "w"),
        {"layout": "unpaired"},
        "32 images in 4 folders (w, x, y and 1 more)",
        "--sides w,x",
    ),
    "flat folder": (lambda f: sides(f) / "A", {"layout": "unpaired"}, "found 8 images.", "--sides"),
    "no name in both": (lambda f: sides(f, rename="x{}"), {"layout": "paired"}, "has a partner in B/", "unpaired"),
    "no such side": (lambda f: sides(f, "flat", "3d"), {"sides": "flat,4d"}, "called '4d'", "Did you mean '3d'?"),
    "points": (lambda f: "ring", {"layout": "paired"}, "ring holds points", "folder of images"),
    "no such class": (lambda f: "digits", {"sides": "3,12"}, "no class '12'", "Did you mean '"),
    "ten classes": (lambda f: "digits", {"layout": "unpaired"}, "1,797 images of 10 classes", "--sides 0,1"),
    "classes to balance": (lambda f: sides(f) / "A", {"balanced": True}, "has no classes", "--balanced"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_a_layout_that_is_not_there_is_refused_with_what_is_and_what_would_fit(tmp_path: Path, name: str) -> None:
    make, options, said, do = REFUSED[name]
    with pytest.raises(UsageError) as refused:
        opened(make(tmp_path / "set"), **options)
    assert said in str(refused.value)
    assert do in refused.value.do


@pytest.mark.parametrize("text", ["A", "A,A", "A,", ",", "A,B,C"])
def test_sides_are_two_names(text: str) -> None:
    with pytest.raises(UsageError, match="two"):
        DataOptions.read({"sides": text})


def test_few_images_of_a_class_are_named_with_what_helps(tmp_path: Path) -> None:
    labels = np.repeat(np.array(["cat", "cow", "dog", "emu", "fox"]), [300, 250, 240, 20, 4])
    np.savez(tmp_path / "a.npz", images=noise(814, 8, 8), labels=labels)
    (told,) = opened(tmp_path / "a.npz").report.warnings
    assert told == "Few images of 2 of 5 classes: emu (20), fox (4); --balanced draws every class equally often."
    np.savez(tmp_path / "b.npz", images=noise(810, 8, 8), labels=labels[:-4])
    assert "emu" in opened(tmp_path / "b.npz").report.warnings[0]
    assert not opened("digits").report.warnings


def test_real_pairs_and_sides_are_found(shared_data: Path) -> None:
    folder = shared_data / "facades"
    facades = opened(folder / "facades_256_train400_dev.zip", layout="paired", direction="BtoA", size=32)
    assert (facades.report.pairs, len(facades.held)) == (400, 20)
    batch = facades.batch(facades.train)
    source, target = batch.given["source"], batch.image
    assert source[:, 2].mean() > 0.3 > abs(target[:, 2].mean())  # label maps are mostly blue, photographs are not
    faces = opened(shared_data / "london_faces" / "london_faces_256_dev.zip", layout="paired", size=32)
    assert faces.spec.sides == ("neutral", "smiling")
    assert all("smiling" in text for text in faces.spec.captions)
    doodles = opened(shared_data / "quickdraw" / "quickdraw_3x1000_28.npz", sides="cat,train")
    assert len(doodles.source_train) + len(doodles.source_held) == 1000
