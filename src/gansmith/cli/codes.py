"""`gansmith codes`: what the codes of an InfoGAN came to mean."""

from __future__ import annotations

import json
from typing import Annotated

import typer

from gansmith.cli.app import app
from gansmith.cli.options import Device, Json, Out, RunName, Which


@app.command()
def codes(
    run: RunName = "last",
    to: Annotated[str, typer.Option("-o", "--out", help="the sheet, a .png")] = "codes.png",
    seed: Annotated[int, typer.Option(help="which latents are on it")] = 0,
    which: Which = "last",
    device: Device = "auto",
    as_json: Json = False,
    out: Out = "runs",
) -> None:
    """Show what the codes of RUN (infogan) came to mean: a sheet of every code, and figures where labels are known."""
    from gansmith.cli.show import Show
    from gansmith.verbs.codes import codes as look

    with Show(quiet=as_json) as watch:
        found = look(run, to=to, seed=seed, which=which, out=out, device=device, watch=watch)
        watch.stop()
    if as_json:
        print(json.dumps(found.to_json(), indent=2))
        return
    for score in found.errors:
        print(f"{score.name}: {score.value:.1%} ({score.low:.1%}..{score.high:.1%}) of {score.n:,} real images")
    for name, classes in found.classes.items():
        print(f"{name}: " + ", ".join(f"{value} {label or '-'}" for value, label in enumerate(classes)))
    for one in found.meanings:
        print(
            f"{one.code} tells {one.information:.0%} of {one.factor}"
            f" (guessed from it {one.accuracy:.0%}, from nothing {one.chance:.0%})"
        )
    print(found.sheet)
