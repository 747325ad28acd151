"""Batches of pairs, of two sides and of equally frequent classes: exact, pure in (seed, seen), nothing held out."""

from __future__ import annotations

import json
from collections import Counter
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from gansmith.data import cache
from gansmith.data.batch import Batch
from gansmith.data.captions import decode
from gansmith.data.dataset import Dataset
from gansmith.data.open import open_data
from gansmith.data.options import DataOptions
from gansmith.data.order import permutation
from gansmith.data.spec import DataSpec
from tests.data.making import noise


def paired(folder: Path, count: int = 700, **options: object) -> Dataset:
    """Row n of A is 1 darker in its first pixel than row n of B, whose caption is n; three classes of unequal size."""
    b = noise(count, 8, 8, 3)
    b[:, 0, 0, 0] = np.maximum(b[:, 0, 0, 0], 1)
    a = b.copy()
    a[:, 0, 0, 0] -= 1
    labels = np.searchsorted([count // 2, count - 5], np.arange(count), side="right")
    np.savez(folder / "two.npz", A=a, B=b, labels=labels, captions=[str(row) for row in range(count)])
    return open_data(folder / "two.npz", DataOptions.read({"layout": "paired", **options}))


def joined(batches: list[Batch]) -> dict[str, torch.Tensor]:
    """All batches as one: "image" and the conditions."""
    parts = [{"image": batch.image, **batch.conditions} for batch in batches]
    return {name: torch.cat([part[name] for part in parts]) for name in parts[0]}


def taken(found: Dataset, batch: int, count: int, seen: int = 0, **more: object) -> dict[str, torch.Tensor]:
    """`count` batches from `seen` on."""
    return joined(list(islice(found.batches(batch, seed=3, seen=seen, **more), count)))  # type: ignore[arg-type]


MADE: dict[str, dict[str, Any]] = {
    "paired": {},
    "paired BtoA": {"direction": "BtoA"},
    "unpaired": {"layout": "unpaired"},
    "balanced": {"balanced": True},
    "balanced unpaired": {"layout": "unpaired", "balanced": True},
}


@pytest.mark.parametrize("name", MADE)
@pytest.mark.parametrize("seen", [0, 1, 629, 12_345])
def test_batches_continue_from_anywhere(tmp_path: Path, name: str, seen: int) -> None:
    found = paired(tmp_path, **MADE[name])
    pieces, single = taken(found, 64, 3, seen), taken(found, 1, 192, seen)
    assert pieces.keys() == single.keys() == {"image", "label", "source", "caption"}
    assert all(torch.equal(pieces[key], single[key]) for key in pieces)


def test_halves_labels_and_captions_stay_together(tmp_path: Path) -> None:
    found = paired(tmp_path)
    got = taken(found, 64, 20)
    difference = (got["image"] - got["source"]) * 127.5
    assert torch.allclose(difference[:, 0, 0, 0], torch.ones(64 * 20), atol=1e-3)
    assert difference.abs().sum(dim=(1, 2, 3)).max() < 1.01
    rows = torch.tensor([int(text) for text in decode(got["caption"].numpy())])
    assert torch.equal(got["label"], torch.bucketize(rows, torch.tensor([350, 695]), right=True))
    assert torch.equal(got["image"], found.tensor(rows.numpy() + 700))  # B follows A


def test_pairs_are_held_out_whole(tmp_path: Path) -> None:
    found = paired(tmp_path)
    assert (len(found.train), len(found.held)) == (636, 64)
    assert found.source_of is not None
    shown = taken(found, 64, 30)
    seen = {image.numpy().tobytes() for key in ("image", "source") for image in shown[key]}
    held = np.concatenate([found.held, found.source_of[found.held]])
    assert not seen & {image.numpy().tobytes() for image in found.tensor(held)}


def test_the_sides_of_unpaired_data_go_their_own_ways(tmp_path: Path) -> None:
    found = paired(tmp_path, layout="unpaired")
    assert found.source_of is not None
    assert (len(found.source_train), len(found.source_held)) == (636, 64)
    epoch = taken(found, 53, 12)  # 636 of each
    assert len({image.numpy().tobytes() for image in epoch["source"]}) == 636
    together = ((epoch["image"] - epoch["source"]) * 127.5).abs().sum(dim=(1, 2, 3)) < 1.01
    assert together.float().mean() < 0.02
    held = {image.numpy().tobytes() for image in found.tensor(found.source_held)}
    assert not held & {image.numpy().tobytes() for image in epoch["source"]}
    assert set(found.source_of[found.held]) == set(found.source_held)
    assert set(found.source_of[found.train]) == set(found.source_train)


def test_rows_come_with_their_conditions_and_without_chance(tmp_path: Path) -> None:
    found = paired(tmp_path)
    assert found.source_of is not None
    batch = found.batch(found.held[:5])
    assert torch.equal(batch.image, found.tensor(found.held[:5]))
    assert torch.equal(batch.given["source"], found.tensor(found.source_of[found.held[:5]]))
    assert decode(batch.given["caption"].numpy()) == [str(row - 700) for row in found.held[:5]]
    assert found.labels is not None
    assert batch.label is not None
    assert batch.label.tolist() == found.labels[found.held[:5]].tolist()
    assert batch.conditions.keys() == {"source", "caption", "label"}
    assert open_data("ring").batch(np.arange(3)).conditions == {}


def test_parts_cut_everything_alike(tmp_path: Path) -> None:
    batch = next(paired(tmp_path).batches(12, seed=0, seen=0))
    parts = list(batch.parts(3))
    assert [len(part) for part in parts] == [4, 4, 4]
    whole, again = {"image": batch.image, **batch.conditions}, joined(parts)
    assert all(torch.equal(whole[key], again[key]) for key in whole)


def test_balanced_classes_are_drawn_equally_often(tmp_path: Path) -> None:
    found = paired(tmp_path, balanced=True)
    got = taken(found, 60, 35)
    counts = Counter(got["label"].tolist())
    assert counts == {0: 700, 1: 700, 2: 700}
    assert found.spec.shares == pytest.approx((1 / 3,) * 3)
    assert "draw every class equally often" in found.report.plan
    assert found.labels is not None
    texts = Counter(decode(got["caption"].numpy()))
    for label in range(3):
        of_class = [texts[str(row - 700)] for row in found.train[found.labels[found.train] == label]]
        assert sum(of_class) == 700
        assert max(of_class) - min(of_class) <= 1  # a class is gone through before it starts again


def test_shares_are_those_of_the_training_rows(tmp_path: Path) -> None:
    found = paired(tmp_path)
    assert found.labels is not None
    counts = np.bincount(found.labels[found.train], minlength=3)
    assert found.spec.shares == pytest.approx(tuple(counts / counts.sum()))
    assert open_data("ring").spec.shares == ()


def test_captions_of_the_specification_are_spread_over_the_training_rows(tmp_path: Path) -> None:
    found = paired(tmp_path)
    assert found.captions is not None
    known = decode(found.captions[found.train])
    places = [known.index(text) for text in found.spec.captions]
    assert len(places) == 64
    assert (places[0], places[-1]) == (0, 635)
    assert np.ptp(np.diff(places)) <= 1
    assert len(found.spec.words) == 636


def test_a_large_map_gives_the_same_pairs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    near = taken(paired(tmp_path), 64, 5)
    monkeypatch.setattr("gansmith.data.gather.ANNOUNCED_BYTES", 0)
    far = taken(paired(tmp_path), 64, 5)
    assert all(torch.equal(near[key], far[key]) for key in near)


def test_the_cache_keeps_sides_partners_and_captions(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GANSMITH_CACHE", str(tmp_path / "cache"))
    first, kept = paired(tmp_path), paired(tmp_path)
    assert kept.values.base is not None
    for found in (kept, paired(tmp_path, cache=False)):
        assert found.spec == first.spec
        assert found.report == first.report
        again = taken(found, 64, 3)
        assert all(torch.equal(value, again[key]) for key, value in taken(first, 64, 3).items())


@pytest.mark.parametrize("missing", ["side", "partner", "captions", "labels"])
def test_a_cache_that_lost_something_is_made_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, missing: str
) -> None:
    monkeypatch.setenv("GANSMITH_CACHE", str(tmp_path / "cache"))
    first = paired(tmp_path)
    for path in (tmp_path / "cache" / "sets").glob(f"*/{missing}.npy"):
        path.unlink()
    again = paired(tmp_path)
    assert again.spec == first.spec
    assert list((tmp_path / "cache" / "sets").glob(f"*/{missing}.npy"))


def test_a_cache_of_an_older_format_is_not_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    key = cache.cache_key("stamp", DataOptions())
    monkeypatch.setattr(cache, "FORMAT", 1)
    assert cache.cache_key("stamp", DataOptions()) != key
    assert cache.cache_key("stamp", DataOptions(direction="BtoA")) == cache.cache_key("stamp", DataOptions())


def test_what_differs_in_pairing_or_captions_has_another_fingerprint(tmp_path: Path) -> None:
    prints = {paired(tmp_path, **options).spec.fingerprint for options in MADE.values()}
    assert len(prints) == 3  # balance draws from the same data
    np.savez(tmp_path / "a.npz", images=noise(20, 8, 8), captions=["a"] * 20)
    np.savez(tmp_path / "b.npz", images=noise(20, 8, 8), captions=["b"] * 20)
    np.savez(tmp_path / "c.npz", images=noise(20, 8, 8))
    assert len({open_data(tmp_path / f"{name}.npz").spec.fingerprint for name in "abc"}) == 3


def test_a_specification_written_before_there_were_pairs_still_loads() -> None:
    old = {"kind": "images", "shape": [1, 8, 8], "count": 5, "classes": ["a"], "fingerprint": "0" * 64}
    spec = DataSpec.read(json.loads(json.dumps(old)))
    assert (spec.pairing, spec.sides, spec.captions, spec.words, spec.shares, spec.caption_bytes) == (
        ("none", (), (), (), (), 0)
    )
    assert DataOptions.read({"size": [8, 8], "fit": "crop", "strict": False}).layout == "auto"


def test_neighbouring_seeds_share_no_order(tmp_path: Path) -> None:
    found = paired(tmp_path, layout="unpaired")
    own = permutation(636, 3, 0)
    source = [int(text) for text in decode(taken(found, 636, 1)["caption"].numpy())]
    assert np.array_equal(found.train[own] - 700, source)
    first = joined(list(islice(found.batches(636, seed=0, seen=0), 1)))["source"]
    second = joined(list(islice(found.batches(636, seed=1, seen=0), 1)))["source"]
    assert not torch.equal(first, second)


@pytest.mark.parametrize("name", MADE)
def test_a_set_that_was_moved_whole_gives_the_same(tmp_path: Path, name: str) -> None:
    found = paired(tmp_path, **MADE[name])
    streams = [
        way(found._picks(64, 3, 7), torch.device("cpu"), torch.channels_last)
        for way in (found._from_host, found._on_device)
    ]
    for (rows, images), (same_rows, same_images) in islice(zip(*streams, strict=True), 5):
        assert torch.equal(rows, same_rows)
        assert torch.equal(images, same_images)


@pytest.mark.skipif(not torch.cuda.is_available(), reason="no CUDA device")
@pytest.mark.parametrize("name", MADE)
def test_on_a_device_the_batches_are_the_same(tmp_path: Path, name: str) -> None:
    found = paired(tmp_path, **MADE[name])
    here, there = taken(found, 64, 12, 7), taken(found, 64, 12, 7, device="cuda")
    assert here.keys() == there.keys()
    assert all(there[key].device.type == "cuda" for key in there)
    assert all(torch.equal(here[key], there[key].cpu()) for key in here)
    rows = found.batch(found.held, "cuda")
    assert torch.equal(rows.given["source"].cpu(), found.batch(found.held).given["source"])
