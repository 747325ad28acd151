"""Batches: right values in the right layout, pure in (seed, seen), and never a held-out sample."""

from __future__ import annotations

import mmap
from itertools import islice
from pathlib import Path
from typing import ClassVar

import numpy as np
import pytest
import torch

from gansmith.data import gather
from gansmith.data.dataset import Dataset
from gansmith.data.gather import as_floats, as_floats_there
from gansmith.data.open import open_data
from gansmith.data.options import DataOptions
from tests.data.making import noise, write


def dataset(count: int = 200, **options: object) -> Dataset:
    """Colour noise with labels, opened the usual way."""
    folder = Path(str(options.pop("folder")))
    np.savez(folder / "set.npz", images=noise(count, 8, 12, 3), labels=np.arange(count) % 7)
    return open_data(folder / "set.npz", DataOptions.read(options))


def test_tensors_are_exact_channels_last_and_in_range(tmp_path: Path) -> None:
    found = dataset(folder=tmp_path)
    rows = np.array([5, 3, 3, 199])
    tensor = found.tensor(rows)
    assert tensor.shape == (4, 3, 8, 12)
    assert tensor.dtype == torch.float32
    assert tensor.is_contiguous(memory_format=torch.channels_last)
    reference = found.values[rows].transpose(0, 3, 1, 2) / 127.5 - 1
    assert np.allclose(tensor.numpy(), reference, atol=1e-6)


def test_the_ends_of_the_range_are_exact_and_equal_everywhere() -> None:
    every = np.arange(256, dtype=np.uint8).reshape(1, 16, 16, 1)
    floats = as_floats(every).flatten()
    assert (floats[0].item(), floats[255].item()) == (-1, 1)
    assert (torch.round((floats + 1) * 127.5).numpy() == np.arange(256)).all()
    assert torch.equal(floats, -floats.flip(0))
    assert torch.equal(as_floats_there(torch.from_numpy(every)).flatten(), floats)


@pytest.mark.parametrize("batch", [1, 64, 190, 500])
@pytest.mark.parametrize("seen", [0, 1, 189, 190, 12_345])
def test_batches_continue_from_anywhere(tmp_path: Path, batch: int, seen: int) -> None:
    found = dataset(folder=tmp_path)
    pieces = list(islice(found.batches(batch, seed=3, seen=seen), 2))
    single = list(islice(found.batches(1, seed=3, seen=seen), 2 * batch))
    assert all(len(piece) == batch for piece in pieces)
    assert torch.equal(torch.cat([b.image for b in pieces]), torch.cat([b.image for b in single]))
    assert torch.equal(torch.cat([b.label for b in pieces]), torch.cat([b.label for b in single]))  # type: ignore[misc]


def test_at_a_smaller_size_batches_show_the_same_images(tmp_path: Path) -> None:
    """Every batch is the mean over blocks of the one at full size; the sets themselves stay as they are."""
    found = dataset(folder=tmp_path)
    height, width = found.spec.shape[1:]
    full, small = (next(d.batches(16, seed=1, seen=5)).image for d in (found, found.at((height // 2, width // 2))))
    torch.testing.assert_close(small, torch.nn.functional.avg_pool2d(full, 2), rtol=0, atol=0.5 / 127)
    assert found.at(None) is found.at((height, width)) is found


def test_held_out_samples_never_enter_a_batch(tmp_path: Path) -> None:
    found = dataset(1000, folder=tmp_path, holdout=0.2)
    assert len(found.held) == 200
    assert found.spec.count == len(found.train) == 800
    shown = torch.cat([batch.image for batch in islice(found.batches(64, seed=0, seen=0), 40)])
    seen = {image.numpy().tobytes() for image in shown}
    assert len(seen) == 800
    assert not seen & {image.numpy().tobytes() for image in found.tensor(found.held)}


def test_labels_belong_to_their_images(tmp_path: Path) -> None:
    found = dataset(folder=tmp_path)
    batch = next(found.batches(64, seed=1, seen=50))
    assert batch.label is not None
    assert batch.label.dtype == torch.int64
    row_of = {found.tensor(np.array([row])).numpy().tobytes(): row for row in range(200)}
    assert [row_of[image[None].numpy().tobytes()] % 7 for image in batch.image] == batch.label.tolist()


def test_layout_is_the_one_asked_for(tmp_path: Path) -> None:
    found = dataset(folder=tmp_path)
    last = next(found.batches(8, seed=0, seen=0)).image
    first = next(found.batches(8, seed=0, seen=0, channels_last=False)).image
    assert last.is_contiguous(memory_format=torch.channels_last)
    assert first.is_contiguous()
    assert torch.equal(last, first)


def test_batches_are_not_shared(tmp_path: Path) -> None:
    found = dataset(folder=tmp_path)
    stream = found.batches(200, seed=0, seen=0)
    before = next(stream).image.clone()
    next(stream).image.zero_()
    assert torch.equal(next(found.batches(200, seed=0, seen=0)).image, before)


def test_a_large_map_is_announced_with_the_same_result(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    found = dataset(folder=tmp_path)
    near = [batch.image for batch in islice(found.batches(64, seed=0, seen=7), 9)]
    monkeypatch.setattr(gather, "ANNOUNCED_BYTES", 0)
    far = [batch.image for batch in islice(found.batches(64, seed=0, seen=7), 9)]
    assert isinstance(found.values.base, mmap.mmap)
    assert all(torch.equal(one, other) for one, other in zip(near, far, strict=True))


def test_what_is_announced_is_what_is_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    class Pages(mmap.mmap):
        told: ClassVar[list[tuple[int, int]]] = []

        def madvise(self, option: int, start: int = 0, length: int = 0) -> None:
            self.told.append((start, start + length))

    np.save(tmp_path / "a.npy", noise(50, 30, 30, 3))
    with (tmp_path / "a.npy").open("rb") as stream:
        pages = Pages(stream.fileno(), 0, access=mmap.ACCESS_READ)
    values = np.ndarray((50, 30, 30, 3), np.uint8, pages, offset=len(pages) - 50 * 2700)
    monkeypatch.setattr(gather, "ANNOUNCED_BYTES", 0)
    picks = [np.array([rows, rows + 7]) for rows in range(10)]
    assert [rows.tolist() for rows in islice(gather.announced(values, iter(picks)), 8)] == [
        p.tolist() for p in picks[:8]
    ]
    starts = [len(pages) - 50 * 2700 + row * 2700 for pick in picks for row in pick.tolist()]
    assert len(Pages.told) == 20
    assert all(low <= start and start + 2700 <= high for (low, high), start in zip(Pages.told, starts, strict=True))


def test_one_image_and_few_images_fill_batches(tmp_path: Path) -> None:
    write(tmp_path / "one" / "a.png")
    alone = open_data(tmp_path / "one")
    assert next(alone.batches(64, seed=0, seen=0)).image.shape[0] == 64
    assert any("only learn to copy" in warning for warning in alone.report.warnings)
    assert len(alone.held) == 0


def test_points_have_two_axes() -> None:
    ring = open_data("ring")
    batch = next(ring.batches(256, seed=0, seen=0))
    assert batch.image.shape == (256, 2)
    assert batch.image.dtype == torch.float32
    assert batch.label is None
    assert ring.tensor(ring.held).shape == (5000, 2)


def test_duplicates_of_held_out_images_are_held_out(tmp_path: Path) -> None:
    once = noise(400, 8, 8, 3)
    np.save(tmp_path / "a.npy", np.concatenate([once, once]))
    found = open_data(tmp_path / "a.npy", DataOptions(holdout=0.3))
    assert len(found.held) == 240
    held = {found.values[row].tobytes() for row in found.held}
    assert not held & {found.values[row].tobytes() for row in found.train}
    assert found.report.duplicates == 400
    assert any("copies" in warning for warning in found.report.warnings)


@pytest.mark.skipif(not torch.cuda.is_available(), reason="no CUDA device")
def test_on_a_device_the_batches_are_the_same(tmp_path: Path) -> None:
    found = dataset(folder=tmp_path)
    here = list(islice(found.batches(64, seed=0, seen=7), 5))
    there = list(islice(found.batches(64, seed=0, seen=7, device="cuda"), 5))
    for one, other in zip(here, there, strict=True):
        assert other.image.device.type == "cuda"
        assert torch.equal(one.image, other.image.cpu())
        assert one.label is not None
        assert other.label is not None
        assert torch.equal(one.label, other.label.cpu())
