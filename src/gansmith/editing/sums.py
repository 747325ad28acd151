"""What a sum of latents comes to: vectors with the weight they stand for, so that a sum of points is a point again."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from gansmith.editing.expression import Call, Name, Node, Number, Operation
from gansmith.errors import UsageError, closest

MOST = 1e6  # of a number in a sum


@dataclass(frozen=True)
class Value:
    """Coordinates (N, d), and the lengths (N,) of the latents they were made of, None where a mean of many is in it.

    weight: 1 of points, 0 of the difference of two, or of a direction. Lengths and weights obey the same arithmetic.
    """

    coords: Tensor
    lengths: Tensor | None
    weight: float = 1.0

    def scaled(self, by: float) -> Value:
        return Value(self.coords * by, None if self.lengths is None else self.lengths * by, self.weight * by)

    def plus(self, other: Value) -> Value:
        """One added to each, or each to its own. Raises UsageError where there are other numbers of them."""
        ours, theirs = len(self.coords), len(other.coords)
        if ours != theirs and min(ours, theirs) > 1:
            raise UsageError(
                f"{ours} latents and {theirs} cannot be added.",
                "there is no saying which to which",
                "mean(...) of either",
            )
        lengths = None if self.lengths is None or other.lengths is None else self.lengths + other.lengths
        return Value(self.coords + other.coords, lengths, self.weight + other.weight)


def points(coords: Tensor) -> Value:
    """Coordinates (N, d) of samples."""
    return Value(coords, coords.norm(dim=1))


def offset(vector: Tensor) -> Value:
    """A step (d,) that leads from points to others, and is none."""
    return Value(vector[None], torch.zeros(1), 0.0)


def mean(value: Value) -> Value:
    """The mean of all, for good shorter than they are: what is left of its length is what they have in common.

    Brought to theirs it would have that many times over: of faces without glasses it wore some in 80 draws of 100.
    """
    return Value(value.coords.mean(0, keepdim=True), None, value.weight)


def settled(value: Value, *, hold: bool) -> Tensor:
    """The coordinates (N, d) that a sum ends at; hold: where no mean is in it, at the lengths that its parts had.

    So half of one latent and half of another is what spherical interpolation has between them (White 2016). Raises
    UsageError where what is summed is no point.
    """
    if abs(value.weight - 1) > 1e-6:
        raise UsageError(
            f"The latents' weights add up to {value.weight:g}.",
            "of 1 the sum is a latent; of 0 it is a step from one to another",
            '"mean(a) - mean(b) + mean(c)", or "0.5*mean(a) + 0.5*mean(b)"',
        )
    if not hold or value.lengths is None:
        return value.coords
    return value.coords * (value.lengths / value.coords.norm(dim=1).clamp(min=1e-12))[:, None]


def evaluated(node: Node, known: Mapping[str, Value], seed: Callable[[int, int], Value]) -> Value | float:
    """What an expression comes to. known: by name. seed: (seed, number) -> that sample.

    Raises UsageError for an unknown name, or for a sum of numbers and latents.
    """

    def of(node: Node) -> Any:
        return evaluated(node, known, seed)

    match node:
        case Number(number):
            return number
        case Name(word):
            if word not in known:
                near = closest(word, known) if known else "--group NAME=1,5,9"
                raise UsageError(f"There is no group or direction '{word}'.", do=near)
            return known[word]
        case Call("seed", given):
            return seed(*(whole(of(one)) for one in (*given, Number(0.0))[:2]))
        case Call(_, given):
            return mean(latents(of(given[0]), "mean() is of latents."))
        case Operation("*", left, right):
            return product(of(left), of(right))
        case Operation("/", left, right):
            by = of(right)
            if isinstance(by, Value) or not by:
                raise UsageError("Only numbers divide, and not 0.", do="mean(a) / 2")
            return product(of(left), 1 / by)
        case Operation(sign, left, right):
            one, other = of(left), of(right)
            if not isinstance(one, Value) and not isinstance(other, Value):
                return bounded(one + other if sign == "+" else one - other)
            one = latents(one, "A number cannot be added to latents.")
            return one.plus(latents(other, "A number cannot be added to latents.").scaled(1.0 if sign == "+" else -1.0))
    raise AssertionError(node)


def product(one: Value | float, other: Value | float) -> Value | float:
    if isinstance(one, Value):
        if isinstance(other, Value):
            raise UsageError("Latents cannot be multiplied by latents.", do="by numbers, as in 0.5*mean(a)")
        return one.scaled(bounded(other))
    return other.scaled(bounded(one)) if isinstance(other, Value) else bounded(one * other)


def latents(value: Value | float, what: str) -> Value:
    if isinstance(value, Value):
        return value
    raise UsageError(what, do="mean(a) - mean(b) + mean(c)")


def whole(value: Value | float) -> int:
    if isinstance(value, Value) or value != int(value) or not 0 <= value <= MOST:
        raise UsageError("A seed is a whole number.", do="seed(7), or seed(0, 7): sample 7 of seed 0")
    return int(value)


def bounded(value: float) -> float:
    if not abs(value) <= MOST:
        raise UsageError(f"{value:g} is too large a number.", do=f"up to {MOST:g}")
    return value
