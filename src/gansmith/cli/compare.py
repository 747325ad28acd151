"""`gansmith compare`: several families on the same data, with the same budget, in one table."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Annotated

import typer

from gansmith.cli.app import app
from gansmith.cli.options import Channels, Data, Device, Fit, Holdout, Json, NoCache, Size, data_options

if TYPE_CHECKING:
    from gansmith.runs.comparison import Comparison


@app.command()
def compare(
    data: Data,
    families: Annotated[
        str | None,
        typer.Option(help="with commas; pca and mixture need no network (default: several that need only images)"),
    ] = None,
    duration: Annotated[str, typer.Option("-d", "--duration", help="of each training: 5m, 200kimg or 20ep")] = "5m",
    seeds: Annotated[int, typer.Option(help="trainings of each family")] = 1,
    count: Annotated[int, typer.Option("-n", "--count", help="generated samples that are scored")] = 2000,
    size: Size = None,
    fit: Fit = "crop",
    channels: Channels = None,
    holdout: Holdout = 0.05,
    no_cache: NoCache = False,
    device: Device = "auto",
    out: Annotated[str, typer.Option(help="where the comparison goes")] = "runs",
    as_json: Json = False,
) -> None:
    """Train several families on DATA, each as long, and score them alike; the same command goes on where it stopped."""
    from gansmith.cli.show import Show
    from gansmith.verbs.compare import DEFAULT
    from gansmith.verbs.compare import compare as run

    names = DEFAULT if families is None else [name.strip() for name in families.split(",") if name.strip()]
    with Show(quiet=as_json) as watch:
        found = run(
            data,
            families=names,
            duration=duration,
            seeds=seeds,
            count=count,
            options=data_options(size, fit, channels, holdout, no_cache, False),
            out=out,
            device=device,
            watch=watch,
        )
        watch.stop()
    if as_json:
        print(json.dumps(found.to_json(), indent=2))
    else:
        show(found)


def show(found: Comparison) -> None:
    """Print a comparison for a person."""
    from rich.console import Console
    from rich.markup import escape
    from rich.table import Table

    from gansmith.runs.comparison import COLUMNS
    from gansmith.runs.quantities import measure

    console = Console(highlight=False)
    if not console.is_terminal:
        console = Console(highlight=False, width=200)
    console.print(f"{found.duration} each, {found.count:,} samples against {escape(found.real)}, in {found.features}")
    table = Table(box=None, padding=(0, 2, 0, 0))
    table.add_column("")
    for name in COLUMNS:
        table.add_column(name, justify="right")
    for one in found.candidates:
        cells = (one.figures[name].text() if name in one.figures else "" for name in COLUMNS)
        table.add_row(f"[bold]{escape(one.name)}[/]", *cells)
    table.add_row("real against real", *(measure(found.floor[name]) if name in found.floor else "" for name in COLUMNS))
    console.print(table)
    for one in found.candidates:
        if one.failed:
            console.print(f"{one.name}: {escape(one.failed)}")
    console.print(str(found.report), soft_wrap=True)
