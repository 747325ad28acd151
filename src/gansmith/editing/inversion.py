"""Images back into latents: where in a space a picture lies, found by descent from several starts."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

import torch
from torch import Tensor

from gansmith.editing.coordinates import coordinates, points_at
from gansmith.editing.descent import MEMORY, Descent
from gansmith.editing.space import Given, Space

STARTS, STEPS = 8, 200
BANK = 1024  # samples among which the nearest are where a search starts
FIRST = 8  # tries of every start, before the worse half is given up and the others go on for twice as long
ENOUGH = 1 / 255  # an error that pixels of 8 bits can hardly show
PRIOR = 1e-2  # what a squared coordinate costs beside a squared pixel, beyond what is usual for samples
USUAL = 0.99  # of samples lie within
MISSED, AGAIN = 0.02, 4  # images found no nearer than so are sought again from other samples, so many times
ROOM = 2**24  # floats of memory of steps


@dataclass(frozen=True)
class Inverted:
    """points (N, *shape) of the space; images (N, C, H, W) in [-1, 1], what they are drawn as.

    errors: (N,), the root mean square difference between an image and what was asked for, in shares of the range 0..1.
    """

    points: Tensor
    images: Tensor
    errors: Tensor


@dataclass(frozen=True)
class Prior:
    """What coordinates (N, d) cost, (N,): `weight` times as much of their mean square as is beyond `far`."""

    weight: float
    far: float

    def __call__(self, coords: Tensor) -> Tensor:
        return self.weight * (coords.square().mean(1) - self.far).clamp(min=0)


def invert(
    space: Space,
    images: Tensor,
    *,
    given: Given | None = None,
    starts: int = STARTS,
    steps: int = STEPS,
    again: int = AGAIN,
    seed: int = 0,
    begin: Tensor | None = None,
    prior: float = PRIOR,
    enough: float = ENOUGH,
    progress: Callable[[int, int], None] = lambda done, count: None,
) -> Inverted:
    """The points that images (N, C, H, W) in [-1, 1] are drawn from, or the nearest that were found.

    Lowers the mean squared difference of pixels, and `prior` times as much of the mean squared coordinate as hardly any
    sample has: so samples are not pulled away from where they are, and other pictures stay where edits make sense. Of
    BANK samples of `seed` the `starts` nearest are begun from, and `begin` (N, *shape), where given, e.g. what an
    encoder reads. Everything goes on in one batch; the worse half of the starts is given up again and again (successive
    halving: Jamieson & Talwalkar 2016), and the last one left gets `steps` tries. Who reaches `enough` rests; who is
    missed is sought `again` so many times, each from the nearest of other samples. given: conditions (N, ...).
    progress: told of images finished, of how many.
    """
    given = given or {}
    at_once = max(1, ROOM // (2 * MEMORY * space.centre.numel() * (starts + 1)))
    found: list[Tensor] = []
    far = float(coordinates(space, space.points(BANK, seed, {})).square().mean(1).quantile(USUAL))
    for rows in torch.split(torch.arange(len(images)), min(at_once, 64)):
        some = {name: value[rows] for name, value in given.items()}
        task = Task(space, images[rows], some, steps, Prior(prior, far), enough)
        first = begun(task, starts, seed)
        if begin is not None:
            first = torch.cat([coordinates(space, begin[rows])[:, None], first], 1)
        found.append(sought_again(task, searched(task, first), again, max(starts, 1), seed))
        progress(int(rows[-1]) + 1, len(images))
    points = points_at(space, torch.cat(found))
    drawn = space.images(points, given)
    return Inverted(points, drawn, root(drawn, images))


@dataclass(frozen=True)
class Task:
    """What is sought: images (N, C, H, W) under conditions (N, ...), for so many `steps`, or until they are near."""

    space: Space
    images: Tensor
    given: Given
    steps: int
    prior: Prior
    enough: float

    def of(self, rows: Tensor) -> Task:
        """The task of these images alone."""
        return replace(self, images=self.images[rows], given={name: value[rows] for name, value in self.given.items()})

    def errors(self, coords: Tensor) -> Tensor:
        """How far (N,) the images drawn from coordinates (N, d) are from those sought."""
        return root(self.space.images(points_at(self.space, coords), self.given), self.images)


def sought_again(task: Task, coords: Tensor, times: int, starts: int, seed: int) -> Tensor:
    """The same coordinates (N, d), or better ones from other samples where images were missed."""
    errors = task.errors(coords)
    for time in range(1, times + 1):
        rows = (errors > max(MISSED, task.enough)).nonzero()[:, 0]
        if not len(rows):
            break
        part = task.of(rows)
        other = searched(part, begun(part, starts, seed + time))
        new = part.errors(other)
        better = new < errors[rows]
        coords[rows[better]], errors[rows[better]] = other[better], new[better]
    return coords


def searched(task: Task, first: Tensor) -> Tensor:
    """The best coordinates (N, d) for the images, begun from `first` (N, starts, d)."""
    count, starts = first.shape[:2]

    def values(coords: Tensor, rows: Tensor) -> tuple[Tensor, Tensor]:
        part = task.of(rows // starts)
        drawn = task.space.images(points_at(task.space, coords), part.given)
        apart = (drawn - part.images).square().flatten(1).mean(1)
        return apart + task.prior(coords), apart.sqrt() / 2

    descent = Descent(values, first.flatten(0, 1), task.enough)
    for left, tries in rounds(starts, task.steps):
        descent.go(tries)
        value = torch.where(descent.done, descent.value - 1, descent.value).view(count, -1)  # who is there comes first
        best = value.topk(left, largest=False).indices
        descent.keep((best + torch.arange(count)[:, None] * value.shape[1]).flatten())
        descent.resting = descent.done.view(count, left).any(1).repeat_interleave(left)  # for its image is found
    return descent.at


def rounds(starts: int, steps: int) -> Iterator[tuple[int, int]]:
    """How many starts are left after how many tries, round by round: half as many, for twice as long."""
    tries = FIRST
    while starts > 1:
        starts = (starts + 1) // 2
        yield starts, min(tries, steps)
        tries *= 2
    yield 1, steps


def begun(task: Task, starts: int, seed: int) -> Tensor:
    """Coordinates (N, starts, d) of the samples nearest to each image, under its conditions."""
    space, images, given = task.space, task.images, task.given
    alike = torch.cat([value.reshape(len(images), -1).double() for value in given.values()], 1) if given else None
    kinds = torch.zeros(len(images)).long() if alike is None else torch.unique(alike, dim=0, return_inverse=True)[1]
    found = torch.empty(len(images), starts, space.centre.numel())
    for kind in torch.unique(kinds):
        rows = (kinds == kind).nonzero()[:, 0]
        same = {name: value[rows[:1]].expand(BANK, *value.shape[1:]) for name, value in given.items()}
        bank = space.points(BANK, seed, same)
        found[rows] = coordinates(space, bank)[nearest(images[rows], space.images(bank, same), starts)]
    return found


def nearest(images: Tensor, bank: Tensor, count: int) -> Tensor:
    """Which (N, count) of the bank's images come nearest, pixel by pixel."""
    return torch.cdist(images.flatten(1), bank.flatten(1)).topk(count, largest=False).indices


def root(made: Tensor, wanted: Tensor) -> Tensor:
    """Root mean square differences (N,) of images in [-1, 1], in shares of their range."""
    return (made - wanted).square().flatten(1).mean(1).sqrt() / 2
