"""`gansmith invert`: photos into latents, by any run that has some."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Annotated

import typer

from gansmith.cli.app import app
from gansmith.cli.options import Device, Json, Out, RunName, Which
from gansmith.cli.translate import NAMED, tell_skipped

if TYPE_CHECKING:
    from gansmith.verbs.invert import Inversion


@app.command()
def invert(
    run: RunName,
    images: Annotated[list[str], typer.Argument(metavar="IMAGES", help="photos, folders or archives of them")],
    to: Annotated[str, typer.Option("-o", "--out", help="the folder for latents.npz, pictures, sheet and table")],
    space: Annotated[str, typer.Option(help="z, or of a style-based generator w or w+; auto: w, else z")] = "auto",
    starts: Annotated[int, typer.Option(help="samples that the search begins from")] = 8,
    steps: Annotated[int, typer.Option(help="tries of the last start left")] = 200,
    encoder: Annotated[bool, typer.Option("--encoder", help="train an encoder first, a minute or two; kept")] = False,
    label: Annotated[str | None, typer.Option(help="of this class, by name or number (default: what fits)")] = None,
    text: Annotated[str | None, typer.Option(help="of what this says (default: what fits)")] = None,
    code: Annotated[str | None, typer.Option(help="with this code (infogan; default: what fits)")] = None,
    seed: Annotated[int, typer.Option(help="of the samples it begins from")] = 0,
    which: Which = "last",
    device: Device = "auto",
    as_json: Json = False,
    out: Out = "runs",
) -> None:
    """Find the latents that RUN's generator comes nearest to photos by: how near, how editable, and what it drew."""
    from gansmith.cli.show import Show
    from gansmith.verbs.invert import invert as work

    with Show(quiet=as_json) as watch:
        found = work(
            run,
            images,
            to=to,
            space=space,
            starts=starts,
            steps=steps,
            encoder=encoder,
            label=label,
            text=(text,) if text else (),
            code=code,
            seed=seed,
            which=which,
            out=out,
            device=device,
            watch=watch,
        )
        watch.stop()
    print(as_words(found) if not as_json else as_data(found))
    if not as_json:
        tell_skipped(found.skipped)


def as_words(found: Inversion) -> str:
    """What was found, and what is to be thought of it."""
    means = ", ".join(f"{name} {found.mean[name]:.3g}" for name in ("L1", "PSNR", "SSIM", "error"))
    lines = [f"{len(found.names):,} photos in {found.space}: {means} on average; each in {found.table}"]
    own, real = (sorted(errors) for errors in (found.known.own, found.known.real))
    lines.append(f"to compare: error {own[len(own) // 2]:.3g} for the median of its own samples")
    if real:
        lines[-1] += f", {real[len(real) // 2]:.3g} for that of images held out of its training"
    else:
        lines[-1] += "; the run's data is not there, so nothing says what is outside of what it knows"
    for names, remark in (
        (found.outside, f"outside what this generator knows, farther than {len(real)} images held out of its training"),
        (found.unusual, "with latents that hardly any sample has, so that edits may tear"),
    ):
        if names:
            more = f" and {len(names) - NAMED:,} more" if len(names) > NAMED else ""
            lines.append(f"{remark}: {', '.join(names[:NAMED])}{more}")
    return "\n".join([*lines, f"photos above what was found: {found.sheet}", f"latents: {found.latents}"])


def as_data(found: Inversion) -> str:
    """The same for programs."""
    each = [{"name": name, **scores} for name, scores in zip(found.names, found.scores, strict=True)]
    report = {
        "latents": str(found.latents),
        "space": found.space,
        "mean": found.mean,
        "photos": each,
        "outside": found.outside,
        "unusual": found.unusual,
        "own": found.known.own,
        "real": found.known.real,
        "sheet": str(found.sheet),
        "skipped": [{"name": name, "why": why} for name, why in found.skipped],
    }
    return json.dumps(report, indent=2)
