"""The only thing data gives to learning: a batch of real samples and what came with them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

import torch


@dataclass(frozen=True)
class Batch:
    """Real samples as the networks see them.

    image: (N, C, H, W) float32 in [-1, 1]; for points, standardised rows (N, D).
    label: (N,) int64 class indices, or None.
    given: "source" (N, C, H, W), float32 in [-1, 1]: the other half of each pair, or as many images of the other side
    of unpaired data; "caption" (N, L) uint8: UTF-8, zero padded. Only what the data has.
    """

    image: torch.Tensor
    label: torch.Tensor | None = None
    given: Mapping[str, torch.Tensor] = field(default_factory=lambda: MappingProxyType({}))

    def __len__(self) -> int:
        return self.image.shape[0]

    @property
    def conditions(self) -> dict[str, torch.Tensor]:
        """Everything that came with the images, by name: what is given, and "label" where there is one."""
        return {**self.given, **({} if self.label is None else {"label": self.label})}

    def parts(self, count: int) -> Iterator[Batch]:
        """Cut into `count` equal parts (gradient accumulation); one part is this very batch, known by what was kept."""
        if count == 1:
            yield self
            return
        size = len(self) // count
        for start in range(0, size * count, size):
            cut = slice(start, start + size)
            label = None if self.label is None else self.label[cut]
            yield Batch(self.image[cut], label, {name: value[cut] for name, value in self.given.items()})
