"""The doctor's part of a report: the verdict, each finding with its evidence drawn, and what was done about it."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from PIL import Image

from gansmith.runs.charts import Points, chart
from gansmith.runs.embed import data_uris
from gansmith.runs.film import opened
from gansmith.runs.quantities import count, finite, measure

DECADES = 100.0  # times the least: from there on a curve is drawn on a logarithmic scale
TOLD, BYTES = 4, 500_000  # treatments shown with pictures (the first and the last), and bytes of all these pictures


def health(run_path: Path, diagnosis: Mapping[str, Any], events: Iterable[Mapping[str, Any]]) -> dict[str, Any]:
    """What the page shows: "colour", "verdict", "findings" with charts, "story" of treatments with pictures.

    diagnosis: as `gansmith diagnose --json` prints it, with "light": the colour. Nothing in it is trusted to be there.
    """
    if not diagnosis.get("verdict"):
        return {}
    findings = [_finding(found) for found in diagnosis.get("findings", ()) if isinstance(found, Mapping)]
    return {
        "colour": str(diagnosis.get("light", "green")),
        "verdict": str(diagnosis["verdict"]),
        "findings": findings,
        "story": _story(run_path, list(events)),
    }


def _finding(found: Mapping[str, Any]) -> dict[str, Any]:
    evidence = found.get("evidence")
    evidence = evidence if isinstance(evidence, Mapping) else {}
    numbers = [(name, measure(value)) for name, shown in evidence.items() if (value := finite(shown)) is not None]
    name, onset = _plain(found.get("ailment")), finite(found.get("onset"))
    curves = []
    for quantity, shown in evidence.items():
        if points := _points(shown):
            words = f"{quantity}, the evidence of {name}"
            svg = chart(words, {quantity: points}, marks=[onset] if onset else (), log=_far_apart(points))
            curves.append({"title": quantity, "svg": svg, "legend": [("at the end", measure(points[-1][1]))]})
    return {
        "name": name,
        "words": str(found.get("words", "")),
        "sure": f"{finite(found.get('confidence')) or 0:.0%}",
        "since": "" if onset is None else count(onset),
        "numbers": numbers,
        "curves": curves[:3],
        "remedies": [str(one.get("words", "")) for one in found.get("remedies") or () if isinstance(one, Mapping)],
    }


def _points(shown: Any) -> Points:
    if not isinstance(shown, Sequence) or isinstance(shown, str):
        return []
    pairs = [[finite(value) for value in pair] for pair in shown if isinstance(pair, Sequence) and len(pair) == 2]
    return [(seen, value) for seen, value in pairs if seen is not None and value is not None]


def _far_apart(points: Points) -> bool:
    """Whether values are positive and of different orders of magnitude: on a straight scale only the largest shows."""
    values = [value for _, value in points]
    return min(values) > 0 and max(values) > DECADES * min(values)


def _story(run_path: Path, events: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Each treatment: the samples when it was called for, and those at the end of its trial."""
    outcomes = {(event.get("id"), event.get("at")): event for event in events if event.get("event") == "trial"}
    pictures = sorted((int(path.stem), path) for path in (run_path / "samples").glob("*.png") if path.stem.isdecimal())
    treated = [event for event in events if event.get("event") in ("roll back", "remedy") and event.get("id")]
    treated = [*treated[: TOLD - 1], *treated[TOLD - 1 :][-1:]]
    shown: list[Image.Image] = []
    story = []
    for event in treated:
        at, to, until = (finite(event.get(name)) or 0.0 for name in ("at", "to", "until"))
        judged = outcomes.get((event.get("id"), event.get("at")), {})
        paths = _around(pictures, at, until)
        found = [picture for path in paths if (picture := opened(path))]
        both = len(found) == 2
        shown += found if both else []
        story.append(
            {
                "ailment": _plain(event.get("ailment")),
                "words": str(event.get("words", "")),
                "at": count(at),
                "to": count(to) if to < at < until else "",
                "outcome": str(judged.get("outcome", "on trial")),
                "before": _score(event.get("kid")),
                "after": _score(judged.get("kid_after")),
                "pictures": both,
            }
        )
    uris = iter(data_uris(shown, BYTES) if shown else [])
    for told in story:
        told["pictures"] = [next(uris), next(uris)] if told["pictures"] else []
    return story


def _around(pictures: Sequence[tuple[int, Path]], at: float, until: float) -> list[Path]:
    """The last picture made up to `at`, and the first from `until` on; nothing where these are not two."""
    moments = [seen for seen, _ in pictures]
    sooner = bisect_left if until <= at else bisect_right  # ended with its best: the picture of that moment shows it
    before, after = sooner(moments, at) - 1, min(bisect_left(moments, until), len(moments) - 1)
    return [pictures[before][1], pictures[after][1]] if 0 <= before < after else []


def _score(value: Any) -> str:
    found = finite(value)
    return "" if found is None else measure(found)


def _plain(name: Any) -> str:
    return str(name).replace("_", " ")
