"""`gansmith video`: a film through a run's latents, or of its training."""

from __future__ import annotations

from typing import Annotated

import typer

from gansmith.cli.app import app, note
from gansmith.cli.options import Device, Out, RunName, Which


@app.command()
def video(
    run: RunName = "last",
    seconds: Annotated[float | None, typer.Option(help="how long it lasts (default: 8)")] = None,
    fps: Annotated[float, typer.Option(help="frames per second")] = 24.0,
    seed: Annotated[int, typer.Option(help="which walk; it begins with the samples of that seed")] = 0,
    grid: Annotated[str | None, typer.Option(metavar="RxC", help="walks side by side, rows x columns: 3x3")] = None,
    to: Annotated[str, typer.Option("-o", "--out", help="x.webp, .gif, .png, or .mp4 (needs ffmpeg)")] = "film.webp",
    training: Annotated[bool, typer.Option("--training", help="film how the samples came to be, instead")] = False,
    label: Annotated[str | None, typer.Option(help="of this class, by name or number")] = None,
    labels: Annotated[str | None, typer.Option(help="all, or classes with commas: a walk for each")] = None,
    text: Annotated[list[str] | None, typer.Option(help="of what this says; again for a walk each")] = None,
    code: Annotated[str | None, typer.Option(help="with this code: 3, or k1=3,c1=-2")] = None,
    truncation: Annotated[float | None, typer.Option(help="as for sample: lower is more typical, less varied")] = None,
    scale: Annotated[int | None, typer.Option(min=1, max=64, help="pixels for each pixel of an image")] = None,
    which: Which = "last",
    device: Device = "auto",
    out: Out = "runs",
) -> None:
    """Film a smooth walk through RUN's latents that ends where it began, or how its training went."""

    from gansmith.cli.show import Show
    from gansmith.verbs.video import video as film

    asked = {"label": label, "labels": labels, "text": text or (), "code": code, "truncation": truncation}
    with Show(quiet=True) as watch:
        path = film(
            run,
            seconds=seconds,
            fps=fps,
            seed=seed,
            grid=grid,
            to=to,
            training=training,
            scale=scale,
            which=which,
            device=device,
            out=out,
            warn=note,
            watch=watch,
            **asked,
        )
    print(path)
