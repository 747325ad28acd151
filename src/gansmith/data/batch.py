"""The only thing data gives to learning: a batch of real samples and what came with them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import torch


@dataclass(frozen=True)
class Batch:
    """Real samples as the networks see them.

    image: (N, C, H, W) float32 in [-1, 1]; for points, standardised rows (N, D).
    label: (N,) int64 class indices, or None.
    """

    image: torch.Tensor
    label: torch.Tensor | None = None

    def __len__(self) -> int:
        return self.image.shape[0]

    def parts(self, count: int) -> Iterator[Batch]:
        """Cut into `count` equal parts (gradient accumulation)."""
        size = len(self) // count
        for start in range(0, size * count, size):
            cut = slice(start, start + size)
            yield Batch(self.image[cut], None if self.label is None else self.label[cut])
