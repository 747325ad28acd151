"""An array that grows row by row, in memory or in a `.npy` file, without knowing how long it will be."""

from __future__ import annotations

import io
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np


class Rows:
    """Collects blocks of rows; `finish` gives the array: in memory, or a read-only map of the file at `path`.

    Raises OSError when the file cannot be written.
    """

    def __init__(self, shape: tuple[int, ...], dtype: np.dtype[Any], path: Path | None = None) -> None:
        self.shape, self.dtype, self.path, self.count = shape, dtype, path, 0
        self._stream: BinaryIO = path.open("wb") if path else io.BytesIO()
        self._write_header()

    def append(self, block: np.ndarray) -> None:
        """Add rows (n, *shape)."""
        if block.shape[1:] != self.shape or block.dtype != self.dtype:
            raise ValueError(f"rows of {self.shape} {self.dtype} expected, not {block.shape[1:]} {block.dtype}")
        with self._closed_on_failure():
            self._stream.write(np.ascontiguousarray(block).data.cast("B") if block.size else b"")
        self.count += len(block)

    def finish(self) -> np.ndarray:
        """The whole array; nothing can be added afterwards."""
        start = self._write_header()
        if isinstance(self._stream, io.BytesIO):
            values = np.frombuffer(self._stream.getbuffer().toreadonly(), self.dtype, offset=start)
            return values.reshape(self.count, *self.shape)
        assert self.path is not None
        with self._closed_on_failure():
            self._stream.flush()
            os.fsync(self._stream.fileno())
            self._stream.close()
        return np.load(self.path, mmap_mode="r")

    @contextmanager
    def _closed_on_failure(self) -> Iterator[None]:
        try:
            yield
        except OSError:
            with suppress(OSError):  # closing writes what is buffered, and fails again
                self._stream.close()
            raise

    def _write_header(self) -> int:
        # numpy pads the header so that the first axis can grow in place.
        self._stream.seek(0)
        facts = {
            "descr": np.lib.format.dtype_to_descr(self.dtype),
            "fortran_order": False,
            "shape": (self.count, *self.shape),
        }
        np.lib.format.write_array_header_1_0(self._stream, facts)
        return self._stream.tell()
