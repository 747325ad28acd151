"""arithmetic: sums of latents, "mean(glasses_men) - mean(men) + mean(women)", and a picture of the sum."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from gansmith.editing.coordinates import coordinates, points_at
from gansmith.editing.directions import Direction
from gansmith.editing.expression import Name, Node, Term, names_in, parsed, summed
from gansmith.editing.space import Space
from gansmith.editing.sums import Value, evaluated, mean, offset, points, settled
from gansmith.errors import GansmithError, UsageError, closest
from gansmith.runs import directions as files
from gansmith.runs.equation import Column, equation
from gansmith.runs.folder import Run
from gansmith.runs.model import load
from gansmith.runs.pictures import save_png, to_uint8
from gansmith.verbs.directions import matching
from gansmith.verbs.encode import Watcher
from gansmith.verbs.groups import Finder, Group
from gansmith.verbs.latents import space_of
from gansmith.verbs.points import write_points
from gansmith.verbs.seeds import conditions_of_seed, samples_at

EXEMPLARS = 3  # of each group, over their mean (Radford et al. 2016, figure 7)
ABOUT = 0.25  # reach of the uniform noise between the sum's neighbours, as there
NINE = 9


@dataclass(frozen=True)
class Sum:
    """The picture, and what the sum is drawn as: images uint8 (N, H, W, C) of points (N, *shape)."""

    path: Path
    images: NDArray[np.uint8]
    points: Tensor
    skipped: tuple[tuple[str, str], ...] = ()


def arithmetic(
    run: str | Path,
    expression: str,
    *,
    groups: Mapping[str, str] | None = None,
    to: str | Path = "sum.png",
    space: str = "auto",
    hold: bool = True,
    which: str = "last",
    out: str | Path = "runs",
    device: str = "auto",
    watch: Watcher = lambda report: None,
    **asked: Any,
) -> Sum:
    """What an expression of latents is drawn as, with a picture of how it came about.

    groups: name -> what is meant, see `Finder`. A name alone stands for each of its members, so that "women +
    mean(glasses_men) - mean(men)" changes every woman; mean(name) for their mean; a direction's name for one standard
    deviation along it; seed(7) for the sample of a seed. hold: of single latents the sum is as long as they are, see
    `settled`. to: a .png, the sum with its exemplars, or an .npz of its latents. asked: label, text, code, truncation,
    as `given_for` knows them. Raises UsageError for an expression that cannot be read, or with an unknown name.
    """
    target = Path(to)
    if target.suffix.lower() not in (".png", ".npz"):
        raise UsageError(f"A sum cannot be written as '{target.suffix}'.", do="--out sum.png, or sum.npz")
    terms = parsed(expression)
    path = Run.find(str(run), Path(out)).path
    meant = {files.check_name(name): text for name, text in (groups or {}).items()}
    check_names(terms, [*meant, *files.names(path)])
    model = load(path, which=which, device=device)
    asked = {option: value for option, value in asked.items() if value not in (None, "", ())}
    place = space_of(model, space)
    find = Finder(model, place, asked, watch)
    used = dict.fromkeys(name for term in terms for name in names_in(term.node))
    found = {name: with_points(find(meant[name]), name) for name in used if name in meant}
    steps = {name: matching(path, name, place) for name in used if name not in meant}

    def seed(number: int, which: int) -> Value:
        return points(coordinates(place, samples_at(model, place, [(number, which)], asked)[0]))

    known = {name: points(coordinates(place, group)) for name, (_, group) in found.items()}
    known |= {name: stepped(one) for name, one in steps.items()}
    total = evaluated(summed(terms), known, seed)
    if not isinstance(total, Value):
        raise UsageError(f"'{expression}' is a number.", do="mean(a) - mean(b) + mean(c)")
    ends = points_at(place, settled(total, hold=hold))
    given = conditions_of_seed(model, max(NINE, len(ends)), 0, asked)
    same = {name: rows[:1].expand(len(rows), *rows.shape[1:]) for name, rows in given.items()}
    draw = Painter(place, same, hold)
    images = to_uint8(draw(ends))
    recipe = {"run": model.run, "checkpoint": model.checkpoint, "expression": expression, "groups": meant, **asked}
    try:
        if target.suffix.lower() == ".npz":
            names = [f"{number}" for number in range(len(ends))]
            write_points(target, place, ends, names, {name: rows[: len(ends)] for name, rows in same.items()})
        else:
            columns = [draw.column(term, {n: g for n, (g, _) in found.items()}, known, seed) for term in terms]
            nine = images[:NINE] if len(images) > 1 else to_uint8(draw(draw.around(settled(total, hold=hold))))
            save_png(equation(columns, nine), target, recipe)
    except OSError as error:
        raise GansmithError(f"Cannot write {target}.", str(error), "--out elsewhere") from None
    return Sum(target, images, ends, tuple(one for group, _ in found.values() for one in group.skipped))


def check_names(terms: Sequence[Term], known: Sequence[str]) -> None:
    """Refuse a name that is neither a group's nor a direction's, before anything is read."""
    for word in (word for term in terms for word in names_in(term.node)):
        if word not in known:
            near = closest(word, known) if known else f"--group {word}=1,5,9"
            raise UsageError(f"There is no group or direction '{word}'.", do=near)


def with_points(group: Group, name: str) -> tuple[Group, Tensor]:
    if group.points is None:
        raise UsageError(
            f"The latents of {name} are not known.",
            f"{group.text} holds pictures, and this run has no encoder",
            f"gansmith invert, and --group {name}=latents.npz",
        )
    return group, group.points


def stepped(one: Direction) -> Value:
    return offset(one.vector * one.scale)


@dataclass(frozen=True)
class Painter:
    """Draws points under conditions of at least NINE equal rows."""

    space: Space
    given: Mapping[str, Tensor]
    hold: bool

    def __call__(self, ends: Tensor) -> Tensor:
        rows = {name: value[:1].expand(len(ends), *value.shape[1:]) for name, value in self.given.items()}
        return self.space.images(ends, rows)

    def around(self, coords: Tensor) -> Tensor:
        """Points (9, *shape): one of coordinates (1, d) in the middle of eight neighbours."""
        apart = (torch.rand(NINE, coords.shape[1], generator=torch.Generator().manual_seed(0)) * 2 - 1) * ABOUT
        apart[NINE // 2] = 0
        return points_at(self.space, coords + apart)

    def column(self, term: Term, found: Mapping[str, Group], known: Mapping[str, Value], seed: Any) -> Column:
        """What is shown of a term: members of the group in it, where it has one, and its mean where it is a point."""
        words = list(dict.fromkeys(names_in(term.node)))
        groups = [found[word] for word in words if word in found]
        shown = to_uint8(groups[0].images[:EXEMPLARS]) if len(groups) == 1 else None
        value = evaluated(term.node, known, seed)
        own: NDArray[np.uint8] | None = None
        if isinstance(value, Value) and abs(value.weight) > 1e-6 and not each(term.node):
            own = to_uint8(self(points_at(self.space, settled(mean(value.scaled(1 / value.weight)), hold=self.hold))))
        return Column(term.sign, term.words, shown, own)


def each(node: Node) -> bool:
    """Whether a term is a group's name alone: then every member goes its own way."""
    return isinstance(node, Name)
