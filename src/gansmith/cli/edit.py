"""`gansmith directions`, `edit` and `arithmetic`: moving about among a run's latents."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Annotated, Any, cast

import typer

from gansmith.cli.app import app
from gansmith.cli.options import Device, Json, Out, RunName, Which
from gansmith.cli.translate import tell_skipped
from gansmith.errors import UsageError

Space = Annotated[str, typer.Option(help="z, w or w+ (default: w where there are styles)")]
Label = Annotated[str | None, typer.Option(help="of this class, by name or number")]
Text = Annotated[list[str] | None, typer.Option(help="of this caption")]
Code = Annotated[str | None, typer.Option(help="of this code, as of gansmith sample")]
Truncation = Annotated[float | None, typer.Option(help="lower is more typical, less varied")]
Free = Annotated[bool, typer.Option("--free", help="let latents become longer or shorter on the way")]
A_GROUP = "seeds (1,5,9-12), samples of a seed (0:3,7,12), a folder of images, latents.npz, or label:CLASS"


@app.command()
def directions(
    run: RunName = "last",
    method: Annotated[str, typer.Option(help="sefa, pca, examples or labels")] = "sefa",
    name: Annotated[str | None, typer.Option(help="what it is called; of labels: which alone")] = None,
    with_: Annotated[str, typer.Option("--with", help=f"examples that have it: {A_GROUP}")] = "",
    without: Annotated[str, typer.Option(help="examples that lack it, said alike; 10 to 50 of each")] = "",
    by: Annotated[
        str, typer.Option(help="learn from pictures, or latents by mean, logistic or svm (auto: as sure)")
    ] = "auto",
    against: Annotated[str, typer.Option(help="directions, with commas, along which nothing is to change")] = "",
    space: Space = "auto",
    count: Annotated[int, typer.Option("-n", "--count", help="how many, by sefa or pca")] = 5,
    to: Annotated[
        str | None, typer.Option("-o", "--out", help="a .png of the strips (each is kept in the run)")
    ] = None,
    label: Label = None,
    text: Text = None,
    code: Code = None,
    truncation: Truncation = None,
    which: Which = "last",
    device: Device = "auto",
    as_json: Json = False,
    out: Out = "runs",
) -> None:
    """Find directions among the latents of RUN, and keep them in it: by its weights, from examples, or from labels."""
    from gansmith.cli.show import Show
    from gansmith.runs.disk import tame
    from gansmith.verbs.directions import directions as look

    asked = {"label": label, "text": text, "code": code, "truncation": truncation}
    with Show(quiet=as_json) as watch:
        found = look(
            run,
            method=cast(Any, method),
            name=name,
            with_=with_,
            without=without,
            by=cast(Any, by),
            against=[word.strip() for word in against.split(",") if word.strip()],
            space=space,
            count=count,
            to=to,
            which=which,
            device=device,
            out=out,
            watch=watch,
            **asked,
        )
        watch.stop()
    if as_json:
        rows = [
            {
                **{"name": one.name, "space": one.space, "scale": one.scale, "strength": one.strength},
                **{"made": tame(dict(one.made)), "files": list(map(str, files))},
            }
            for one, files in zip(found.directions, found.files, strict=True)
        ]
        print(json.dumps(rows, indent=2))
        return
    for sentence in found.notes:
        print(sentence)
    for one, (_, _, strip) in zip(found.directions, found.files, strict=True):
        print(f"{one.name}: {told(one.made, one.strength)}{strip}")
    if found.sheet:
        print(found.sheet)
    tell_skipped(found.skipped)


@app.command()
def edit(
    run: RunName = "last",
    direction: Annotated[str, typer.Option(help="with strengths, in deviations: glasses=+2,smile=-1")] = "",
    seed: Annotated[int, typer.Option(help="which samples")] = 0,
    count: Annotated[int, typer.Option("-n", "--count", help="how many of them")] = 1,
    latents: Annotated[str | None, typer.Option(help="an .npz of encode or invert, in their place")] = None,
    careful: Annotated[bool, typer.Option("--careful", help="change nothing else, image by image")] = False,
    keep: Annotated[str, typer.Option(help="directions whose attributes a careful edit is to keep, too")] = "",
    free: Free = False,
    to: Annotated[str, typer.Option("-o", "--out", help="a .png, before above after; or an .npz")] = "edit.png",
    label: Label = None,
    text: Text = None,
    code: Code = None,
    truncation: Truncation = None,
    which: Which = "last",
    device: Device = "auto",
    as_json: Json = False,
    out: Out = "runs",
) -> None:
    """Move samples of RUN along directions that were found: before above after."""
    from gansmith.cli.show import Show
    from gansmith.verbs.edit import edit as change

    asked = {"label": label, "text": text, "code": code, "truncation": truncation}
    with Show(quiet=as_json) as watch:
        done = change(
            run,
            direction,
            seed=seed,
            count=count,
            latents=latents,
            carefully=careful,
            keep=[word.strip() for word in keep.split(",") if word.strip()],
            hold=not free,
            to=to,
            which=which,
            device=device,
            out=out,
            watch=watch,
            **asked,
        )
        watch.stop()
    if as_json:
        facts = {"path": str(done.path), "count": len(done.after), "reached": done.reached, "notes": list(done.notes)}
        print(json.dumps(facts, indent=2))
        return
    for sentence in done.notes:
        print(sentence)
    if done.reached is not None:
        print(f"{done.reached} of {len(done.after)} now look it, as far as the examples tell")
    print(done.path)


@app.command()
def arithmetic(
    run: RunName,
    expression: Annotated[str, typer.Argument(metavar="SUM", help='"mean(a) - mean(b) + mean(c)"')],
    group: Annotated[list[str] | None, typer.Option(metavar="NAME=WHAT", help=f"what a name means: {A_GROUP}")] = None,
    space: Space = "auto",
    free: Free = False,
    to: Annotated[str, typer.Option("-o", "--out", help="a .png, the sum; or an .npz of its latents")] = "sum.png",
    label: Label = None,
    text: Text = None,
    code: Code = None,
    truncation: Truncation = None,
    which: Which = "last",
    device: Device = "auto",
    out: Out = "runs",
) -> None:
    """Add and take away latents of RUN: means of groups, seed(7), directions, numbers, + - * / and parentheses."""
    from gansmith.cli.show import Show
    from gansmith.verbs.arithmetic import arithmetic as add

    asked = {"label": label, "text": text, "code": code, "truncation": truncation}
    with Show() as watch:
        found = add(
            run,
            expression,
            groups=read_groups(group or []),
            space=space,
            hold=not free,
            to=to,
            which=which,
            device=device,
            out=out,
            watch=watch,
            **asked,
        )
        watch.stop()
    print(found.path)
    tell_skipped(found.skipped)


def read_groups(pairs: list[str]) -> dict[str, str]:
    """`NAME=WHAT` words -> a mapping. Raises UsageError for a word without `=`, or a name said twice."""
    read: dict[str, str] = {}
    for pair in pairs:
        name, equals, what = pair.partition("=")
        if not equals or not name or not what:
            raise UsageError(f"'{pair}' names no group.", do="--group men=1,5,9, or --group women=folder/")
        if name in read:
            raise UsageError(f"The group {name} is named twice.", do="each once")
        read[name] = what
    return read


def told(made: Mapping[str, Any], strength: float) -> str:
    """What is known of a direction, before its strip."""
    accuracy = made.get("accuracy")
    parts = [] if accuracy is None else [f"{accuracy:.0%} of examples held out told right"]
    parts += [f"strength {strength:g} changes most"] if strength else []
    parts += [f"{made['left']:.0%} left against {', '.join(made['against'])}"] if "left" in made else []
    return "".join(f"{part}, " for part in parts)
