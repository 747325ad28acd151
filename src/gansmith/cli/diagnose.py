"""`gansmith diagnose`: the doctor's findings in words, numbers and small curves, or as JSON; exit status 3: sick."""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Sequence
from textwrap import fill
from typing import TYPE_CHECKING, Annotated

import typer

from gansmith.cli.app import app
from gansmith.cli.options import Json, Out

if TYPE_CHECKING:
    from gansmith.doctor.finding import Diagnosis, Finding
    from gansmith.doctor.recipe import Remedy

SICK = 3
BARS = "▁▂▃▄▅▆▇█"
CURVES = 6  # shown for a finding

Target = Annotated[str, typer.Argument(metavar="RUN|LOG", help="a run, or a log: csv, tsv, jsonl, printed text")]


@app.command()
def diagnose(run_or_log: Target = "last", as_json: Json = False, out: Out = "runs") -> None:
    """Say what is wrong with a training and what helps; exit status 3 when it is sick."""
    from gansmith.verbs.diagnose import diagnose as examine

    diagnosis = examine(run_or_log, out=out)
    if as_json:
        print(json.dumps(diagnosis.to_json(), indent=2))
    else:
        show(diagnosis, run_or_log)
    if not diagnosis.healthy:
        raise typer.Exit(SICK)


def show(diagnosis: Diagnosis, target: str) -> None:
    """Print a diagnosis for a person."""
    from rich.console import Console
    from rich.markup import escape

    from gansmith.doctor.finding import light

    console = Console(highlight=False)
    colour, _ = light(diagnosis)
    style = {"green": "green", "amber": "yellow", "red": "red"}[colour]
    console.print(f"[bold {style}]{colour}[/]  {escape(diagnosis.verdict)}")
    if best := diagnosis.best:
        where = " ".join(f"{name} {best[name]:,}" for name in ("seen", "step") if name in best)
        console.print(f"best   {escape(str(best['metric']))} {best['value']:.4g} at {where} ({best['share']:.0%})")
    for finding in diagnosis.findings:
        console.print()
        for line in lines(finding, target, console.width):
            console.print(escape(line), soft_wrap=True)


def lines(finding: Finding, target: str, width: int = 80) -> Iterable[str]:
    """A finding as text: its name and numbers, words, curves, and remedies to type."""
    advice = "" if finding.sick else "  (advice)"
    yield (
        f"{finding.ailment}{advice}  severity {finding.severity:.2f}  confidence {finding.confidence:.2f}"
        f"  since {finding.onset:,.0f}"
    )
    yield fill(finding.words, max(40, width), initial_indent="  ", subsequent_indent="  ")
    curves = {name: value for name, value in finding.evidence.items() if isinstance(value, tuple) and value}
    longest = max(map(len, curves), default=0)
    for name, pairs in list(curves.items())[:CURVES]:
        values = [value for _, value in pairs]
        yield f"  {name:{longest}}  {sparkline(values)}  {values[0]:.3g} to {values[-1]:.3g}"
    for name, value in finding.evidence.items():
        if not isinstance(value, tuple):
            yield f"  {name}: {value:.4g}"
    for remedy in finding.remedies:
        yield f"  try: {remedy.words}{_settings(remedy)}"
        if remedy.applicable:
            yield f"       gansmith remedy {target} --apply {remedy.id}"


def sparkline(values: Sequence[float]) -> str:
    """A curve in one line of text; what is not finite is a cross."""
    finite = [value for value in values if math.isfinite(value)]
    low, high = min(finite, default=0.0), max(finite, default=0.0)
    scale = (len(BARS) - 1) / (high - low) if high > low else 0.0
    return "".join(BARS[round((value - low) * scale)] if math.isfinite(value) else "×" for value in values)


def _settings(remedy: Remedy) -> str:
    """What to type for it in a new training."""
    pairs = [f"{name}={_plain(value)}" for name, value in remedy.changes.items() if value is not None]
    return f"  ({' '.join(pairs)})" if pairs else ""


def _plain(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)
