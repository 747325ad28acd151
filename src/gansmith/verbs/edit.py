"""edit: samples, or latents from a file, moved along directions; before above after."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from gansmith.editing.careful import Wish, careful
from gansmith.editing.directions import Direction, moved
from gansmith.editing.examples import Classifier, classifier_from
from gansmith.editing.space import Space
from gansmith.errors import GansmithError, UsageError
from gansmith.runs import directions as files
from gansmith.runs.folder import Run
from gansmith.runs.model import Model, load
from gansmith.runs.pictures import grid, save_png, to_uint8
from gansmith.verbs.directions import matching
from gansmith.verbs.encode import Watcher
from gansmith.verbs.groups import Finder, Group
from gansmith.verbs.latents import space_of
from gansmith.verbs.points import write_points
from gansmith.verbs.seeds import samples_at

USUAL = 2.0  # strength, where none is stated and none was measured
FURTHEST = 100.0  # standard deviations
MOST, A_ROW = 1000, 8  # samples edited at once; pairs beside one another
AT_ONCE = 64  # of them, where each is edited by itself


@dataclass(frozen=True)
class Edited:
    """The file written, and images uint8 (N, H, W, C) before and after.

    points: (N, *shape), after. reached: of how many images the classifier of each direction says that they have come as
    far as they were to; None where nothing can tell. notes: what should be known.
    """

    path: Path
    before: NDArray[np.uint8]
    after: NDArray[np.uint8]
    points: Tensor
    reached: int | None
    notes: tuple[str, ...]


def edit(
    run: str | Path = "last",
    direction: str | Mapping[str, float | None] = "",
    *,
    seed: int = 0,
    count: int = 1,
    latents: str | Path | None = None,
    to: str | Path = "edit.png",
    carefully: bool = False,
    keep: Sequence[str] = (),
    hold: bool = True,
    which: str = "last",
    out: str | Path = "runs",
    device: str = "auto",
    watch: Watcher = lambda report: None,
    **asked: Any,
) -> Edited:
    """Move samples along directions of their run, and draw them before and after; returns what became of them.

    direction: "glasses=+2,smile=-1" or a mapping, strengths in standard deviations of the samples; None, or a name
    alone, takes the strength found with it. seed, count: which samples; latents: an .npz instead, as encode or invert
    write it. to: a .png, before above after; or an .npz of the latents after. carefully: each image by itself, all else
    of it as it was, for directions from examples; keep: names of others whose attributes are to stay, too. hold: keep
    the lengths of latents, see `moved`. asked: label, text, code, truncation, as `given_for` knows them. Raises
    UsageError for unknown directions and those of another space.
    """
    target = Path(to)
    if target.suffix.lower() not in (".png", ".npz"):
        raise UsageError(f"An edit cannot be written as '{target.suffix}'.", do="--out edit.png, or edited.npz")
    if not 1 <= count <= MOST:
        raise UsageError(f"{count} samples cannot be edited.", do=f"-n between 1 and {MOST}")
    if keep and not carefully:
        raise UsageError("What is to be kept is watched in careful edits.", do="--careful --keep smile")
    wanted = steps_of(direction) if isinstance(direction, str) else list(direction.items())
    path = Run.find(str(run), Path(out)).path
    if not wanted:
        raise UsageError("No direction is named.", do=f"--direction {','.join(files.names(path)[:2]) or 'glasses=2'}")
    first = files.load(path, wanted[0][0])
    model = load(path, which=which, device=device)
    space = space_of(model, first.direction.space)
    steps = [step(matching(path, name, space), amount) for name, amount in wanted]
    asked = {option: value for option, value in asked.items() if value not in (None, "", ())}
    group = chosen(model, space, asked, seed, count, latents, watch)
    assert group.points is not None
    after = moved(space, group.points, steps, hold=hold)
    if carefully:
        after = one_by_one(space, group, after, steps, [kept(path, name, space) for name in keep], watch)
    images = space.images(after, group.given)
    strengths = {one.name: strength for one, strength in steps}
    recipe = {"run": model.run, "checkpoint": model.checkpoint, "seed": seed, "count": len(after)}
    recipe |= {"direction": strengths, **({} if latents is None else {"latents": str(latents)}), **asked}
    recipe |= {"careful": True, "keep": list(keep)} if carefully else {} if hold else {"hold": False}
    before = to_uint8(group.images)
    edited = to_uint8(images)
    try:
        if target.suffix.lower() == ".npz":
            write_points(target, space, after, [f"{place}" for place in range(len(after))], group.given)
        else:
            save_png(pairs(before, edited), target, recipe)
    except OSError as error:
        raise GansmithError(f"Cannot write {target}.", str(error), "--out elsewhere") from None
    return Edited(target, before, edited, after, reached(steps, images), tuple(remarks(first, model)))


def steps_of(text: str) -> list[tuple[str, float | None]]:
    """ "glasses=+2,smile=-1" -> names and strengths; None where none is stated. Raises UsageError."""
    found: dict[str, float | None] = {}
    for part in filter(None, (part.strip() for part in text.split(","))):
        name, equals, amount = (word.strip() for word in part.partition("="))
        if files.check_name(name) in found:
            raise UsageError(f"{name} is named twice.", do=f"--direction {name}=2, once")
        try:
            found[name] = float(amount) if equals else None
        except ValueError:
            raise UsageError(f"'{amount}' is no strength.", do=f"--direction {name}=2") from None
    return list(found.items())


def step(one: Direction, amount: float | None) -> tuple[Direction, float]:
    """A direction and how far to go. Raises UsageError where that is too far."""
    strength = one.strength or USUAL if amount is None else amount
    if not math.isfinite(strength) or abs(strength) > FURTHEST:
        raise UsageError(f"{strength:g} standard deviations are too far.", do=f"--direction {one.name}=2")
    return one, strength


def chosen(
    model: Model,
    space: Space,
    asked: Mapping[str, Any],
    seed: int,
    count: int,
    latents: str | Path | None,
    watch: Watcher,
) -> Group:
    """What is to be edited: the first samples of a seed, or the latents in a file."""
    if latents is None:
        points, given = samples_at(model, space, [(seed, number) for number in range(count)], asked)
        return Group(f"{seed}", space.images(points, given), points, given)
    group = Finder(model, space, asked, watch)(f"@{latents}")
    if group.points is None or len(group.images) > MOST:
        why = "there are none in it" if group.points is None else f"there are more than {MOST}"
        raise UsageError(f"The latents of {latents} cannot be edited.", why, "an .npz of gansmith encode or invert")
    return group


def kept(run: Path, name: str, space: Space) -> Classifier:
    return seen_by(matching(run, name, space))


def seen_by(one: Direction) -> Classifier:
    """What tells an image's attribute. Raises UsageError for a direction that was found without examples."""
    if not one.classifier:
        raise UsageError(
            f"Nothing can tell {one.name} from an image.",
            f"it was found by {one.made.get('method', 'another method')}, without examples",
            "a direction of --method examples or labels, or leave out --careful",
        )
    return classifier_from(one.classifier)


def one_by_one(
    space: Space,
    group: Group,
    after: Tensor,
    steps: Sequence[tuple[Direction, float]],
    keep: Sequence[Classifier],
    watch: Watcher,
) -> Tensor:
    """Where careful edits end that begin at `after`, in parts of AT_ONCE; whoever has all that is wished stays."""
    assert group.points is not None
    wishes = [wish(one, strength) for one, strength in steps]
    lacking = torch.stack([one.lacking(group.images) for one in wishes]).sum(0) > 0
    after = torch.where(lacking.view(-1, *[1] * (after.dim() - 1)), after, group.points)
    parts = []
    for rows in torch.split(torch.arange(len(after)), AT_ONCE):
        given = {name: value[rows] for name, value in group.given.items()}

        def progress(done: int, steps: int, begun: int = int(rows[0]), each: int = len(rows)) -> None:
            watch({"progress": ("editing", begun + each * done // steps, len(after))})

        parts.append(careful(space, group.images[rows], after[rows], wishes, keep, given=given, progress=progress))
    return torch.cat(parts)


def wish(one: Direction, strength: float) -> Wish:
    """What an edit of that strength is to reach: at the one found with the direction, what is typical of examples."""
    classifier = seen_by(one)
    share = min(2.0, abs(strength) / (one.strength or USUAL))
    sign = math.copysign(1.0, strength)
    return Wish(classifier, sign * share * float(classifier.typical), sign)


def reached(steps: Sequence[tuple[Direction, float]], images: Tensor) -> int | None:
    """How many images have what they were to have, or have it no longer, by all directions that can tell."""
    told = [
        math.copysign(1.0, strength) * classifier_from(one.classifier)(images) > 0
        for one, strength in steps
        if one.classifier and strength
    ]
    return int(torch.stack(told).all(0).sum()) if told else None


def remarks(first: files.Kept, model: Model) -> list[str]:
    if first.checkpoint == model.checkpoint:
        return []
    return [f"{first.direction.name} was found at checkpoint {first.checkpoint}; this is {model.checkpoint}."]


def pairs(before: NDArray[np.uint8], after: NDArray[np.uint8]) -> Any:
    """Rows of images, each above what became of it."""
    columns = min(A_ROW, len(before))
    blank = np.full_like(before[:1], 255 if before.shape[-1] % 2 else 0)
    lines: list[NDArray[np.uint8]] = []
    for start in range(0, len(before), columns):
        for side in (before, after):
            row = side[start : start + columns]
            lines += [row, *[blank] * (columns - len(row))]
    return grid(np.concatenate(lines), columns)
