"""Data after preparation: one array, its labels, its duplicates and its report; what the cache keeps."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from gansmith.data.report import DataReport
from gansmith.data.rows import Rows
from gansmith.data.spec import DataSpec

NewRows = Callable[[tuple[int, ...], Any], Rows]  # (shape of a row, dtype) -> where the values are collected


@dataclass(frozen=True)
class Prepared:
    """values: (N, H, W, C) uint8 or (N, D) float32; labels: (N,) int64; groups: (N,) int64, equal for duplicates.

    side: (N,) uint8, 0 for A and 1 for B, where there are two; partner: (N,) int64, of pairs, the row of the other
    half, -1 without; captions: (N, L) uint8, zeros where there is none.
    The spec counts all N samples and names A before B; the report knows nothing of held-out ones: these choices come
    later.
    """

    values: np.ndarray
    labels: np.ndarray | None
    groups: np.ndarray
    spec: DataSpec
    report: DataReport
    side: np.ndarray | None = None
    partner: np.ndarray | None = None
    captions: np.ndarray | None = None


def rows_in(folder: Path | None) -> NewRows:
    """Collect values in a file of `folder`, or in memory."""
    path = folder and folder / "values.npy"
    return lambda shape, dtype: Rows(shape, np.dtype(dtype), path)


def fingerprint(values: np.ndarray, labels: np.ndarray | None, names: tuple[str, ...], *more: np.ndarray | None) -> str:
    """SHA-256 over shape, type, content, labels, names of classes or columns and `more`: equal data, equal print."""
    block = 4096
    digest = hashlib.sha256(repr((values.shape, values.dtype.str, names)).encode("utf-8", "surrogateescape"))
    for start in range(0, len(values), block):
        digest.update(np.ascontiguousarray(values[start : start + block]).data)
    if labels is not None:
        digest.update(np.ascontiguousarray(labels).data)
    for place, array in enumerate(more):
        if array is not None:
            digest.update(repr((place, array.shape, array.dtype.str)).encode())
            digest.update(np.ascontiguousarray(array).data)
    return digest.hexdigest()


def numbered(classes: list[str], names: tuple[str, ...]) -> np.ndarray:
    """Class names as (N,) int64 positions in `names`."""
    number = {name: place for place, name in enumerate(names)}
    return np.array([number[name] for name in classes], np.int64)


def class_counts(labels: np.ndarray | None, names: tuple[str, ...]) -> dict[str, int]:
    """Samples per class, in label order."""
    if labels is None:
        return {}
    return dict(zip(names, np.bincount(labels, minlength=len(names)).tolist(), strict=True))
