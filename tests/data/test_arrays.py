"""Arrays: images are found in .npz and .npy files under any usual name, type and layout."""

from __future__ import annotations

import io
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from gansmith.data.arrays import plain, read_npz
from gansmith.data.open import open_data
from gansmith.data.options import DataOptions
from gansmith.errors import GansmithError, UsageError
from tests.data.making import noise

GREY = noise(12, 16, 16)


@pytest.mark.parametrize("name", ["images", "x", "X", "x_train", "data", "arr_0", "anything"])
def test_images_are_found_under_usual_names(tmp_path: Path, name: str) -> None:
    arrays: dict[str, Any] = {name: GREY, "factors": noise(12, 5)}
    np.savez(tmp_path / "a.npz", **arrays)
    assert (open_data(tmp_path / "a.npz").values[..., 0] == GREY).all()


def test_labels_and_their_names_come_along(tmp_path: Path) -> None:
    labels = np.arange(12, dtype=np.uint16) % 3
    np.savez_compressed(tmp_path / "a.npz", images=GREY, labels=labels, class_names=["cat", "dog", "고양이"])
    found = open_data(tmp_path / "a.npz")
    assert found.spec.classes == ("cat", "dog", "고양이")
    assert found.labels is not None
    assert (found.labels == labels).all()
    assert found.labels.dtype == np.int64
    assert found.report.classes == {"cat": 4, "dog": 4, "고양이": 4}


def test_labels_may_have_gaps_or_be_words(tmp_path: Path) -> None:
    np.savez(tmp_path / "gaps.npz", x=GREY, y=np.array([7, 3] * 6))
    found = open_data(tmp_path / "gaps.npz")
    assert found.spec.classes == ("3", "7")
    assert found.labels is not None
    assert found.labels.tolist() == [1, 0] * 6
    np.savez(tmp_path / "words.npz", x=GREY, y=np.array(["b", "a"] * 6))
    assert open_data(tmp_path / "words.npz").spec.classes == ("a", "b")


def test_labels_that_do_not_fit_are_left_with_a_warning(tmp_path: Path) -> None:
    np.savez(tmp_path / "a.npz", x=GREY, y=np.zeros((12, 10), np.uint8))
    found = open_data(tmp_path / "a.npz")
    assert found.labels is None
    assert any("'y' is not used" in warning for warning in found.report.warnings)


RAMP = np.linspace(0, 255, 2 * 16 * 16).reshape(2, 16, 16)


@pytest.mark.parametrize(
    "array",
    [
        np.rint(RAMP).astype(np.uint8),
        np.rint(RAMP).astype(np.int64),
        np.rint(RAMP * 257).astype(np.uint16),
        (RAMP / 255).astype(np.float32),
        RAMP / 127.5 - 1,
        RAMP.astype(np.float16),
    ],
)
def test_every_number_type_keeps_its_ramp(array: np.ndarray) -> None:
    images, _ = plain(array, "it")
    assert images.dtype == np.uint8
    assert abs(images[..., 0] - RAMP).max() <= 1


def test_booleans_are_black_and_white() -> None:
    mask = GREY > 99
    assert (plain(mask, "it")[0][..., 0] == mask * 255).all()


def test_channels_may_come_first() -> None:
    colour = noise(5, 16, 20, 3)
    images, notes = plain(colour.transpose(0, 3, 1, 2), "it")
    assert (images == colour).all()
    assert notes


@pytest.mark.parametrize(
    "array", [np.zeros((4, 784)), np.zeros((2, 8, 8, 9)), np.full((2, 8, 8), np.nan), np.zeros((0, 8, 8)),
              np.zeros((2, 8, 8), complex), np.array(["a"])]
)  # fmt: skip
def test_what_is_no_image_is_refused(tmp_path: Path, array: np.ndarray) -> None:
    np.savez(tmp_path / "a.npz", images=array)
    with pytest.raises(UsageError):
        open_data(tmp_path / "a.npz")


def test_resizing_and_channels(tmp_path: Path) -> None:
    np.save(tmp_path / "a.npy", noise(5, 100, 80, 4))
    found = open_data(tmp_path / "a.npy", DataOptions(size=(16, 24), fit="pad"))
    assert found.values.shape == (5, 16, 24, 3)
    assert open_data(tmp_path / "a.npy", DataOptions(channels=4)).values.shape == (5, 64, 64, 4)
    assert open_data(tmp_path / "a.npy", DataOptions(channels=1)).spec.shape == (1, 64, 64)


def test_colour_arrays_that_are_grey_become_grey(tmp_path: Path) -> None:
    np.save(tmp_path / "a.npy", np.repeat(GREY[..., None], 3, axis=3))
    assert open_data(tmp_path / "a.npy").spec.shape == (1, 16, 16)


def test_objects_are_never_unpickled(tmp_path: Path) -> None:
    np.savez(tmp_path / "a.npz", images=np.array([print], dtype=object))
    with pytest.raises(GansmithError) as refusal:
        open_data(tmp_path / "a.npz")
    assert "no array of images" in refusal.value.what


def test_a_header_that_claims_more_than_the_file_holds_is_refused(tmp_path: Path) -> None:
    stream = io.BytesIO()
    header = {"descr": "|u1", "fortran_order": False, "shape": (10**6, 1000, 1000)}
    np.lib.format.write_array_header_1_0(stream, header)
    with zipfile.ZipFile(tmp_path / "a.npz", "w") as packed:
        packed.writestr("images.npy", stream.getvalue() + b"\0" * 99)
    with pytest.raises(GansmithError, match="claims 1,000,000,000,000 bytes"):
        read_npz(tmp_path / "a.npz")


@pytest.mark.parametrize("cut", [10, 100, 1000, 2500])
def test_cut_files_are_refused(tmp_path: Path, cut: int) -> None:
    np.savez(tmp_path / "a.npz", images=GREY)
    np.save(tmp_path / "a.npy", GREY)
    for name in ("a.npz", "a.npy"):
        (tmp_path / name).write_bytes((tmp_path / name).read_bytes()[:cut])
        with pytest.raises(GansmithError, match="Cannot read"):
            open_data(tmp_path / name)


def test_flipped_bytes_are_noticed_or_harmless(tmp_path: Path) -> None:
    np.savez_compressed(tmp_path / "a.npz", images=GREY)
    whole = (tmp_path / "a.npz").read_bytes()
    for place in range(0, len(whole), 37):
        (tmp_path / "a.npz").write_bytes(whole[:place] + bytes([whole[place] ^ 0x55]) + whole[place + 1 :])
        try:
            open_data(tmp_path / "a.npz", DataOptions(cache=False))
        except GansmithError:
            continue


@pytest.mark.parametrize(
    ("name", "shape", "classes", "count"),
    [
        ("fashion_mnist/fashion_mnist_8k_dev.npz", (1, 28, 28), 10, 8000),
        ("omniglot/omniglot_small_32.npz", (1, 32, 32), 242, 4840),
        ("quickdraw/quickdraw_3x1000_28.npz", (1, 28, 28), 3, 3000),
        ("pixelface/pixelface_32_dev.npz", (3, 32, 32), 0, 12000),
    ],
)
def test_real_arrays(shared_data: Path, name: str, shape: tuple[int, ...], classes: int, count: int) -> None:
    found = open_data(shared_data / name)
    assert (found.spec.shape, len(found.spec.classes), found.report.usable) == (shape, classes, count)
    with np.load(shared_data / name) as arrays:
        assert (found.values.reshape(arrays["images"].shape) == arrays["images"]).all()
        if classes:
            assert (np.asarray(found.labels) == arrays["labels"]).all()
            assert found.spec.classes == tuple(arrays["class_names"].tolist())
