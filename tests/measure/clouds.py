"""Small sets of features that the tests measure, and the real pictures they look at."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch import Tensor
from torch.nn.functional import avg_pool2d


def cloud(count: int, size: int, seed: int = 0, mean: float = 0.0, spread: float = 1.0) -> Tensor:
    """Normal samples (count, size)."""
    return mean + spread * torch.randn(count, size, generator=torch.Generator().manual_seed(seed))


@dataclass(frozen=True)
class Fashion:
    """Shuffled Fashion-MNIST: images (n, 1, 28, 28) in -1..1, labels (n,)."""

    images: Tensor
    labels: Tensor

    def rows(self, start: int, stop: int) -> Tensor:
        """Features of some: the images at half size, flattened (n, 196)."""
        return simple(self.images[start:stop])


def fashion(shared: Path) -> Fashion:
    """The development set, in an order that does not depend on its own."""
    with np.load(shared / "fashion_mnist" / "fashion_mnist_8k_dev.npz") as file:
        images, labels = (file[name] for name in sorted(file.files, key=lambda name: -file[name].ndim)[:2])
    order = torch.randperm(len(images), generator=torch.Generator().manual_seed(7))
    pixels = torch.from_numpy(images.reshape(-1, 1, 28, 28)).float() / 127.5 - 1
    return Fashion(pixels[order], torch.from_numpy(labels.astype(np.int64)).flatten()[order])


def simple(images: Tensor) -> Tensor:
    """The simplest features: pixels at half size (n, C H W / 4)."""
    return avg_pool2d(images, 2).flatten(1)
