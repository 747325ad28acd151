"""`gansmith truncation`: quality against variety, as samples are held nearer to the most typical one."""

from __future__ import annotations

import json
import math
from typing import Annotated

import typer

from gansmith.cli.app import app
from gansmith.cli.options import Device, Json, Out, RunName, Which
from gansmith.errors import UsageError


@app.command()
def truncation(
    run: RunName = "last",
    values: Annotated[
        str | None, typer.Option(help="with commas, e.g. 0.3,0.5,1,none (default: by the family)")
    ] = None,
    count: Annotated[int, typer.Option("-n", "--count", help="samples at each value, and as many real ones")] = 1000,
    to: Annotated[str, typer.Option("-o", "--out", help="the sheet, a .png")] = "truncation.png",
    seed: Annotated[int, typer.Option(help="which samples")] = 0,
    which: Which = "last",
    device: Device = "auto",
    as_json: Json = False,
    out: Out = "runs",
) -> None:
    """Show what truncating latents (biggan) or styles (stylegan2) of RUN buys in quality and costs in variety."""
    from gansmith.cli.show import Show
    from gansmith.verbs.truncation import told
    from gansmith.verbs.truncation import truncation as look

    wanted = None if values is None else read_values(values)
    with Show(quiet=as_json) as watch:
        found = look(
            run, values=wanted, count=count, to=to, seed=seed, which=which, out=out, device=device, watch=watch
        )
        watch.stop()
    if as_json:
        print(json.dumps(found.to_json(), indent=2))
        return
    print(f"{found.n:,} samples at each value, in {found.features} features")
    print("truncation  precision  recall  density  coverage  KID x1000")
    for name, point in [*((told(point.truncation), point) for point in found.points), ("real", found.real)]:
        figures = (point.precision, point.recall, point.density, point.coverage)
        print(f"{name:>10}  {{:9.2f}}  {{:6.2f}}  {{:7.2f}}  {{:8.2f}}  {point.kid:9.0f}".format(*figures))
    print(found.sheet)
    print(found.curve)


def read_values(text: str) -> list[float]:
    try:
        return [math.inf if word.strip() == "none" else float(word) for word in text.split(",")]
    except ValueError:
        raise UsageError(f"'{text}' are no truncations.", do="--values 0.3,0.5,1,none") from None
