"""What is said of data and settings on the command line, and how it is read."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from gansmith.errors import UsageError

Data = Annotated[str, typer.Argument(help="a folder, zip, npz, IDX or CSV file, or digits, ring, grid, spiral")]
Size = Annotated[str | None, typer.Option("-s", "--size", help="height x width: 64 or 64x96 (default: from the data)")]
Fit = Annotated[str, typer.Option(help="how other shapes become that size: crop, pad or stretch")]
Channels = Annotated[int | None, typer.Option(help="1 grey, 2 grey + alpha, 3 colour, 4 colour + alpha")]
Holdout = Annotated[float, typer.Option(help="share of the data kept out of training, to measure with")]
NoCache = Annotated[bool, typer.Option("--no-cache", help="do not keep the prepared images on disk")]
Strict = Annotated[bool, typer.Option("--strict", help="refuse to start when a file cannot be read or has no partner")]
Layout = Annotated[str, typer.Option(help="auto, plain, paired, unpaired or edges")]
Edges = Annotated[bool, typer.Option("--edges", help="make pairs: outlines, and the images (--layout edges)")]
Sides = Annotated[str | None, typer.Option(metavar="A,B", help="the two sub-folders that are side A and side B")]
Direction = Annotated[str, typer.Option(help="AtoB or BtoA: which side is the source, which is learned")]
Balanced = Annotated[bool, typer.Option("--balanced", help="draw every class equally often")]
RunName = Annotated[str, typer.Argument(metavar="RUN", help="a path, name, number, unique beginning, or last")]
Out = Annotated[str, typer.Option("--runs", help="the folder the runs are in")]
Which = Annotated[str, typer.Option("--checkpoint", help="last, best or a checkpoint's name")]
Json = Annotated[bool, typer.Option("--json", help="print JSON")]
Device = Annotated[str, typer.Option(help="auto, cpu, cuda or mps")]


def read_batch(text: str) -> int | None:
    if text == "auto":
        return None
    try:
        return int(text)
    except ValueError:
        raise UsageError(f"'{text}' is no batch size.", do="-b 64, or -b auto") from None


OPTIONS = (
    *("family", "duration", "size", "name", "out", "seed", "device", "precision", "compile", "remedies"),
    *("fit", "channels", "holdout", "layout", "sides", "direction"),
)


def read_settings(pairs: list[str]) -> dict[str, str]:
    """`key=value` words -> a mapping; raises UsageError for a word without `=`."""
    read = {}
    for pair in pairs:
        key, equals, value = pair.partition("=")
        if not equals or not key:
            raise UsageError(f"'{pair}' is not understood.", why="settings are written key=value", do="lr=0.001")
        if key in OPTIONS:
            raise UsageError(f"'{key}' is an option, not a setting.", do=f"--{key} {value}")
        if key in {"data", "options", "watch"}:
            raise UsageError(f"There is no setting '{key}'.", do="gansmith models NAME lists them")
        read[key] = value
    return read


def data_options(
    size: str | None,
    fit: str,
    channels: int | None,
    holdout: float,
    no_cache: bool,
    strict: bool,
    layout: str = "auto",
    edges: bool = False,
    sides: str | None = None,
    direction: str = "AtoB",
    balanced: bool = False,
) -> Any:
    """What was said of the data on the command line, checked."""
    from gansmith.data.options import DataOptions

    if edges and layout not in ("auto", "edges"):
        raise UsageError(f"--edges and --layout {layout} contradict each other.", do="leave one out")
    given: dict[str, Any] = {"fit": fit, "holdout": holdout, "cache": not no_cache, "strict": strict}
    given |= {"layout": "edges" if edges else layout, "sides": sides, "direction": direction, "balanced": balanced}
    if size is not None:
        given["size"] = size
    if channels is not None:
        given["channels"] = channels
    return DataOptions.read(given)
