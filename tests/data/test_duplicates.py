"""Duplicates: exact and re-encoded copies are found, different images are not taken for one."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
from PIL import Image

from gansmith.data.duplicates import find_duplicates
from gansmith.data.open import open_data
from tests.data.making import noise, smooth


def reencoded(image: np.ndarray, quality: int) -> np.ndarray:
    """The image after a trip through JPEG."""
    stream = io.BytesIO()
    Image.fromarray(image).save(stream, "JPEG", quality=quality)
    return np.asarray(Image.open(stream))


def test_copies_and_reencodings_join_the_first() -> None:
    originals = [smooth(64, 64, seed) for seed in range(30)]
    copies = [originals[3], reencoded(originals[5], 90), reencoded(originals[5], 60), originals[3]]
    found = find_duplicates(np.stack([*originals, *copies]))
    assert found.groups.tolist() == [*range(30), 3, 5, 5, 3]
    assert (found.exact, found.near) == (2, 2)


def test_noise_and_blank_images_are_kept_apart() -> None:
    values = np.concatenate(
        [noise(200, 16, 16, 3), np.stack([np.full((16, 16, 3), 5 * n, np.uint8) for n in range(50)])]
    )
    found = find_duplicates(values)
    assert (found.groups == np.arange(250)).all()


def test_a_single_image_and_tiny_images_work() -> None:
    assert find_duplicates(noise(1, 1, 1, 1)).groups.tolist() == [0]
    assert find_duplicates(np.zeros((5, 2, 3, 1), np.uint8)).groups.tolist() == [0] * 5


def test_many_equal_images_take_bounded_time() -> None:
    values = np.repeat(noise(2, 8, 8, 1), 10_000, axis=0)
    assert find_duplicates(values).exact == 19_998


def test_real_images_are_hardly_ever_confused(shared_data: Path) -> None:
    assert open_data(shared_data / "mnist").report.near_duplicates <= 10
    assert open_data(shared_data / "fashion_mnist").report.near_duplicates <= 10
    assert open_data(shared_data / "omniglot").report.near_duplicates <= 10


def test_reencoded_real_photos_are_found(shared_data: Path) -> None:
    values = np.array(open_data(shared_data / "flowers").values[:400])
    copies = np.stack([reencoded(image, 85) for image in values[:100]])
    found = find_duplicates(np.concatenate([values, copies]))
    joined = found.groups[400:] == found.groups[:100]
    assert joined.mean() > 0.9
