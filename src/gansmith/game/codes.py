"""Codes: the part of a generator's input that is to mean something (Chen et al. 2016), and how it is read back."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn.functional import cross_entropy, one_hot

from gansmith.errors import UsageError


@dataclass(frozen=True)
class Codes:
    """categories: how many values each categorical code has; continuous: how many codes are uniform in [-1, 1].

    A code is a row (size,): the categories one-hot behind one another, then the continuous values.
    """

    categories: tuple[int, ...]
    continuous: int

    @property
    def size(self) -> int:
        return sum(self.categories) + self.continuous

    @property
    def names(self) -> tuple[str, ...]:
        """k1, k2 ... for the categorical codes, c1, c2 ... for the continuous ones."""
        kinds = (("k", len(self.categories)), ("c", self.continuous))
        return tuple(f"{letter}{place + 1}" for letter, count in kinds for place in range(count))

    def draw(self, count: int, generator: torch.Generator | None = None) -> Tensor:
        """(count, size) from the prior: every value equally likely."""
        values = [torch.randint(most, (count,), generator=generator) for most in self.categories]
        return self.row(values, torch.rand(count, self.continuous, generator=generator) * 2 - 1)

    def row(self, values: Sequence[Tensor], continuous: Tensor) -> Tensor:
        """Values (N,) of each categorical code and (N, continuous) -> (N, size)."""
        hot = [one_hot(value, most).to(continuous.dtype) for value, most in zip(values, self.categories, strict=True)]
        return torch.cat([*hot, continuous], 1)

    def middle(self, count: int) -> Tensor:
        """(count, size): every category the first, every continuous code 0."""
        return self.row(
            [torch.zeros(count, dtype=torch.int64)] * len(self.categories), torch.zeros(count, self.continuous)
        )

    def categorical(self, rows: Tensor) -> Iterator[Tensor]:
        """The part of rows (N, size), codes or readings, that each categorical code has: (N, values)."""
        start = 0
        for most in self.categories:
            yield rows[:, start : start + most]
            start += most

    def misread(self, read: Tensor, code: Tensor) -> tuple[Tensor, Tensor]:
        """How far readings (N, size) are from the codes, in nats: of all categorical codes, and of all continuous ones.

        Readings are logits of a category, and means of Gaussians of deviation 1: the variational bound of ibid., eq. 5,
        negated and without its constants.
        """
        pairs = zip(self.categorical(read), self.categorical(code), strict=True)
        of_categories = sum((cross_entropy(told, truth) for told, truth in pairs), read.new_zeros(()))
        start = sum(self.categories)
        return of_categories, (read[:, start:] - code[:, start:]).square().sum(1).mean() / 2

    def set(self, rows: Tensor, name: str, value: float) -> Tensor:
        """The same rows (N, size) with one code at a value. Raises UsageError for a code or a value there is not."""
        if name not in self.names:
            raise UsageError(f"There is no code '{name}'.", do=f"one of {', '.join(self.names)}")
        rows, place = rows.clone(), self.names.index(name)
        if place >= len(self.categories):
            rows[:, sum(self.categories) + place - len(self.categories)] = value
            return rows
        most, start = self.categories[place], sum(self.categories[:place])
        if value not in range(most):
            raise UsageError(f"The code {name} has no value {value:g}.", do=f"a whole number from 0 to {most - 1}")
        rows[:, start : start + most] = 0
        rows[:, start + int(value)] = 1
        return rows
