"""`gansmith features` and `gansmith judge`: what a discriminator knows of images, put to use."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated

import typer

from gansmith.cli.app import app
from gansmith.cli.options import Data, Device, Json, Out, RunName, Which
from gansmith.cli.translate import tell_skipped
from gansmith.errors import UsageError

if TYPE_CHECKING:
    from gansmith.measure.probe import Share
    from gansmith.verbs.judge import Judged
    from gansmith.verbs.probing import Probed

SHOWN = 10  # verdicts, of the best and of the worst


@app.command()
def features(
    run: RunName,
    data: Data,
    to: Annotated[str, typer.Option("-o", "--out", help="an .npz: features, names, labels, held")] = "features.npz",
    layer: Annotated[str, typer.Option(help="last, the coarsest grid; all; or names: 14x14,7x7,units")] = "last",
    of: Annotated[str, typer.Option(help="whose: discriminator or encoder (auto: the first there is)")] = "auto",
    cells: Annotated[int, typer.Option(min=1, help="a grid is pooled to so many cells each way; 1: globally")] = 4,
    probe: Annotated[bool, typer.Option("--probe", help="measure what they are worth where labels are few")] = False,
    labels: Annotated[str, typer.Option(help="of the probe: how many labels")] = "10,100,1000",
    draws: Annotated[int, typer.Option(help="of the probe: how often each number of labels is drawn")] = 5,
    tune: Annotated[bool, typer.Option(help="of the probe: also train the networks on")] = True,
    seed: Annotated[int, typer.Option(help="of the first draw")] = 0,
    which: Which = "last",
    device: Device = "auto",
    as_json: Json = False,
    out: Out = "runs",
) -> None:
    """Write what RUN's discriminator or encoder makes of every image; --probe: what that is worth with few labels."""
    from gansmith.cli.show import Show
    from gansmith.verbs.features import features as work

    counts = read_counts(labels)
    with Show(quiet=as_json) as watch:
        found = work(
            run, data, to=to, layer=layer, of=of, cells=cells, probe=probe, counts=counts, draws=draws, tune=tune,
            seed=seed, which=which, out=out, device=device, watch=watch,
        )  # fmt: skip
        watch.stop()
    if as_json:
        told = asdict(found) | {"path": str(found.path)}
        if found.probe:
            told["probe"]["gains"] = [asdict(gain) | {"verdict": gain.verdict} for gain in found.probe.gains]
        print(json.dumps(told, indent=2))
        return
    sizes = ", ".join(f"{size:,} of {name}" for name, size in found.sizes.items())
    print(f"{found.count:,} images, features of the {found.of}: {sizes}, into {found.path}")
    if found.probe:
        tell_probe(found.probe)


def tell_probe(found: Probed) -> None:
    """The table, what is better and whether that is chance, and what else should be known."""
    from rich.console import Console
    from rich.table import Table

    console = Console(highlight=False)
    counts = sorted({cell.labels for cell in found.cells})
    table = Table(box=None, padding=(0, 1, 0, 0))
    for heading in ("right answers, %", "by", *(f"{count:,} labels" for count in counts)):
        table.add_column(heading, justify="right" if "labels" in heading else "left", no_wrap=True)
    for name, how in dict.fromkeys((cell.features, cell.how) for cell in found.cells):
        own = {cell.labels: cell.share for cell in found.cells if (cell.features, cell.how) == (name, how)}
        table.add_row(name, how, *(around(own[count]) if count in own else "" for count in counts))
    console.print(table)
    print(f"on {found.tests:,} held-out images, {found.draws} draws of labels, with 95 % intervals over both")
    for gain in found.gains:
        print(f"{gain.labels:,} labels, {gain.how}, against {gain.over}: {points(gain.share)}, {gain.verdict}")
    for note in found.notes:
        print(note)


def around(share: Share) -> str:
    """92.1 (90.3..93.9), in hundredths."""
    return f"{100 * share.mean:.1f} ({100 * share.low:.1f}..{100 * share.high:.1f})"


def points(share: Share) -> str:
    return f"{100 * share.mean:+.1f} points ({100 * share.low:+.1f}..{100 * share.high:+.1f})"


def read_counts(text: str) -> list[int]:
    try:
        return [int(word) for word in text.split(",")]
    except ValueError:
        raise UsageError(f"'{text}' are no numbers of labels.", do="--labels 10,100,1000") from None


@app.command()
def judge(
    run: RunName,
    images: Annotated[str, typer.Argument(metavar="IMAGES", help="an image, a folder, or an archive of images")],
    top: Annotated[int, typer.Option(help="how many of the best and of the worst are on the sheet")] = 20,
    to: Annotated[str, typer.Option("-o", "--out", help="the sheet, a .png; a .csv of all beside it")] = "judged.png",
    seed: Annotated[int, typer.Option(help="of the run's own samples, to compare with")] = 0,
    which: Which = "last",
    device: Device = "auto",
    as_json: Json = False,
    out: Out = "runs",
) -> None:
    """Rank images by how real RUN's discriminator takes them to be, beside its samples and held-out images."""
    from gansmith.cli.show import Show
    from gansmith.verbs.judge import judge as work

    with Show(quiet=as_json) as watch:
        found = work(
            run, images, top=top, to=to, seed=seed, which=which, out=out, device=device, watch=watch
        )  # fmt: skip
        watch.stop()
    if as_json:
        print(json.dumps(asdict(found) | {"sheet": str(found.sheet), "table": str(found.table)}, indent=2))
        return
    tell_verdicts(found)
    print(f"{len(found.verdicts):,} judged: best to worst on {found.sheet}, all in {found.table}")
    tell_skipped(found.skipped)


def tell_verdicts(found: Judged) -> None:
    """The best and the worst, and how far the discriminator can be believed."""
    from rich.console import Console
    from rich.markup import escape
    from rich.table import Table

    table = Table(box=None, padding=(0, 1, 0, 0))
    for heading in ("", "image", "logit", "above samples", "above real", "real, %"):
        table.add_column(heading, justify="left" if heading == "image" else "right", no_wrap=heading != "image")
    every = list(enumerate(found.verdicts, 1))
    for place, one in every if len(every) <= 2 * SHOWN else every[:SHOWN] + every[-SHOWN:]:
        shares = ("" if value is None else f"{value:.0%}" for value in (one.above_made, one.above_real, one.chance))
        table.add_row(str(place), escape(one.name), f"{one.logit:.2f}", *shares)
    Console(highlight=False).print(table)
    if found.apart is None:
        print(found.note)
    else:
        print(
            f"of pairs of a held-out image and a sample it puts {found.apart:.0%} in the right order (50 %: by chance)"
        )
