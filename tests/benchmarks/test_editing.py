"""The benchmarks of edits are tried on rings whose slant, thickness and width are three of their eight latents."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor

from benchmarks import editing, faces
from benchmarks.attributes import SIZES, Reader, read
from gansmith.editing.directions import Direction, orthogonalised
from gansmith.editing.space import Space

SIDE = 28


def rings(points: Tensor, given: object = None) -> Tensor:
    """Ellipses (N, 1, 28, 28) that lean by latent 0, are as thick as 1 says and as wide as 2 says."""
    along = torch.arange(SIDE) + 0.5 - SIDE / 2
    up = -along[:, None]
    slant, thick, wide = ((mean + points[:, place] * by)[:, None, None] for place, mean, by in PLANTED)
    right = along - slant * up
    outer = torch.hypot(right / wide, up / 10)
    inner = torch.hypot(right / (wide - thick), up / (10 - thick))
    ink = torch.sigmoid((1 - outer) * wide * 3) * torch.sigmoid((inner - 1) * (wide - thick) * 3)
    return ink[:, None] * 2 - 1


PLANTED = ((0, 0.0, 0.2), (1, 2.5, 0.4), (2, 7.0, 0.8))  # latent, mean, what a deviation changes


def space() -> Space:
    def points(count: int, seed: int, given: object) -> Tensor:
        return torch.randn(count, 8, generator=torch.Generator().manual_seed(seed))

    return Space("z", (8,), "normal", rings, points, torch.zeros(8), 1.0)


@pytest.fixture(scope="module")
def bench() -> editing.Bench:
    return editing.bench_of(space())


@pytest.mark.parametrize("method", editing.METHODS)
def test_a_planted_direction_is_found_and_moves_what_it_should(bench: editing.Bench, method: editing.By) -> None:
    raw = [editing.found_by(bench, method, place, 1 + place) for place in range(3)]
    points = bench.space.points(200, 50, {})
    before = bench.read(rings(points))
    for place in range(3):
        one = orthogonalised(raw[place], [*raw[:place], *raw[place + 1 :]])
        assert one.vector[place] > 0.85
        shares = [shown(bench, one, strength, place, points, before) for strength in editing.STRENGTHS]
        enough = [share >= editing.WANTED for share in shares]
        expected = editing.STRENGTHS[enough.index(True) if any(enough) else shares.index(max(shares))]
        assert editing.strength_of(bench, one, place, 1, points, before) == expected
        assert max(shares) > 0.9


def shown(bench: editing.Bench, one: Direction, strength: float, place: int, points: Tensor, before: Tensor) -> float:
    change, _ = editing.changes(bench, one, strength, points, before)
    return float((change[:, place] > editing.MARGIN).double().mean())


def test_a_row_is_of_what_changed(bench: editing.Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, few in (("METHODS", ("mean",)), ("TRIED", 100), ("CALIBRATED", 50)):
        monkeypatch.setattr(editing, name, few)
    rows = list(editing.tried(bench, 0, None))
    assert len(rows) == 3 * 2 * 2
    assert all(row.shift * row.sign > 0.5 and row.leak <= row.leak_worst for row in rows)
    lines = editing.table(rows)
    assert len(lines) == 2 + 2 * 2 * 4 and {line.count("|") for line in lines} == {11}


class Told(Reader):
    """A judge that finds what the first pixels say: 1 where they are bright."""

    def forward(self, images: Tensor) -> Tensor:
        bright = images.flatten(1)[:, : len(SIZES)]
        columns = []
        for place, size in enumerate(SIZES.values()):
            logits = torch.zeros(len(images), size)
            logits[:, 1] = bright[:, place]
            columns.append(logits)
        return torch.cat(columns, 1)


def plain(points: Tensor, given: object = None) -> Tensor:
    return points.view(-1, 3, 1, 4)


def test_what_is_kept_is_counted_per_attribute() -> None:
    points = torch.full((4, 12), -1.0)
    after = points.clone()
    after[:3, 0] = 1  # glasses in three of four
    after[0, 2] = 1  # one smiles now
    judge = Told()
    seen = faces.row("", "glasses", 0, 1.0, read(judge, plain(points)), read(judge, plain(after)))
    assert seen.got == 0.75
    assert seen.kept.pop("smile") == 0.75
    assert set(seen.kept.values()) == {1.0} and not {"glasses", "sunglasses"} & set(seen.kept)


def pixels() -> Space:
    """Every latent is a pixel, every one of the first an attribute."""

    def points(count: int, seed: int, given: object) -> Tensor:
        return torch.randn(count, 12, generator=torch.Generator().manual_seed(seed))

    return Space("z", (12,), "normal", plain, points, torch.zeros(12), 1.0)


def test_directions_and_sums_of_planted_attributes() -> None:
    """Where each latent is an attribute, a direction changes its own and no other."""
    bench = faces.bench_of(pixels(), Told())
    chance = torch.Generator().manual_seed(0)
    for find in (faces.from_pictures, faces.from_latents):
        one = find(bench, "smile", bench.group(chance, smile=1), bench.group(chance, smile=0))
        assert one.vector[2] > 0.7
    tried_on, seen = faces.fresh(bench, 50, 3, {"glasses": 0, "long_hair": 1})
    assert len(tried_on) == 50 and (tried_on[:, 0] < 0).all() and (tried_on[:, 5] > 0).all()
    assert (seen["long_hair"] == 1).all()
    assert [one.got > 0.95 for one in faces.sums(bench, "glasses")] == [True, True]


def test_careful_edits_keep_planted_attributes_elsewhere(monkeypatch: pytest.MonkeyPatch) -> None:
    """The place of the glasses is free to change in all colours: there are the hat and the background, too."""
    monkeypatch.setattr(faces, "TRIED_CAREFULLY", 20)
    bench = faces.bench_of(pixels(), Told())
    seen = faces.one_by_one(bench, "glasses", 0)
    elsewhere = [value for name, value in seen.kept.items() if name not in ("hat", "background")]
    assert seen.got > 0.9 and len(elsewhere) == 5 and min(elsewhere) > 0.9
