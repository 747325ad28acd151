"""A data set ready for training: one array on disk or in memory, and endless batches from it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace

import numpy as np
import torch

from gansmith.data.batch import Batch
from gansmith.data.gather import announced, as_floats, as_floats_there, gathered
from gansmith.data.order import balanced_orders, orders
from gansmith.data.report import DataReport
from gansmith.data.shrink import shrunk
from gansmith.data.spec import DataSpec

NONE = np.empty(0, np.int64)
SOURCE_SEED = 0x9E3779B97F4A7C15  # far from any seed a user would choose


@dataclass(frozen=True)
class Dataset:
    """Samples, which of them may be trained on, and what comes with them.

    values: (N, H, W, C) uint8, both sides of pairs, or (N, D) float32 standardised points; labels: (N,) int64 or None;
    train, held: disjoint row numbers, of the target side where there are two. Held-out rows never enter a batch.
    source_train, source_held: the same of the source side of unpaired data. source_of: (N,) the row of the source that
    goes with each target: the other half of a pair; of unpaired data, one of the same part (training or held out).
    captions: (N, L) uint8, zeros where an image has none. balanced: whether every class is drawn equally often.
    """

    spec: DataSpec
    report: DataReport
    values: np.ndarray
    labels: np.ndarray | None
    train: np.ndarray
    held: np.ndarray
    source_train: np.ndarray = field(default_factory=lambda: NONE)
    source_held: np.ndarray = field(default_factory=lambda: NONE)
    source_of: np.ndarray | None = None
    captions: np.ndarray | None = None
    balanced: bool = False

    def tensor(self, rows: np.ndarray) -> torch.Tensor:
        """Samples as networks see them: (n, C, H, W) float32 in [-1, 1] in channels-last memory, or (n, D)."""
        return as_floats(gathered(self.values, np.asarray(rows, np.int64)))

    def batch(self, rows: np.ndarray, device: torch.device | str = "cpu") -> Batch:
        """These rows with everything that comes with them; nothing is random."""
        rows = np.asarray(rows, np.int64)
        given = {} if self.source_of is None else {"source": self.tensor(self.source_of[rows]).to(device)}
        if self.captions is not None:
            given["caption"] = torch.from_numpy(self.captions[rows]).to(device)
        label = None if self.labels is None else torch.from_numpy(self.labels[rows]).to(device)
        return Batch(self.tensor(rows).to(device), label, given)

    def at(self, size: tuple[int, int] | None) -> Dataset:
        """The same images at a smaller (height, width), sources too; None, or their own size: as they are."""
        if size is None or size == self.values.shape[1:3]:
            return self
        return replace(self, values=shrunk(self.values, size))

    def batches(
        self, batch: int, *, seed: int, seen: int, device: torch.device | str = "cpu", channels_last: bool = True
    ) -> Iterator[Batch]:
        """Endless training batches, a pure function of (seed, samples seen); resume with the number seen so far.

        Every epoch is a fresh permutation; batches straddle epochs. Unpaired sources follow permutations of their own.
        On an accelerator the set moves there as it is, 8 bits a channel, when it fits in half of the free memory.
        """
        device = torch.device(device)
        layout = torch.channels_last if channels_last else torch.contiguous_format
        picks = self._picks(batch, seed, seen)
        resident = device.type == "cuda" and 2 * self.values.nbytes < torch.cuda.mem_get_info(device)[0]
        pixels = (self._on_device if resident else self._from_host)(picks, device, layout)
        home = device if resident else torch.device("cpu")
        known = {"label": self.labels, "caption": self.captions}
        beside = {name: _tensor(array).to(home) for name, array in known.items() if array is not None}
        for rows, images in pixels:
            told = {name: _moved(values.index_select(0, rows[:batch]), device) for name, values in beside.items()}
            label = told.pop("label", None)
            yield Batch(images[:batch], label, told if len(rows) == batch else {"source": images[batch:], **told})

    def _picks(self, batch: int, seed: int, seen: int) -> Iterator[np.ndarray]:
        """The rows of each batch: the targets, then as many sources where there are any."""
        if self.balanced and self.labels is not None:
            targets = balanced_orders(self.labels[self.train], batch, seed=seed, seen=seen)
        else:
            targets = orders(len(self.train), batch, seed=seed, seen=seen)
        if len(self.source_train):
            sources = orders(len(self.source_train), batch, seed=seed ^ SOURCE_SEED, seen=seen)
            for target, source in zip(targets, sources, strict=True):
                yield np.concatenate((self.train[target], self.source_train[source]))
            return
        for target in targets:
            rows = self.train[target]
            yield rows if self.source_of is None else np.concatenate((rows, self.source_of[rows]))

    def _from_host(
        self, picks: Iterator[np.ndarray], device: torch.device, layout: torch.memory_format
    ) -> Iterator[tuple[torch.Tensor, torch.Tensor]]:
        """(row numbers, images): numbers where the values lie, images on the device."""
        for rows in announced(self.values, picks):
            raw = gathered(self.values, rows)
            image = as_floats(raw) if device.type == "cpu" else as_floats_there(_moved(torch.from_numpy(raw), device))
            yield torch.from_numpy(rows), _laid_out(image, layout)

    def _on_device(
        self, picks: Iterator[np.ndarray], device: torch.device, layout: torch.memory_format
    ) -> Iterator[tuple[torch.Tensor, torch.Tensor]]:
        """(row numbers, images), both on the device."""
        dtype = torch.uint8 if self.values.dtype == np.uint8 else torch.float32
        values = torch.empty(self.values.shape, dtype=dtype, device=device)
        for start in range(0, len(self.values), 4096):
            values[start : start + 4096] = torch.from_numpy(np.array(self.values[start : start + 4096]))
        for rows in picks:
            index = _moved(torch.from_numpy(rows), device)
            yield index, _laid_out(as_floats_there(values.index_select(0, index)), layout)


def _tensor(array: np.ndarray) -> torch.Tensor:
    return torch.from_numpy(array if array.flags.writeable else array.copy())


def _moved(tensor: torch.Tensor, device: torch.device) -> torch.Tensor:
    if tensor.device.type == device.type:
        return tensor
    # From pinned memory a copy to the device need not be waited for.
    return tensor.pin_memory().to(device, non_blocking=True) if device.type == "cuda" else tensor.to(device)


def _laid_out(image: torch.Tensor, layout: torch.memory_format) -> torch.Tensor:
    return image.contiguous(memory_format=layout) if image.ndim == 4 else image
