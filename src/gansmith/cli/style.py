"""`gansmith style`: a photo in the style of a painting."""

from __future__ import annotations

import json
from typing import Annotated, Any

import typer

from gansmith.cli.app import app
from gansmith.cli.fast_style import (
    Adain,
    Fast,
    Length,
    Photos,
    Strength,
    TrainAdain,
    TrainFast,
    Width,
    learn,
    paint,
)
from gansmith.cli.options import Device, Json, Out
from gansmith.errors import UsageError


@app.command()
def style(
    pictures: Annotated[
        list[str] | None, typer.Argument(metavar="CONTENT STYLE...", help="the photo, then one style or several")
    ] = None,
    to: Annotated[
        str | None, typer.Option("-o", "--out", help="the picture, styled.png by default; of learning, a folder")
    ] = None,
    weights: Annotated[str | None, typer.Option(help="of several styles: 2,1 (default: equal)")] = None,
    mask: Annotated[
        list[str] | None, typer.Option(help="a grey picture, white where the style goes; one for each style")
    ] = None,
    size: Annotated[
        int | None, typer.Option("-s", "--size", help="longer side in pixels (512; of --fast, --adain the photo's)")
    ] = None,
    colours: Annotated[str, typer.Option(help="whose: style, or the content's: match, histogram, luminance")] = "style",
    features: Annotated[
        str | None, typer.Option(help="what looks: learnt, random, vgg19, vgg19:PATH, or a RUN with a discriminator")
    ] = None,
    download: Annotated[bool, typer.Option("--download", help="fetch VGG-19's weights (548 MB) if missing")] = False,
    pooling: Annotated[str, typer.Option(help="of vgg19 and random: max, average or l2")] = "max",
    start: Annotated[str, typer.Option(help="painted over: content, noise or blend")] = "content",
    loss: Annotated[str, typer.Option(help="styles are compared by wasserstein or gram")] = "wasserstein",
    optimizer: Annotated[str, typer.Option(help="adam or lbfgs")] = "adam",
    steps: Annotated[int | None, typer.Option(help="at every size but the smallest, which has twice as many")] = None,
    content_weight: Annotated[float | None, typer.Option(help="of the content, beside a style of 1")] = None,
    smooth: Annotated[float | None, typer.Option(help="weight of smoothness")] = None,
    style_scale: Annotated[float, typer.Option(help="the style's size beside the result's: brush strokes")] = 1.0,
    tile: Annotated[int, typer.Option(help="side of what is looked at at once: memory")] = 1024,
    seed: Annotated[int, typer.Option(help="of the noise that it starts from")] = 0,
    train_fast: TrainFast = None,
    train_adain: TrainAdain = False,
    data: Photos = None,
    duration: Length = "10m",
    width: Width = None,
    fast: Fast = None,
    adain: Adain = None,
    strength: Strength = 1.0,
    demo: Annotated[bool, typer.Option("--demo", help="two of scikit-learn's photos: nothing is needed")] = False,
    device: Device = "auto",
    precision: Annotated[str, typer.Option(help="auto, 32 or bf16")] = "auto",
    as_json: Json = False,
    out: Out = "runs",
) -> None:
    """Paint CONTENT in the style of one picture or several; Ctrl-C ends it with what there is."""
    from gansmith.cli.show import Show
    from gansmith.styling.features import DEFAULT
    from gansmith.verbs.style import sample_pictures
    from gansmith.verbs.style import style as work

    if train_fast or train_adain:
        if train_fast and train_adain:
            raise UsageError("One thing is learnt at a time.", do="--train-fast STYLE, or --train-adain")
        wanted = {"to": to, "duration": duration, "features": features or DEFAULT, "seed": seed, "device": device}
        learn(train_fast or (), data, pictures or (), as_json, width, **wanted)
        return
    if fast or adain:
        mix = read_weights(weights)
        paint(pictures or (), fast, adain, to or "styled.png", mix, strength, size, device, as_json)
        return
    named: list[Any] = list(sample_pictures()) if demo else list(pictures or [])
    if demo and pictures:
        raise UsageError("--demo brings its own pictures.", do="leave out one of the two")
    if len(named) < 2:
        raise UsageError(
            "A photo and a style are needed.", do="gansmith style PHOTO PAINTING, or gansmith style --demo"
        )
    wishes = {"content_weight": content_weight, "smooth": smooth, "steps": steps}
    wishes |= {"first_steps": 2 * steps if steps else None}
    with Show(quiet=as_json) as watch:
        found = work(
            named[0],
            named[1:],
            to=to or "styled.png",
            weights=read_weights(weights),
            masks=mask or (),
            features=features or DEFAULT,
            pooling=pooling,
            colours=colours,
            download=download,
            out=out,
            device=device,
            precision=precision,
            watch=watch,
            size=size or 512,
            start=start,
            loss=loss,
            optimizer=optimizer,
            style_scale=style_scale,
            tile=tile,
            seed=seed,
            **{name: value for name, value in wishes.items() if value is not None},
        )
        watch.stop()
    if as_json:
        print(json.dumps(found.to_json(), indent=2))
    else:
        terms = ", ".join(f"{name} {value:.3g}" for name, value in found.losses.items())
        print(f"{found.path}: {found.size[1]}x{found.size[0]}, {found.steps} steps in {found.seconds:.0f} s, {terms}")
        for words in found.notes:
            print(f"note: {words}")
    if found.stopped:
        raise typer.Exit(130)


def read_weights(text: str | None) -> list[float] | None:
    if text is None:
        return None
    try:
        return [float(word) for word in text.split(",")]
    except ValueError:
        raise UsageError(f"'{text}' are no weights.", do="--weights 2,1") from None
