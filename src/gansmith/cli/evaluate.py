"""`gansmith evaluate`: the honest table, each figure with its interval, its floor and a word on how to read it."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Annotated

import typer

from gansmith.cli.app import app
from gansmith.cli.options import Channels, Device, Fit, Json, NoCache, Out, Size, Which, data_options

if TYPE_CHECKING:
    from rich.table import Table

    from gansmith.measure.score import Score
    from gansmith.verbs.evaluate import Evaluation
    from gansmith.verbs.pairs import Rival

Judged = Annotated[str, typer.Argument(metavar="RUN|REAL", help="a run; or real data, when FAKE is given")]
Fake = Annotated[str | None, typer.Argument(metavar="[FAKE]", help="generated samples: whatever can be data")]
FEATURES = "random, own, pixels, inception, module:object or a folder; several with commas"
GRADED = (
    *("precision", "recall", "density", "coverage", "CAS", "1-NN TSTR", "faithfulness", "high quality"),
    "caption first of 16",
)


ARROWS = {"low": "↓", "high": "↑"}
UNCHALLENGED = 4  # rivals that are always there, the run's own answers among them
VISIBLE_DB = 3.0  # decibels: twice the energy that real images have there


@app.command()
def evaluate(
    run_or_real: Judged = "last",
    fake: Fake = None,
    count: Annotated[int, typer.Option("-n", "--count", help="generated samples, and as many real ones")] = 2000,
    features: Annotated[str, typer.Option(help=FEATURES)] = "random,own",
    which: Which = "last",
    seed: Annotated[int, typer.Option(help="which samples")] = 0,
    against: Annotated[
        str | None, typer.Option(metavar="RUN", help="another run that translates the same pairs")
    ] = None,
    to: Annotated[str | None, typer.Option("-o", "--out", help="a folder for figures and pictures")] = None,
    size: Size = None,
    fit: Fit = "crop",
    channels: Channels = None,
    device: Device = "auto",
    no_cache: NoCache = False,
    as_json: Json = False,
    out: Out = "runs",
) -> None:
    """Measure a run, or FAKE against REAL: scores with intervals and floors, what is missing, what was copied."""
    from gansmith.cli.show import Show
    from gansmith.verbs.evaluate import evaluate as measure

    with Show(quiet=as_json) as watch:
        found = measure(
            run_or_real,
            fake,
            count=count,
            features=[name.strip() for name in features.split(",") if name.strip()],
            seed=seed,
            which=which,
            out=out,
            to=to,
            options=data_options(size, fit, channels, 0.0, no_cache, False),
            device=device,
            against=against,
            watch=watch,
        )
        watch.stop()
    if as_json:
        print(json.dumps(found.to_json(), indent=2))
    else:
        show(found)


def show(found: Evaluation) -> None:
    """Print an evaluation for a person."""
    from rich.console import Console
    from rich.markup import escape
    from rich.table import Table

    console = Console(highlight=False)
    if not console.is_terminal:  # a file has no edge
        console = Console(highlight=False, width=200)
    console.print(f"[bold]{escape(found.name)}[/]")
    console.print(f"{found.count:,} generated samples of seed {found.seed} against {escape(found.real)}")
    table = Table(box=None, padding=(0, 1, 0, 0))
    for heading in ("score", "value", "95 % interval", "real", "better", ""):
        table.add_column(heading, justify="left" if heading in ("score", "better", "") else "right", no_wrap=True)
    for score in (score for score in found.scores if score.value is not None):
        better = ARROWS.get(score.better, score.better)
        cells = (score.label, plain(score.value), around(score), plain(score.floor), better, reading(score))
        table.add_row(*(escape(cell) for cell in cells))
    console.print(table)
    if found.rivals:
        console.print(f"[bold]how near to the right answers[/], on {found.pairs}")
        console.print(rivalry(found.rivals))
    for line in notes(found):
        console.print(escape(line))


def rivalry(rivals: Sequence[Rival]) -> Table:
    """How near each comes to the right answers, a row per rival."""
    from rich.markup import escape
    from rich.table import Table

    table = Table(box=None, padding=(0, 1, 0, 0))
    table.add_column("answers", no_wrap=True)
    for score in rivals[0].scores:
        table.add_column(f"{escape(score.label)} {ARROWS[score.better]}", justify="right")
    for rival in rivals:
        table.add_row(escape(rival.name), *(plain(score.value) for score in rival.scores))
    return table


def notes(found: Evaluation) -> Iterator[str]:
    """What the table does not say: what has no number, what is missing, the classes, where the files are."""
    reasons: dict[str, list[str]] = {}
    for score in found.scores:
        if score.value is None:
            reasons.setdefault(score.why, []).append(score.label)
    for why, labels in reasons.items():
        yield f"no number for {', '.join(labels)}: {why}"
    if found.missing:
        most = ", ".join(f"{share:.0%} of {name}" for name, share in list(found.missing_classes.items())[:3])
        by_chance = f"{found.missing:.1%} of real samples, by chance {found.missing_floor:.1%}"
        yield f"made too rarely: {by_chance}{f' (most: {most})' if most else ''}"
    for score in found.scores:
        if score.value is not None and score.floor and score.name == "CAS":
            yield f"CAS gap: {100 * (score.floor - score.value):.1f} points ({score.label})"
        elif score.value is not None and score.floor and score.name == "faithfulness":
            yield f"faithfulness: {score.value / score.floor:.1%} of real's ({score.label})"
    for name, figures in found.classes.items():
        told = ", ".join(f"{score} {plain(value) or 'too few'}" for score, value in figures.items())
        yield f"class {name}: {told}"
    if found.rivals and len(found.rivals) == UNCHALLENGED:
        yield "what the adversary adds is told by the same without it: train with adversarial=0, then --against it"
    yield f"took {found.seconds:.0f} s"
    yield from (str(path) for path in found.files)


def reading(score: Score) -> str:
    """One or two words: what the figure means beside the same figure of real samples."""
    value, floor = score.value, score.floor
    if value is None:
        return ""
    if score.name == "memorisation":
        return _first(((0.9, "fresh"), (0.7, "close"), (-math.inf, "copied")), value)
    if score.name == "copying z":
        return _first(((-3, "fresh"), (-math.inf, "too close")), value)
    if score.name == "1-NN accuracy":
        return _first(((-0.55, "like real"), (-0.7, "good"), (-0.85, "fair"), (-1, "told apart")), -value)
    if score.name == "checkerboard":
        return "visible" if value > VISIBLE_DB else "none"
    if floor is None:
        return ""
    if score.name in GRADED and floor > 0:
        return _first(((0.95, "like real"), (0.8, "good"), (0.5, "fair"), (-math.inf, "poor")), value / floor)
    low, high = (value, value) if score.low is None or score.high is None else (score.low, score.high)
    near = (score.better == "low" or high >= floor) and (score.better == "high" or low <= floor)
    return "like real" if near else "differs"


def _first(steps: Sequence[tuple[float, str]], value: float) -> str:
    return next((word for least, word in steps if value >= least), "")


def around(score: Score) -> str:
    """The interval, "0.810..0.850"."""
    return "" if score.low is None or score.high is None else f"{plain(score.low)}..{plain(score.high)}"


def plain(value: float | None) -> str:
    """A figure in about three digits; a whole number whole."""
    if value is None or math.isnan(value):
        return ""
    if abs(value) >= 100 or (float(value).is_integer() and abs(value) >= 2):
        return f"{value:,.0f}"
    return f"{value:.4f}" if abs(value) < 0.1 else f"{value:.3f}" if abs(value) < 10 else f"{value:.1f}"
