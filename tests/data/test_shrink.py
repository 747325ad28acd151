"""Reduced images against a plain loop over blocks."""

from __future__ import annotations

import numpy as np
import pytest

from gansmith.data.shrink import shrunk


@pytest.mark.parametrize(("shape", "size"), [((8, 8, 1), (4, 4)), ((13, 20, 3), (7, 10)), ((28, 28, 4), (7, 14))])
def test_every_cell_is_the_mean_of_its_block_edges_repeated(shape: tuple[int, int, int], size: tuple[int, int]) -> None:
    values = np.random.default_rng(0).integers(0, 256, (3, *shape), dtype=np.uint8)
    small = shrunk(values, size)
    tall, wide = -(-shape[0] // size[0]), -(-shape[1] // size[1])
    rows, columns = (
        np.minimum(np.arange(size[0] * tall), shape[0] - 1),
        np.minimum(np.arange(size[1] * wide), shape[1] - 1),
    )
    for row in range(size[0]):
        for column in range(size[1]):
            block = values[:, rows[row * tall : (row + 1) * tall]][:, :, columns[column * wide : (column + 1) * wide]]
            expected = np.rint(block.astype(np.float32).mean(axis=(1, 2)))
            np.testing.assert_array_equal(small[:, row, column], expected)
    assert small.dtype == np.uint8


def test_any_number_of_images_and_extremes_stay_exact() -> None:
    values = np.zeros((5000, 4, 4, 1), np.uint8)
    values[4500:] = 255
    small = shrunk(values, (2, 2))
    assert (small[:4500] == 0).all()
    assert (small[4500:] == 255).all()
