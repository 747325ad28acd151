"""`gansmith style` where a network does it in one pass: learning it, and painting with it."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Annotated, Any

import typer

from gansmith.errors import UsageError

TrainFast = Annotated[
    list[str] | None,
    typer.Option("--train-fast", metavar="STYLE", help="learn a style for ever from --data; again for a further one"),
]
TrainAdain = Annotated[bool, typer.Option("--train-adain", help="learn from --data to paint in any style")]
Photos = Annotated[str | None, typer.Option("--data", help="a folder of photos to learn from")]
Length = Annotated[str, typer.Option("-d", "--duration", help="of learning: 10m, 2kimg or 5ep")]
Width = Annotated[int | None, typer.Option(help="channels of the network that --train-fast makes (16)")]
Fast = Annotated[str | None, typer.Option("--fast", help="paint by what --train-fast has learnt: a folder or its name")]
Adain = Annotated[str | None, typer.Option("--adain", help="paint by what --train-adain has learnt")]
Strength = Annotated[float, typer.Option(help="of --adain: how far of the way to the style, 0 to 1")]


def learn(
    styles: Sequence[str], data: str | None, pictures: Sequence[str], as_json: bool, width: int | None, **wishes: Any
) -> None:
    """Learn styles, or, without any, a decoder for all."""
    from gansmith.cli.show import Show
    from gansmith.verbs.fast_style import SHEET, train_adain, train_fast

    if data is None:
        raise UsageError("There are no photos to learn from.", do="--data FOLDER")
    if pictures:
        raise UsageError("Nothing is painted while it is learnt.", do=f"leave out {' '.join(pictures)}")
    with Show(quiet=as_json) as watch:
        if styles:
            settings: dict[str, Any] = {} if width is None else {"width": width}
            found = train_fast(styles, data, watch=watch, **wishes, **settings)
        else:
            found = train_adain(data, watch=watch, **wishes)
        watch.stop()
    if as_json:
        print(json.dumps({"transfer": str(found.path), **found.notes}, indent=2))
        return
    print(f"learnt from {found.notes['images']:,} images, into {found.path}; to look at: {found.path / SHEET}")
    print(f"next: gansmith style PHOTO {'' if styles else 'PAINTING '}--{found.kind} {found.path}")


def paint(
    pictures: Sequence[str],
    fast: str | None,
    adain: str | None,
    to: str,
    weights: list[float] | None,
    strength: float,
    size: int | None,
    device: str,
    as_json: bool,
) -> None:
    """Paint a photo in one pass."""
    from gansmith.verbs.fast_style import paint_adain, paint_fast

    if fast and adain:
        raise UsageError("One network at a time.", do="--fast, or --adain")
    if len(pictures) != (1 if fast else 2):
        raise UsageError(
            "A photo is needed, and no style: it was learnt." if fast else "A photo and a style are needed.",
            do="gansmith style PHOTO --fast NAME" if fast else "gansmith style PHOTO PAINTING --adain NAME",
        )
    photo, *style = pictures
    if fast:
        path = paint_fast(photo, fast, to=to, weights=weights, size=size, device=device)
    else:
        path = paint_adain(photo, style[0], str(adain), to=to, strength=strength, size=size, device=device)
    print(json.dumps({"path": str(path)}) if as_json else path)
