"""`gansmith translate`: images through a run of pix2pix or cyclegan, and a sheet of before and after."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Annotated

import typer

from gansmith.cli.app import app
from gansmith.cli.options import Device, Json, Out, RunName, Which

NAMED = 10  # skipped files

Images = Annotated[str, typer.Argument(metavar="FILE|FOLDER", help="an image, or a folder of images")]


@app.command()
def translate(
    run: RunName,
    images: Images,
    to: Annotated[str, typer.Option("-o", "--out", help="the folder they go to, under the same names")],
    direction: Annotated[str | None, typer.Option(help="AtoB or BtoA (default: as it was trained)")] = None,
    as_is: Annotated[bool, typer.Option("--as-is", help="these are outlines already (a run of --edges)")] = False,
    as_trained: Annotated[
        bool, typer.Option("--as-trained", help="translate at the size of the training's images, then enlarge")
    ] = False,
    seed: Annotated[int, typer.Option(help="of what chance there is")] = 0,
    which: Which = "last",
    device: Device = "auto",
    as_json: Json = False,
    out: Out = "runs",
) -> None:
    """Translate images by RUN: any size, same size and name out, alpha kept, and a sheet of before and after."""
    from gansmith.cli.show import Show
    from gansmith.verbs.translate import translate as work

    with Show(quiet=as_json) as watch:
        found = work(
            run,
            images,
            to=to,
            direction=direction,
            as_is=as_is,
            as_trained=as_trained,
            seed=seed,
            which=which,
            out=out,
            device=device,
            watch=watch,
        )
        watch.stop()
    if as_json:
        told = {"files": list(map(str, found.files)), "sheet": str(found.sheet), "notes": found.notes}
        print(json.dumps({**told, "skipped": [{"name": name, "why": why} for name, why in found.skipped]}, indent=2))
        return
    print(f"{len(found.files):,} translated, into {to}; before and after: {found.sheet}")
    for note in found.notes:
        print(f"note: {note}")
    tell_skipped(found.skipped)


def tell_skipped(skipped: Sequence[tuple[str, str]]) -> None:
    """Name the files that could not be read, or the first of many."""
    for name, why in skipped[:NAMED]:
        print(f"skipped {name}: {why}")
    if len(skipped) > NAMED:
        print(f"... and {len(skipped) - NAMED:,} more")
