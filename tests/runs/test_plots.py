"""A scatter puts each point where its values say, and every kind of table gives a picture."""

from __future__ import annotations

import numpy as np
import pytest
from PIL import Image

from gansmith.runs.pictures import scatter
from gansmith.runs.plots import FAKE, LEFT, PANEL, REAL, TOP


def like(picture: Image.Image, colour: tuple[int, int, int]) -> np.ndarray:
    """(K, 2) x and y of the pixels that lie nearer to `colour` than to white, and are of its hue."""
    pixels = np.asarray(picture).astype(int)
    near = np.abs(pixels - colour).sum(axis=2) < 120
    return np.argwhere(near)[:, ::-1]


def test_a_cloud_lies_where_its_values_say() -> None:
    corners = np.array([[0.0, 0.0], [10.0, 100.0]])
    cloud = np.repeat([[2.5, 75.0]], 200, axis=0)
    picture = scatter(np.concatenate([corners, cloud]), cloud, ["x", "y"])
    spots = like(picture, REAL)
    inside = spots[(spots[:, 1] > TOP + 5) & (spots[:, 0] > LEFT)]
    dense = np.median(inside, axis=0)
    share = (0.25 * 10 + 1.2) / 12.4, (0.75 * 10 + 1.2) / 12.4  # 12 % of room on either side
    assert np.abs(dense - (LEFT + share[0] * PANEL, TOP + (1 - share[1]) * PANEL)).max() < 3
    generated = like(picture, FAKE)
    right = generated[generated[:, 1] > TOP + 5]
    assert np.abs(np.median(right, axis=0)[1] - dense[1]) < 3
    assert np.median(right, axis=0)[0] > LEFT + PANEL


@pytest.mark.parametrize("columns", [1, 2, 3, 4, 9])
def test_any_number_of_columns(columns: int) -> None:
    rng = np.random.default_rng(0)
    picture = scatter(rng.normal(size=(300, columns)), rng.normal(size=(200, columns)), list("abcdefghi"[:columns]))
    assert picture.mode == "RGB"
    assert 600 <= picture.width <= 1100
    assert len(like(picture, FAKE)) > 200


def test_hostile_values_and_names_still_give_a_picture() -> None:
    real = np.array([[1.0, 1e9], [1.0, 1e9]])  # no spread at all
    fake = np.array([[np.nan, 1.0], [np.inf, -np.inf], [1e300, 0.0]])
    for names in (["키\n<b>", "x" * 300], ["", "\udcff"]):
        assert scatter(real, fake, names).width > 600
    assert scatter(np.zeros((0, 2)), np.zeros((0, 2)), ["a", "b"]).width > 600
