"""A data set ready for training: one array on disk or in memory, and endless batches from it."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np
import psutil
import torch

from gansmith.data.batch import Batch
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
        return to_float(torch.from_numpy(_gathered(self.values, np.asarray(rows, np.int64))))

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
        for rows, raw in _ahead(self.values, picks):
            image = torch.from_numpy(raw)
            if device.type != "cpu":
                image = (image.pin_memory() if device.type == "cuda" else image).to(device, non_blocking=True)
            yield Batch(_laid_out(to_float(image), layout), self._label(rows, device))

    def _on_device(
        self, picks: Iterator[np.ndarray], device: torch.device, layout: torch.memory_format
    ) -> Iterator[Batch]:
        dtype = torch.uint8 if self.values.dtype == np.uint8 else torch.float32
        values = torch.empty(self.values.shape, dtype=dtype, device=device)
        for start in range(0, len(self.values), 4096):
            values[start : start + 4096] = torch.from_numpy(np.array(self.values[start : start + 4096]))
        labels = None if self.labels is None else torch.from_numpy(np.array(self.labels)).to(device)
        for rows in picks:
            index = torch.from_numpy(rows).pin_memory().to(device, non_blocking=True)
            image = _laid_out(to_float(values.index_select(0, index)), layout)
            yield Batch(image, None if labels is None else labels.index_select(0, index))

    def _label(self, rows: np.ndarray, device: torch.device) -> torch.Tensor | None:
        return None if self.labels is None else torch.from_numpy(self.labels[rows]).to(device)


def to_float(values: torch.Tensor) -> torch.Tensor:
    """(n, H, W, C) uint8 as (n, C, H, W) float32 in [-1, 1], channels-last; floats are returned as they are.

    0 becomes exactly -1 and 255 exactly 1.
    """
    if values.dtype != torch.uint8:
        return values
    return values.permute(0, 3, 1, 2).to(torch.float32).sub_(127.5).div_(127.5)


def _gathered(values: np.ndarray, rows: np.ndarray) -> np.ndarray:
    # Taking from a flat view copies whole rows at memory speed; numpy is slower on four axes, torch slower still.
    flat = values.reshape(len(values), -1)
    return np.asarray(np.take(flat, rows, axis=0)).reshape(len(rows), *values.shape[1:])


def _laid_out(image: torch.Tensor, layout: torch.memory_format) -> torch.Tensor:
    return image.contiguous(memory_format=layout) if image.ndim == 4 else image


def _ahead(values: np.ndarray, picks: Iterator[np.ndarray]) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """(rows, their values), read one batch ahead in a thread when the set is too large to stay in memory."""
    if values.nbytes < psutil.virtual_memory().total // 2:
        yield from ((rows, _gathered(values, rows)) for rows in picks)
        return
    with ThreadPoolExecutor(1, "read-ahead") as reader:
        rows = next(picks)
        coming = reader.submit(_gathered, values, rows)
        while True:
            following = next(picks)
            ready, coming = coming.result(), reader.submit(_gathered, values, following)
            yield rows, ready
            rows = following
