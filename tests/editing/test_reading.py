"""An encoder learns to read coordinates where there is something to read, the same each time."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor

from gansmith.editing import reading
from gansmith.editing.reading import read, reader_of, trained
from gansmith.editing.space import Given, Space

SIDE = torch.linspace(-1, 1, 8)


def blobs(points: Tensor, given: Given) -> Tensor:
    """A bright spot where the point says: (N, 1, 8, 8)."""
    x, y = (points[:, place, None, None] * 0.8 for place in (0, 1))
    return (2 * torch.exp(-4 * ((SIDE - x) ** 2 + (SIDE[:, None] - y) ** 2)) - 1)[:, None]


def drawn(count: int, seed: int, given: Given) -> Tensor:
    return torch.rand(count, 2, generator=torch.Generator().manual_seed(seed)) * 2 - 1


SPACE = Space("z", (2,), "uniform", blobs, drawn, torch.zeros(2), 3**-0.5)


def test_it_reads_where_spots_are(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reading, "WIDTH", 8)
    told: list[tuple[int, int]] = []
    reader = trained(SPACE, pairs=6400, progress=lambda done, total: told.append((done, total)))
    assert told[0] == (64, 6400) and told[-1] == (6400, 6400)
    points = drawn(200, 5, {})
    found = read(reader, SPACE, blobs(points, {}))
    assert found.shape == points.shape and found.abs().max() <= 1
    assert (found - points).square().mean() < 0.05 * points.square().mean()


def test_training_is_reproducible_and_leaves_the_callers_chance_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reading, "WIDTH", 8)
    torch.manual_seed(3)
    expected = torch.rand(3)
    torch.manual_seed(3)
    first, second = (trained(SPACE, pairs=128).state_dict() for _ in range(2))
    assert torch.equal(torch.rand(3), expected)
    assert all(torch.equal(first[name], second[name]) for name in first)
    again = reader_of(SPACE, first)
    assert torch.equal(again.last.weight, first["last.weight"]) and not again.training
    with pytest.raises(RuntimeError):
        reader_of(SPACE, {"last.bias": torch.zeros(2)})


def test_conditions_are_drawn_with_the_points() -> None:
    asked: list[tuple[int, int]] = []

    def given(count: int, seed: int) -> Given:
        asked.append((count, seed))
        return {"label": torch.full((count,), seed)}

    def images(points: Tensor, told: Given) -> Tensor:
        assert not told or len(told["label"]) == len(points)
        return blobs(points, told)

    space = Space("z", (2,), "uniform", images, drawn, torch.zeros(2), 1.0)
    trained(space, pairs=192, given=given)
    assert [count for count, _ in asked] == [64, 64, 64] and len({seed for _, seed in asked}) == 3
