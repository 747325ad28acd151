"""`gansmith export`: a run's generator for elsewhere: a folder to load, a graph, a page, a place on the hub."""

from __future__ import annotations

import json
from typing import Annotated

import typer

from gansmith.cli.app import app
from gansmith.cli.options import Json, Out, RunName, Which

Where = Annotated[str | None, typer.Option("-o", "--out", help="the folder it becomes (default: RUN-KIND)")]


@app.command()
def export(
    run: RunName = "last",
    to: Annotated[str, typer.Option("--to", help="safetensors, onnx, pt2, web or hub")] = "safetensors",
    folder: Where = None,
    license: Annotated[str, typer.Option(help="under which others may use it: apache-2.0, cc-by-4.0, ...")] = "",
    name: Annotated[str | None, typer.Option(help="of the repository of the Hugging Face hub: user/name")] = None,
    public: Annotated[bool, typer.Option("--public", help="let anybody see a new repository")] = False,
    ort: Annotated[
        str | None, typer.Option(metavar="FOLDER", help="onnxruntime-web, to be put into the page: needs no network")
    ] = None,
    which: Which = "last",
    as_json: Json = False,
    out: Out = "runs",
) -> None:
    """Export RUN's generator: to load again, as a graph for ONNX Runtime or PyTorch, as a web page, to the hub."""
    from gansmith.cli.show import Show
    from gansmith.verbs.export import export as work

    with Show(quiet=as_json) as watch:
        found = work(
            run,
            to,
            folder=folder,
            name=name,
            license=license,
            private=not public,
            ort=ort,
            which=which,
            out=out,
            watch=watch,
        )
        watch.stop()
    if as_json:
        print(json.dumps(found.to_json(), indent=2))
        return
    print(f"{found.where}: {', '.join(found.files)}")
    for name, words in found.inputs.items():
        print(f"takes {name}: {words}")
    for count, error in found.errors.items():
        print(f"{count} samples drawn by it and by the run: at most {error:.1e} apart")
