"""What counting alone learns: how often each value occurs at each place, in images of each class."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn


class Counts(nn.Module):
    """Occurrences of each level at each place in each class: (classes, places, levels), and of each class.

    shape: of an image. levels: equal steps of [-1, 1]. Nothing in it is learned by gradients, all of it is remembered.
    """

    of: Tensor
    images: Tensor

    def __init__(self, shape: Sequence[int], classes: int, levels: int) -> None:
        super().__init__()
        self.shape, self.levels = tuple(shape), levels
        places = torch.Size(shape).numel()
        self.register_buffer("of", torch.zeros(classes, places, levels))
        self.register_buffer("images", torch.zeros(classes))

    @torch.no_grad()
    def count(self, image: Tensor, label: Tensor) -> None:
        """Remember images (N, *shape) in [-1, 1] of classes (N,)."""
        level = self.levels_of(image)
        place = torch.arange(level.shape[1], device=level.device)
        index = ((label[:, None] * len(place) + place) * self.levels + level).flatten()
        self.of.view(-1).index_add_(0, index, torch.ones_like(index, dtype=self.of.dtype))
        self.images.index_add_(0, label, torch.ones_like(label, dtype=self.images.dtype))

    def levels_of(self, image: Tensor) -> Tensor:
        """(N, places) int64, from 0 to levels - 1."""
        return ((image.flatten(1) + 1) * (self.levels / 2)).long().clamp(0, self.levels - 1)

    @torch.no_grad()
    def likelihoods(self, image: Tensor, smoothing: float) -> Tensor:
        """log p(image, class) of images (N, *shape), (N, classes): the largest is the naive Bayes classifier's answer.

        Places count as independent given the class (Lewis 1998, eq. 5); classes are as likely as they were seen.
        """
        seen = self.images + smoothing
        likely = self.probabilities(torch.arange(len(seen), device=self.of.device), smoothing).log()
        level = self.levels_of(image)[:, None, :, None]
        told = likely.expand(len(image), -1, -1, -1).gather(3, level.expand(-1, len(seen), -1, -1))
        return told.sum((2, 3)) + (seen / seen.sum()).log()

    def probabilities(self, label: Tensor, smoothing: float) -> Tensor:
        """(N, places, levels): how likely each level is, each having been seen `smoothing` times more (Laplace)."""
        counts = self.of[label] + smoothing
        return counts / counts.sum(dim=2, keepdim=True)

    def drawn(self, label: Tensor, smoothing: float, chance: torch.Generator) -> Tensor:
        """Images (N, *shape) of classes (N,): every place by itself, evenly within its level."""
        likely = self.probabilities(label, smoothing).cpu()
        level = torch.multinomial(likely.flatten(0, 1), 1, generator=chance).view(len(label), -1)
        within = torch.rand(level.shape, generator=chance)
        return ((level + within) * (2 / self.levels) - 1).view(len(label), *self.shape)

    def normals(self, label: Tensor, smoothing: float, chance: torch.Generator) -> Tensor:
        """The same with every place's values normal, of the mean and deviation that were counted, cut off at +-1."""
        likely = self.probabilities(label, smoothing).cpu()
        mean, deviation = self.moments(likely)
        drawn = mean + deviation * torch.randn(mean.shape, generator=chance)
        return drawn.clamp(-1, 1).view(len(label), *self.shape)

    @staticmethod
    def moments(likely: Tensor) -> tuple[Tensor, Tensor]:
        """Mean and deviation of values whose levels are as likely as that, (..., levels), evenly within each."""
        levels = likely.shape[-1]
        middle = (torch.arange(levels) + 0.5) * (2 / levels) - 1
        mean = likely @ middle
        variance = (likely @ middle.square() - mean.square()).clamp(min=0) + (2 / levels) ** 2 / 12
        return mean, variance.sqrt()
