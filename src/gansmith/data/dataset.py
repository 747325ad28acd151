"""A data set ready for training: one array on disk or in memory, and endless batches from it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import torch

from gansmith.data.batch import Batch
from gansmith.data.gather import announced, as_floats, as_floats_there, gathered
from gansmith.data.order import orders
from gansmith.data.report import DataReport
from gansmith.data.spec import DataSpec


@dataclass(frozen=True)
class Dataset:
    """Samples, and which of them may be trained on.

    values: (N, H, W, C) uint8, or (N, D) float32 standardised points; labels: (N,) int64 or None;
    train, held: disjoint row numbers. Held-out rows never enter a batch.
    """

    spec: DataSpec
    report: DataReport
    values: np.ndarray
    labels: np.ndarray | None
    train: np.ndarray
    held: np.ndarray

    def tensor(self, rows: np.ndarray) -> torch.Tensor:
        """Samples as networks see them: (n, C, H, W) float32 in [-1, 1] in channels-last memory, or (n, D)."""
        return as_floats(gathered(self.values, np.asarray(rows, np.int64)))

    def batches(
        self, batch: int, *, seed: int, seen: int, device: torch.device | str = "cpu", channels_last: bool = True
    ) -> Iterator[Batch]:
        """Endless training batches, a pure function of (seed, samples seen); resume with the number seen so far.

        Every epoch is a fresh permutation; batches straddle epochs. On an accelerator the set moves there as it is,
        8 bits a channel, when it fits in half of the free memory.
        """
        device = torch.device(device)
        layout = torch.channels_last if channels_last else torch.contiguous_format
        picks = (self.train[order] for order in orders(len(self.train), batch, seed=seed, seen=seen))
        if device.type == "cuda" and 2 * self.values.nbytes < torch.cuda.mem_get_info(device)[0]:
            yield from self._on_device(picks, device, layout)
            return
        for rows in announced(self.values, picks):
            raw = gathered(self.values, rows)
            image = as_floats(raw) if device.type == "cpu" else as_floats_there(_moved(raw, device))
            yield Batch(_laid_out(image, layout), self._label(rows, device))

    def _on_device(
        self, picks: Iterator[np.ndarray], device: torch.device, layout: torch.memory_format
    ) -> Iterator[Batch]:
        dtype = torch.uint8 if self.values.dtype == np.uint8 else torch.float32
        values = torch.empty(self.values.shape, dtype=dtype, device=device)
        for start in range(0, len(self.values), 4096):
            values[start : start + 4096] = torch.from_numpy(np.array(self.values[start : start + 4096]))
        labels = None if self.labels is None else torch.from_numpy(np.array(self.labels)).to(device)
        for rows in picks:
            index = _moved(rows, device)
            image = _laid_out(as_floats_there(values.index_select(0, index)), layout)
            yield Batch(image, None if labels is None else labels.index_select(0, index))

    def _label(self, rows: np.ndarray, device: torch.device) -> torch.Tensor | None:
        return None if self.labels is None else _moved(self.labels[rows], device)


def _moved(array: np.ndarray, device: torch.device) -> torch.Tensor:
    tensor = torch.from_numpy(array)
    # From pinned memory a copy to the device need not be waited for.
    return tensor.pin_memory().to(device, non_blocking=True) if device.type == "cuda" else tensor.to(device)


def _laid_out(image: torch.Tensor, layout: torch.memory_format) -> torch.Tensor:
    return image.contiguous(memory_format=layout) if image.ndim == 4 else image
