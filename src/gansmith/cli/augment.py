"""`gansmith augment`: a folder of synthetic training images, and whether they help."""

from __future__ import annotations

import json
from collections.abc import Iterator
from statistics import fmean
from typing import TYPE_CHECKING, Annotated

import typer

from gansmith.cli.app import app
from gansmith.cli.options import Device, Json, Out, RunName, Which
from gansmith.errors import UsageError

if TYPE_CHECKING:
    from rich.table import Table

    from gansmith.verbs.augment import Augmented
    from gansmith.verbs.worth import Measured

DATA = "the labelled images they are to join: a folder, a zip or an array; what RUN was trained on, or like it"
ALL = "all"


@app.command()
def augment(
    run: RunName,
    data: Annotated[str, typer.Argument(metavar="DATA", help=DATA)],
    to: Annotated[str, typer.Option("-o", "--out", help="the new folder they go to, one sub-folder per class")],
    per_class: Annotated[int, typer.Option(help="images of each class")] = 500,
    confidence: Annotated[float, typer.Option(help="that a classifier of DATA must have in the class: 0 to 1")] = 0.5,
    no_measure: Annotated[bool, typer.Option("--no-measure", help="do not measure what they are worth")] = False,
    ratio: Annotated[float, typer.Option(help="synthetic images per real one, where it is measured")] = 1.0,
    sizes: Annotated[str, typer.Option(help="real images per class, where it is measured")] = "10,100,all",
    repeats: Annotated[int, typer.Option(help="how often each is measured, with other images")] = 3,
    test: Annotated[
        str | None, typer.Option(metavar="DATA", help="labelled images to test on (default: held out of DATA)")
    ] = None,
    sheet: Annotated[str | None, typer.Option(help="a .png of what was kept and refused")] = None,
    tries: Annotated[int, typer.Option(help="images drawn at most, for each that is wanted")] = 10,
    seed: Annotated[int, typer.Option(help="which images")] = 0,
    which: Which = "last",
    device: Device = "auto",
    as_json: Json = False,
    out: Out = "runs",
) -> None:
    """Make training images by RUN that pass filters, as a labelled folder, and measure what they add to DATA."""
    from gansmith.cli.show import Show
    from gansmith.verbs.augment import augment as work

    with Show(quiet=as_json) as watch:
        found = work(
            run,
            data,
            to=to,
            per_class=per_class,
            confidence=confidence,
            measure=not no_measure,
            ratio=ratio,
            sizes=read_sizes(sizes),
            repeats=repeats,
            test=test,
            sheet=sheet,
            tries=tries,
            seed=seed,
            which=which,
            out=out,
            device=device,
            watch=watch,
        )
        watch.stop()
    if as_json:
        print(json.dumps(found.to_json(), indent=2))
    else:
        show(found)
    if found.stopped:
        raise typer.Exit(130)


def read_sizes(text: str) -> list[int | None]:
    """`10,100,all` -> [10, 100, None]."""
    words = [word.strip() for word in text.split(",")]
    if not all(word == ALL or (word.isascii() and word.isdecimal()) for word in words):
        raise UsageError(f"'{text}' are no sizes.", do="--sizes 10,100,all")
    return [None if word == ALL else int(word) for word in words]


def show(found: Augmented) -> None:
    """Print what was made, and what it is worth, for a person."""
    from rich.console import Console
    from rich.markup import escape

    console = Console(highlight=False)
    if not console.is_terminal:
        console = Console(highlight=False, width=200)
    drawn = sum(tally.drawn for tally in found.classes.values())
    console.print(f"[bold]{found.kept:,} images[/] in {escape(str(found.path))}, of {drawn:,} drawn")
    console.print(tallies(found))
    for line in notes(found):
        console.print(escape(line), soft_wrap=True)
    if found.measured is not None:
        console.print(f"[bold]accuracy[/] on {found.measured.tested:,} real images that nobody learnt from, in percent")
        console.print(accuracies(found.measured))
        for line in found.measured.verdict():
            console.print(escape(line), soft_wrap=True)


def tallies(found: Augmented) -> Table:
    """A row per class: how many were drawn, kept and refused for which reason."""
    from rich.markup import escape
    from rich.table import Table

    table = Table(box=None, padding=(0, 2, 0, 0))
    table.add_column("class")
    for heading in ("kept", "of", "another label", "copied", "repeated"):
        table.add_column(heading, justify="right")
    for name, tally in found.classes.items():
        figures = (tally.kept, tally.wanted, *tally.refused.values())
        table.add_row(escape(name) or "(none)", *(f"{figure:,}" for figure in figures))
    return table


def accuracies(found: Measured) -> Table:
    """A row per size, a column per arm, means over the repeats."""
    from rich.table import Table

    from gansmith.measure.gain import ARMS

    table = Table(box=None, padding=(0, 2, 0, 0))
    for heading in ("per class", "real images", "synthetic", *ARMS):
        table.add_column(heading, justify="right")
    for size in found.sizes:
        means = (f"{100 * fmean(size.accuracies[arm]):.1f}" for arm in ARMS)
        table.add_row(str(size.per_class or ALL), f"{size.real:,}", f"{size.synthetic:,}", *means)
    return table


def notes(found: Augmented) -> Iterator[str]:
    """How they were judged, what is short, and what else should be known."""
    if found.confidence is not None:
        how = f"judged by a classifier of the real images, with a confidence of {found.confidence:g} or more"
        if found.accuracy is not None and found.passed is not None:
            how += (
                f"; it is right on {found.accuracy:.1%} of real images set aside, and {found.passed:.1%} of them pass"
            )
        yield how
    for name, tally in found.classes.items():
        if tally.kept < tally.wanted and not found.stopped:
            yield f"only {tally.kept:,} of {tally.wanted:,} of {name or 'all'} after {tally.drawn:,} were drawn"
    yield from found.notes
    if found.measured is not None:
        mirrored = "shifted and mirrored" if found.measured.flips else "shifted (no mirror: it changes what they show)"
        yield f"classic augmentation: {mirrored}; {found.measured.ratio:g} synthetic images per real one"
    if found.sheet is not None:
        yield str(found.sheet)
