"""`gansmith encode` and `gansmith reconstruct`: images through a run that has an encoder, into latents and back."""

from __future__ import annotations

import json
from typing import Annotated

import typer

from gansmith.cli.app import app
from gansmith.cli.options import Device, Json, Out, RunName, Which
from gansmith.cli.translate import tell_skipped

Images = Annotated[str, typer.Argument(metavar="IMAGES", help="an image, a folder, or an archive of images")]


@app.command()
def encode(
    run: RunName,
    images: Images,
    to: Annotated[str, typer.Option("-o", "--out", help="an .npz: latents, and whose they are")] = "latents.npz",
    which: Which = "last",
    device: Device = "auto",
    out: Out = "runs",
) -> None:
    """Find the latents of images by RUN's encoder (vae, vae-gan); gansmith sample --latents draws them again."""
    from gansmith.cli.show import Show
    from gansmith.verbs.encode import encode as work

    with Show() as watch:
        found = work(run, images, to=to, which=which, out=out, device=device, watch=watch)
        watch.stop()
    print(f"{len(found.names):,} encoded, into {found.path}")
    tell_skipped(found.skipped)


@app.command()
def reconstruct(
    run: RunName,
    images: Images,
    to: Annotated[str, typer.Option("-o", "--out", help="the folder they go to, under the same names")],
    which: Which = "last",
    device: Device = "auto",
    as_json: Json = False,
    out: Out = "runs",
) -> None:
    """Encode images by RUN and draw them again: how near that comes, image by image, and a sheet to look at."""
    from gansmith.cli.show import Show
    from gansmith.verbs.reconstruct import reconstruct as work

    with Show(quiet=as_json) as watch:
        found = work(run, images, to=to, which=which, out=out, device=device, watch=watch)
        watch.stop()
    if as_json:
        each = [{"file": str(path), **scores} for path, scores in zip(found.files, found.scores, strict=True)]
        skipped = [{"name": name, "why": why} for name, why in found.skipped]
        print(json.dumps({"mean": found.mean, "files": each, "sheet": str(found.sheet), "skipped": skipped}, indent=2))
        return
    means = ", ".join(f"{name} {value:.3g}" for name, value in found.mean.items())
    print(f"{len(found.files):,} reconstructed, into {to}: {means} on average, each in {found.table}")
    print(f"originals above reconstructions: {found.sheet}")
    tell_skipped(found.skipped)
