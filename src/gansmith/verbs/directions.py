"""directions: find directions among a run's latents, by its weights, from examples or from labels, and keep them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from gansmith.editing.directions import Direction, orthogonalised
from gansmith.editing.space import Space
from gansmith.errors import GansmithError, UsageError, closest
from gansmith.runs import directions as files
from gansmith.runs.folder import Run
from gansmith.runs.model import load
from gansmith.runs.pictures import save_png
from gansmith.verbs.codes import stacked
from gansmith.verbs.encode import Watcher
from gansmith.verbs.groups import Finder, Group
from gansmith.verbs.latents import space_of
from gansmith.verbs.search import LEAST, METHODS, WAYS, By, Method, Search

MOST = 100  # directions found at once
FEW = 10  # examples of a side, below which a word is said
FOLDED = 6  # latents in use, below which hardly anything changes alone
ON_SHEET = 24  # strips


@dataclass(frozen=True)
class Found:
    """Directions, and the files of each: tensors, JSON, strip.

    sheet: the strips one under the other, where it was asked for. skipped: files that could not be read, and why.
    notes: what should be known.
    """

    directions: tuple[Direction, ...]
    files: tuple[tuple[Path, Path, Path], ...]
    sheet: Path | None = None
    skipped: tuple[tuple[str, str], ...] = ()
    notes: tuple[str, ...] = ()


def directions(
    run: str | Path = "last",
    *,
    method: Method = "sefa",
    name: str | None = None,
    with_: str = "",
    without: str = "",
    by: By = "auto",
    against: Sequence[str] = (),
    space: str = "auto",
    count: int = 5,
    to: str | Path | None = None,
    which: str = "last",
    out: str | Path = "runs",
    device: str = "auto",
    watch: Watcher = lambda report: None,
    **asked: Any,
) -> Found:
    """Find directions and keep them in RUN/directions, each with a strip from -3 to +3 standard deviations.

    sefa, pca: `count` of them, which nobody chose, called `name` and a number. examples: one, `name`, that leads from
    the group `without` to the group `with_`, see `Finder`; by: what is learnt from, their pictures or their latents
    alone; by itself the latents where they tell examples apart that were held out. labels: one for each class, or each
    factor that is yes or no, of the run's own data; of `name` alone where given. against: names of directions along
    which nothing is to change. to: a .png of the strips. asked: label, text, code, truncation, as `given_for` knows
    them. Raises UsageError for what cannot be, GansmithError for empty groups.
    """
    check(method, by, count, to, {"--with": with_, "--without": without, "--name": name or ""})
    path = Run.find(str(run), Path(out)).path
    model = load(path, which=which, device=device)
    asked = {option: value for option, value in asked.items() if value not in (None, "", ())}
    search = Search(model, space_of(model, space), asked, watch)
    others = [matching(path, other, search.space) for other in against]
    keeper = Keeper(path, search, files.stamp_of(path / "checkpoints" / model.checkpoint))
    notes: tuple[str, ...] = used(search)
    skipped: tuple[tuple[str, str], ...] = ()
    made: Iterable[Direction]
    if method == "examples":
        finder = Finder(model, search.space, asked, watch)
        sides = finder(with_), finder(without)
        skipped = sides[0].skipped + sides[1].skipped
        notes += tuple(small(sides))
        made = [search.told_apart(name or "", *sides, by)]
    elif method == "labels":
        made = search.labelled(name)
    else:
        made = search.unnamed(method, count, name or method)
    kept = [keeper(search.measured(free_of(one, others))) for one in made]
    found, written = zip(*kept, strict=True)
    if to is not None:
        keeper.sheet(found, Path(to))
    return Found(found, written, None if to is None else Path(to), skipped, notes)


def check(method: str, by: str, count: int, to: str | Path | None, given: dict[str, str]) -> None:
    """Refuse what cannot be meant. given: what was said of examples, by option."""
    if method not in METHODS:
        raise UsageError(f"There is no method '{method}'.", do=closest(method, METHODS))
    if by not in WAYS:
        raise UsageError(f"Nothing is learnt by '{by}'.", do=closest(by, WAYS))
    if not 1 <= count <= MOST:
        raise UsageError(f"{count} directions cannot be found.", do=f"-n between 1 and {MOST}")
    if to is not None and Path(to).suffix.lower() != ".png":
        raise UsageError(f"Strips cannot be written as '{Path(to).suffix}'.", do="--out directions.png")
    if given["--name"]:
        files.check_name(given["--name"])
    if method != "examples" and (given["--with"] or given["--without"]):
        raise UsageError("--with and --without are of examples.", do="--method examples")
    if method == "examples" and (missing := [option for option, said in given.items() if not said]):
        raise UsageError(
            f"Examples need {' and '.join(missing)}.",
            do="--name glasses --with 1,5,9 --without 2,3,4: 10 to 50 seeds each, or two folders of images",
        )


def matching(run: Path, name: str, space: Space) -> Direction:
    """A run's direction of that name. Raises UsageError where it is of another space."""
    one = files.load(run, name).direction
    if one.space != space.name or len(one.vector) != space.centre.numel():
        raise UsageError(
            f"The direction {name} is not of this space.",
            f"it lies in {one.space}, of {len(one.vector)} values; this is {space.name}, of {space.centre.numel()}",
            f"--space {one.space}, or find it again: gansmith directions {run.name} --space {space.name}",
        )
    return one


def used(search: Search) -> tuple[str, ...]:
    """A sentence on how many latents there are to find directions among."""
    found, size = search.breadth(), search.space.centre.numel()
    if found is None:
        return ()
    words = f"The generator uses about {found:.0f} of its {size} latents"
    return (
        f"{words}: a line changes several things at once; gansmith edit --careful." if found < FOLDED else f"{words}.",
    )


def small(sides: Sequence[Group]) -> Iterator[str]:
    """Refuses groups too small to tell anything; a sentence for each that tells little."""
    for side in sides:
        if len(side.images) < LEAST:
            few = "one image" if len(side.images) == 1 else f"{len(side.images)} images"
            raise UsageError(f"'{side.text}' is {few}.", "nothing can be told from so few", f"{FEW} to 50 of each side")
        if len(side.images) < FEW:
            yield f"'{side.text}' is {len(side.images)} images: {FEW} to 50 of each side tell more."


def free_of(one: Direction, others: Sequence[Direction]) -> Direction:
    """What is left of a direction beside others. Raises UsageError where that is nothing."""
    try:
        return orthogonalised(one, others)
    except ValueError:
        names = ", ".join(other.name for other in others)
        raise UsageError(f"Nothing of {one.name} is left against {names}.", do="leave one out of --against") from None


@dataclass(frozen=True)
class Keeper:
    """Keeps directions in a run's folder as they are found, so that an interrupted search leaves what it has."""

    run: Path
    search: Search
    stamp: str

    def __call__(self, one: Direction) -> tuple[Direction, tuple[Path, Path, Path]]:
        """The direction, and where its tensors, its JSON and its strip are."""
        model, folder = self.search.model, self.run / files.FOLDER
        strip = folder / f"{one.name}.png"
        try:
            values, words = files.save(self.run, files.Kept(one, model.run, model.checkpoint, self.stamp))
            save_png(self.search.strip(one), strip, self.recipe(direction=one.name))
        except OSError as error:
            raise GansmithError(f"Cannot write into {folder}.", str(error)) from None
        return one, (values, words, strip)

    def sheet(self, found: Sequence[Direction], to: Path) -> None:
        """Write the strips one under the other, of many the first."""
        shown = found[:ON_SHEET]
        picture = stacked([self.search.strip(one) for one in shown])
        try:
            save_png(picture, to, self.recipe(directions=[one.name for one in shown]))
        except OSError as error:
            raise GansmithError(f"Cannot write {to}.", str(error), "--out elsewhere") from None

    def recipe(self, **further: Any) -> dict[str, Any]:
        model = self.search.model
        return {"run": model.run, "checkpoint": model.checkpoint, "seed": 0, **further, **self.search.asked}
