"""Which curves a report shows, made from the lines of a journal, and how each one is read."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from gansmith.runs.charts import Points, chart
from gansmith.runs.quantities import finite, measure

PLAYERS = ("discriminator", "generator")


@dataclass(frozen=True)
class Curve:
    """One chart: its lines as (label, name of a fact in the journal), and one sentence on how to read it."""

    title: str
    lines: tuple[tuple[str, str], ...]
    reading: str = ""
    log: bool = False
    share: bool = False


CURVES = (
    Curve(
        "Losses",
        (("discriminator", "discriminator/loss"), ("generator", "generator/loss")),
        "Two opponents pull on one rope: level and restless is healthy, one line running away is not, and neither says "
        "how good the samples are.",
    ),
    Curve(
        "How often the discriminator is right",
        (("on real", "accuracy/real"), ("on generated", "accuracy/fake")),
        "Between 50 % (it cannot tell) and 90 % both learn; both lines at 100 % for long means that the generator no "
        "longer learns from it.",
        share=True,
    ),
    Curve(
        "Gradient norms",
        (("discriminator", "gradient/discriminator"), ("generator", "gradient/generator")),
        "How hard each network is pushed at every step: sudden jumps come before a collapse, a fall towards nothing "
        "means that learning has ended.",
        log=True,
    ),
    Curve(
        "Distance to held-out data",
        (("distance", "distance"),),
        "Sliced Wasserstein distance between generated samples and real ones kept out of training: lower is better, "
        "and once it is level more training no longer helps.",
    ),
)


def history(journal: Sequence[Mapping[str, Any]]) -> dict[str, list[tuple[float, float]]]:
    """Every measured quantity as (images seen, value); where a resumed run went over a stretch again, the later one."""
    kept: list[tuple[float, Mapping[str, Any]]] = []
    for line in journal:
        seen = finite(line.get("seen"))
        if seen is None:
            continue
        while kept and kept[-1][0] >= seen:
            kept.pop()
        kept.append((seen, line))
    series: dict[str, list[tuple[float, float]]] = {}
    for seen, line in kept:
        facts = line.get("facts")
        for name, value in {**(facts if isinstance(facts, Mapping) else {}), **line}.items():
            if name not in ("seen", "step", "seconds") and (found := finite(value)) is not None:
                series.setdefault(str(name), []).append((seen, found))
    return series


def main_curves(series: Mapping[str, Points], marks: Iterable[float]) -> list[dict[str, Any]]:
    """The curves everyone should look at, as the page shows them; those without a single value are left out."""
    return _drawn(CURVES, series, list(marks))


def other_curves(series: Mapping[str, Points], marks: Iterable[float]) -> list[dict[str, Any]]:
    """All that was measured besides: the same quantity of several networks together in one chart."""
    shown = {fact for curve in CURVES for _, fact in curve.lines}
    groups: dict[str, list[tuple[str, str]]] = {}
    for name in sorted(set(series) - shown):
        first, _, rest = name.partition("/")
        title, label = (rest, first) if rest and first in PLAYERS else (first, rest or first)
        groups.setdefault(title.replace("_", " "), []).append((label.replace("_", " "), name))
    curves = [Curve(title, tuple(sorted(lines, key=_real_first)[:6])) for title, lines in groups.items()]
    return _drawn(curves, series, list(marks))


def _real_first(line: tuple[str, str]) -> tuple[bool, str]:
    return line[0] != "real", line[0]


def _drawn(curves: Iterable[Curve], series: Mapping[str, Points], marks: list[float]) -> list[dict[str, Any]]:
    drawn = []
    for curve in curves:
        lines = {label: series[fact] for label, fact in curve.lines if fact in series}
        if not lines:
            continue
        last = [(label, points[-1][1]) for label, points in lines.items()]
        legend = [(label, f"{value:.0%}" if curve.share else measure(value)) for label, value in last]
        words = f"{curve.title}, at the end: " + ", ".join(f"{label} {value}" for label, value in legend)
        svg = chart(words, lines, marks=marks, log=curve.log, share=curve.share)
        drawn.append({"title": curve.title, "reading": curve.reading, "legend": legend, "svg": svg})
    return drawn
