"""The picture of a sum: every term's images are on it as they are, whatever their channels."""

from __future__ import annotations

import numpy as np
import pytest

from gansmith.runs.equation import PIXELS, Column, equation, shortened


@pytest.mark.parametrize("channels", [1, 2, 3, 4])
def test_exemplars_means_and_results_are_all_there(channels: int) -> None:
    def plain(value: int, count: int) -> np.ndarray:
        images = np.full((count, 8, 8, channels), value, np.uint8)
        if channels in (2, 4):
            images[..., -1] = 255
        return images

    columns = [Column("+", "mean(a)", plain(10, 3), plain(40, 1)), Column("-", "2*b", None, None)]
    columns.append(Column("+", "seed(7)", None, plain(90, 1)))
    pixels = np.asarray(equation(columns, plain(200, 9)))
    area = (PIXELS // 8 * 8) ** 2
    for value, count in ((10, 3), (40, 1), (90, 1), (200, 9)):
        assert (pixels == value).all(2).sum() == count * area


def test_long_terms_are_cut() -> None:
    assert shortened("mean(a)") == "mean(a)"
    assert len(shortened("mean(" + "a" * 100 + ")")) == 40
