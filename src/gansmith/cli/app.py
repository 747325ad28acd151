"""The commands, their options and exit codes: 0 done, 1 failed, 2 wrong usage, 3 sick, 130 interrupted but saved."""

from __future__ import annotations

import json
import sys
from typing import Annotated, Any

import typer

from gansmith import __version__
from gansmith.cli.options import (
    Balanced,
    Channels,
    Data,
    Device,
    Direction,
    Edges,
    Fit,
    Holdout,
    Json,
    Layout,
    NoCache,
    Out,
    RunName,
    Sides,
    Size,
    Strict,
    Which,
    data_options,
    read_batch,
    read_settings,
)
from gansmith.errors import GansmithError, UsageError

app = typer.Typer(
    name="gansmith",
    help="Train generative adversarial networks on your own data.",
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)


@app.command()
def train(
    data: Data,
    settings: Annotated[list[str] | None, typer.Argument(metavar="[KEY=VALUE]...", help="see gansmith models")] = None,
    family: Annotated[
        str | None, typer.Option("-f", "--family", help="robust (default); gansmith models lists them")
    ] = None,
    duration: Annotated[
        str | None, typer.Option("-d", "--duration", help="10m, 500kimg, 20ep or until-plateau")
    ] = None,
    size: Size = None,
    batch: Annotated[str, typer.Option("-b", "--batch", help="images per step, or auto")] = "auto",
    name: Annotated[str | None, typer.Option(help="what the run is called")] = None,
    out: Annotated[str, typer.Option(help="where runs go")] = "runs",
    seed: Annotated[int, typer.Option(help="everything random follows from it")] = 0,
    device: Device = "auto",
    precision: Annotated[str, typer.Option(help="auto, 32 or bf16")] = "auto",
    compiled: Annotated[bool, typer.Option("--compile", help="compile the networks: slow first steps")] = False,
    remedies: Annotated[str, typer.Option(help="what is done when training fails: off, suggest or auto")] = "suggest",
    fit: Fit = "crop",
    channels: Channels = None,
    holdout: Holdout = 0.05,
    no_cache: NoCache = False,
    strict: Strict = False,
    layout: Layout = "auto",
    edges: Edges = False,
    sides: Sides = None,
    direction: Direction = "AtoB",
    balanced: Balanced = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="show data and plan, then stop")] = False,
) -> None:
    """Train a generator on DATA: look at it, plan, train with live progress, report."""
    from gansmith.cli.show import Show
    from gansmith.verbs.train import prepare
    from gansmith.verbs.train import train as run_training

    values = read_settings(settings or [])
    batch = values.pop("batch", batch)
    wishes: dict[str, Any] = {
        "family": family,
        "duration": duration,
        "batch": read_batch(batch),
        "options": data_options(
            size, fit, channels, holdout, no_cache, strict, layout, edges, sides, direction, balanced
        ),
        "seed": seed,
        "device": device,
        "precision": precision,
        "compile": compiled,
        "remedies": remedies,
        **values,
    }
    with Show() as show:
        if dry_run:
            plan, _, _ = prepare(data, watch=show, **wishes)
            show({"plan": plan})
        else:
            run_training(data, name=name, out=out, watch=show, **wishes)


@app.command()
def resume(
    run: RunName = "last",
    duration: Annotated[str | None, typer.Option("-d", "--duration", help="train on for so much more")] = None,
    out: Out = "runs",
) -> None:
    """Go on exactly where RUN stopped."""
    from gansmith.cli.show import Show
    from gansmith.verbs.train import resume as go_on

    with Show() as show:
        go_on(run, duration=duration, out=out, watch=show)


@app.command()
def sample(
    run: RunName = "last",
    count: Annotated[int | None, typer.Option("-n", "--count", help="how many (default: 64)")] = None,
    seed: Annotated[int | None, typer.Option(help="which ones (default: 0)")] = None,
    to: Annotated[
        str | None, typer.Option("-o", "--out", help="x.png (a grid), x.npz, x.csv (points) or a folder")
    ] = None,
    columns: Annotated[int | None, typer.Option(min=1, help="of the grid")] = None,
    label: Annotated[str | None, typer.Option(help="of this class, by name or number")] = None,
    labels: Annotated[str | None, typer.Option(help="all, or classes with commas: a row of the grid for each")] = None,
    text: Annotated[
        list[str] | None, typer.Option(help="of what this says; may be given again, for a row each")
    ] = None,
    code: Annotated[
        str | None, typer.Option(help="with this code, of a run that found codes by itself: 3, or k1=3,c1=-2")
    ] = None,
    truncation: Annotated[
        float | None,
        typer.Option(help="lower is more typical, less varied: where latents are cut off (biggan), psi (stylegan2)"),
    ] = None,
    noise: Annotated[str | None, typer.Option(help="of noise inputs (stylegan2): fixed, random or none")] = None,
    latents: Annotated[
        str | None, typer.Option(help="an .npz of gansmith encode or invert: one sample of each")
    ] = None,
    from_image: Annotated[
        str | None, typer.Option(metavar="PNG", help="as this picture of gansmith sample, but for what else is said")
    ] = None,
    which: Which = "last",
    device: Device = "auto",
    out: Out = "runs",
) -> None:
    """Draw from RUN's generator."""
    from gansmith.verbs.sample import sample as draw

    asked: dict[str, Any] = {"label": label, "labels": labels, "text": text or (), "code": code, "warn": note}
    asked |= {"truncation": truncation, "noise": noise, "latents": latents, "from_image": from_image}
    print(draw(run, count, seed=seed, to=to, out=out, which=which, columns=columns, device=device, **asked))


def note(sentence: str) -> None:
    print(f"gansmith: {sentence}", file=sys.stderr)


@app.command("data")
def data_(
    data: Data,
    size: Size = None,
    fit: Fit = "crop",
    channels: Channels = None,
    holdout: Holdout = 0.05,
    no_cache: NoCache = False,
    strict: Strict = False,
    layout: Layout = "auto",
    edges: Edges = False,
    sides: Sides = None,
    direction: Direction = "AtoB",
    balanced: Balanced = False,
    as_json: Json = False,
) -> None:
    """Report on DATA before training: what it is, what cannot be read, whether it is enough."""
    from gansmith.cli.show import Show
    from gansmith.verbs.inspect import inspect

    options = data_options(size, fit, channels, holdout, no_cache, strict, layout, edges, sides, direction, balanced)
    with Show(quiet=as_json) as show:
        report = inspect(data, options, progress=lambda *state: show({"progress": state}))
        if as_json:
            print(report.model_dump_json(indent=2))
        else:
            show({"data": report})


@app.command("runs")
def runs_(out: Out = "runs", as_json: Json = False) -> None:
    """List the runs."""
    from gansmith.verbs.control import runs

    found = runs(out)
    if as_json:
        print(json.dumps(found, indent=2))
        return
    from gansmith.cli.show import show_runs

    show_runs(found, out)


@app.command("models")
def models_(
    name: Annotated[str | None, typer.Argument(help="a family, to list its settings")] = None, as_json: Json = False
) -> None:
    """List the families of models, with paper, data and speed; or the settings of one."""
    from gansmith.cli.show import show_models, show_settings
    from gansmith.families import costs, families, family

    if as_json:
        chosen = [family(name)] if name else list(families().values())
        print(json.dumps({one.name: one.settings.model_json_schema() for one in chosen}, indent=2))
    elif name:
        show_settings(family(name))
    else:
        show_models(families().values(), costs())


def _control(request: str, words: str) -> None:
    def command(run: RunName = "last", out: Out = "runs") -> None:
        from gansmith.verbs.control import ask

        print(f"Asked {ask(run, request, out=out).path.name} to {request}.")

    command.__doc__ = words
    app.command(request)(command)


_control("stop", "Ask the training of RUN to save, report and stop.")
_control("pause", "Ask the training of RUN to save and wait.")
_control("continue", "Ask a paused training to go on.")
_control("snapshot", "Ask the training of RUN for a checkpoint and a picture now.")


@app.command()
def remedy(
    run: RunName = "last",
    apply: Annotated[str | None, typer.Option("--apply", metavar="ID", help="apply this remedy now")] = None,
    undo: Annotated[str | None, typer.Option("--undo", metavar="ID", help="take this remedy back")] = None,
    listed: Annotated[bool, typer.Option("--list", help="list them (the default)")] = False,
    as_json: Json = False,
    out: Out = "runs",
) -> None:
    """List the remedies of RUN, those in force too; apply or undo one while it trains, or for when it is resumed."""
    from gansmith.verbs.remedy import apply_remedy, list_remedies

    if apply and undo:
        raise UsageError("One remedy at a time.", do="--apply ID, or --undo ID")
    if apply or undo:
        print(apply_remedy(run, str(apply or undo), undo=bool(undo), out=out))
        return
    found = list_remedies(run, out=out)
    if as_json:
        print(json.dumps(found, indent=2))
        return
    from gansmith.cli.show import show_remedies

    show_remedies(found)


@app.command()
def version() -> None:
    """Print gansmith's version."""
    print(__version__)


def main() -> None:
    """Run the command line; failures are told in words, never as tracebacks."""
    try:
        app()
    except GansmithError as error:
        print(f"gansmith: {error}", file=sys.stderr)
        sys.exit(error.code)
    except KeyboardInterrupt:
        print("gansmith: left at once; what was saved before stands.", file=sys.stderr)
        sys.exit(130)
    except BrokenPipeError:
        sys.stderr.close()
        sys.exit(1)
    except OSError as error:
        print(f"gansmith: the system refused: {error}", file=sys.stderr)
        sys.exit(1)
