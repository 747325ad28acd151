"""`gansmith mix`: the images of some seeds in the styles of others."""

from __future__ import annotations

from typing import Annotated

import typer

from gansmith.cli.app import app
from gansmith.cli.options import Device, Out, RunName, Which
from gansmith.errors import UsageError


@app.command()
def mix(
    run: RunName = "last",
    rows: Annotated[str, typer.Option(help="seeds of the images that are given other styles")] = "1,2,3",
    columns: Annotated[str, typer.Option(help="seeds of those whose styles they are given")] = "4,5,6,7,8",
    layers: Annotated[str, typer.Option(help="which styles: coarse, middle, fine, or layers from 0: 0-3")] = "coarse",
    to: Annotated[str, typer.Option("-o", "--out", help="the sheet, a .png")] = "mix.png",
    label: Annotated[str | None, typer.Option(help="of this class, by name or number")] = None,
    truncation: Annotated[float | None, typer.Option(help="psi: lower is more typical, less varied")] = None,
    noise: Annotated[str | None, typer.Option(help="fixed, random or none")] = None,
    which: Which = "last",
    device: Device = "auto",
    out: Out = "runs",
) -> None:
    """Draw the images of some seeds with the styles of others at some layers, by RUN (stylegan2)."""
    from gansmith.verbs.mix import mix as sheet

    print(
        sheet(
            run,
            rows=read_seeds("rows", rows),
            columns=read_seeds("columns", columns),
            layers=layers,
            to=to,
            label=label,
            truncation=truncation,
            noise=noise,
            which=which,
            device=device,
            out=out,
        )
    )


def read_seeds(name: str, text: str) -> list[int]:
    try:
        return [int(word) for word in text.split(",")]
    except ValueError:
        raise UsageError(f"'{text}' are no seeds.", do=f"--{name} 1,2,3") from None
