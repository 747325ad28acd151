"""The report of a run: one HTML file that shows what was trained on what, how it went, and how to use the result."""

from __future__ import annotations

import base64
import hashlib
import time
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from importlib.resources import files
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np
from PIL import Image

from gansmith.data.report import DataReport
from gansmith.errors import GansmithError, UsageError
from gansmith.runs import disk, journal
from gansmith.runs.curves import history, main_curves, other_curves
from gansmith.runs.embed import data_uris
from gansmith.runs.film import frames
from gansmith.runs.health import health
from gansmith.runs.pictures import as_picture, grid
from gansmith.runs.quantities import count, duration, finite, measure, memory

FRAMES = 40
PAIRS = 24
# Bytes of image at most; with a third more for base64 and the curves the page stays below 5 MB.
FINAL, REAL, FILM, SCATTER, NEIGHBOURS = 500_000, 350_000, 1_800_000, 250_000, 300_000

MARKED = ("rollback", "roll back", "rolled back", "skip", "nan", "remedy", "resume")  # drawn into the curves
CHANNELS = {1: "grey", 2: "grey with transparency", 3: "colour", 4: "colour with transparency"}


def write_report(run_path: Path, *, extras: Mapping[str, Any]) -> Path:
    """Write `report.html` into a run folder from what lies there, and return its path.

    extras, each optional: "neighbours" (generated image, nearest training image, distance), "real" (N, H, W, C) uint8,
    "scatter" a picture, "data_report", "plan" reasons, "how_to_use" commands, "seconds", "peak_memory_mb",
    "images_per_second", "scores" by name: a value, or a mapping of such things as value, interval, n and floor,
    "diagnosis" as `gansmith diagnose --json` prints it.

    Damaged lines and pictures are passed over. Raises OSError when the disk refuses; an older report then stands.
    """
    run = _read(run_path / "run.json")
    lines, events = journal.read(run_path / "journal.jsonl"), journal.read(run_path / "events.jsonl")
    page = {
        "name": run_path.resolve().name,
        "version": run.get("version", ""),
        "written": time.strftime("%Y-%m-%d %H:%M"),
        **_facts(run, lines, events, extras),
        **_pictures(run_path, run, extras),
        **_curves(lines, events),
        **_data(extras.get("data_report")),
        "health": health(run_path, extras.get("diagnosis") or {}, events),
        "events": [_event(event) for event in events],
        "commands": [str(command) for command in extras.get("how_to_use", ())],
        "scores": _scores(extras.get("scores") or {}),
        "plan": [str(reason) for reason in extras.get("plan") or run.get("plan") or ()],
        "settings": list(_flat({key: value for key, value in run.items() if key != "plan"})),
    }
    out = run_path / "report.html"
    disk.replace(out, render(page).encode("utf-8", "replace"))
    return out


def render(page: Mapping[str, Any]) -> str:
    """The page as HTML. Everything in `page` is text, and escaped, but for the SVG of its curves."""
    import jinja2
    from markupsafe import Markup

    folder = files("gansmith.runs") / "page"
    template, style, script = (
        folder.joinpath(f"report.{kind}").read_text(encoding="utf-8") for kind in ("html", "css", "js")
    )
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    curves = {
        kind: [{**curve, "svg": Markup(curve["svg"])} for curve in page.get(kind, ())] for kind in ("curves", "more")
    }
    if sick := page.get("health"):
        findings = [
            {**one, "curves": [{**c, "svg": Markup(c["svg"])} for c in one["curves"]]} for one in sick["findings"]
        ]
        curves["health"] = {**sick, "findings": findings}  # type: ignore[assignment]
    environment = jinja2.Environment(autoescape=True, undefined=jinja2.ChainableUndefined)
    return environment.from_string(template).render(
        {**page, **curves, "style": Markup(style), "script": Markup(script), "script_hash": f"sha256-{digest}"}
    )


def _read(path: Path) -> dict[str, Any]:
    try:
        value = disk.read_json(path)
    except GansmithError:
        return {}
    return value if isinstance(value, dict) else {}


def _noun(run: Mapping[str, Any]) -> str:
    return "points" if _part(run, "spec").get("kind") == "points" else "images"


def _part(run: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    part = run.get(name)
    return part if isinstance(part, Mapping) else {}


def _facts(
    run: Mapping[str, Any], lines: Sequence[Mapping[str, Any]], events: Sequence[Mapping[str, Any]], extras: Any
) -> dict[str, Any]:
    def known(name: str, *others: float | None) -> float | None:
        return next((value for value in (finite(extras.get(name)), *others) if value is not None), None)

    def column(name: str) -> list[float]:
        return [value for line in lines if (value := finite(line.get(name))) is not None]

    noun, seen = _noun(run), max(column("seen"), default=None)
    seconds = known("seconds", max(column("seconds"), default=None))
    speed = known("images_per_second", median(column("images_per_second") or [-1]))
    peak = known("peak_memory_mb", max(column("memory_mb"), default=None))
    started = next((_when(event) for event in events if _name(event) == "start"), "")
    tiles = [
        (f"{noun} seen", "" if seen is None else count(seen)),
        ("training time", "" if seconds is None else duration(seconds)),
        (
            f"{noun} per second",
            "" if speed is None or speed < 0 else measure(speed) if speed < 100 else f"{speed:,.0f}",
        ),
        ("memory at most", "" if peak is None else memory(peak)),
        ("started", started[:10]) if started else ("finished", time.strftime("%Y-%m-%d")),
        ("seed", str(run.get("seed", ""))),
        ("device", " · ".join(str(run[key]) for key in ("device", "precision") if key in run)),
    ]
    return {"summary": _summary(run, seen, seconds), "tiles": [tile for tile in tiles if tile[1]]}


def _summary(run: Mapping[str, Any], seen: float | None, seconds: float | None) -> str:
    spec, noun = _part(run, "spec"), _noun(run)
    shape = spec.get("shape")
    kind = ""
    if noun == "images" and isinstance(shape, list) and len(shape) == 3:
        kind = f" of {shape[1]} × {shape[2]} pixels, {CHANNELS.get(shape[0], f'{shape[0]} channels')}"
    elif noun == "points" and spec.get("columns"):
        kind = f" ({', '.join(str(column) for column in spec['columns'])})"
    samples = f"{spec['count']:,} {noun}" if isinstance(spec.get("count"), int) else noun
    source = Path(str(run["source"])).name or str(run["source"]) if run.get("source") else ""
    learned = f"{run.get('family', 'A generator')} learned from {samples}{kind}{f', from {source}' if source else ''}"
    if seen is None:
        return f"{learned}."
    return f"{learned}: it saw {count(seen)} {noun}{f' in {duration(seconds)}' if seconds is not None else ''}."


def _pictures(run_path: Path, run: Mapping[str, Any], extras: Mapping[str, Any]) -> dict[str, Any]:
    shown: dict[str, Any] = {"noun": _noun(run)}
    film, scatter = frames(run_path, FRAMES), extras.get("scatter")
    if film:
        shown["final_seen"] = count(film[-1][0])
        [shown["final"]] = data_uris([scatter or film[-1][1]], FINAL)
    if len(film) > 1:
        sources = [*data_uris([picture for _, picture in film[:-1]], FILM), shown["final"]]
        shown["film"] = [
            {"seen": seen, "words": f"after {count(seen)} {shown['noun']}", "source": source}
            for (seen, _), source in zip(film, sources)
        ]
    if isinstance(real := extras.get("real"), np.ndarray) and real.ndim == 4 and len(real):
        [shown["real"]] = data_uris([grid(real)], REAL)
    if scatter and not film:
        [shown["scatter"]] = data_uris([scatter], SCATTER)
    pairs = sorted(extras.get("neighbours") or (), key=lambda pair: float(pair[2]))[:PAIRS]
    if pairs:
        uris = data_uris([_visible(image) for pair in pairs for image in pair[:2]], NEIGHBOURS)
        shown["neighbours"] = [
            {"generated": left, "nearest": right, "distance": measure(float(pair[2]))}
            for pair, left, right in zip(pairs, uris[::2], uris[1::2])
        ]
    return shown


def _visible(image: np.ndarray) -> Image.Image:
    picture = as_picture(image)
    scale = max(1, 128 // max(picture.size))
    return picture.resize((picture.width * scale, picture.height * scale), Image.Resampling.NEAREST)


def _curves(lines: Sequence[Mapping[str, Any]], events: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    series = history(lines)
    marked = [
        (seen, _name(event))
        for event in events
        if (seen := finite(event.get("seen"))) is not None and any(word in _name(event).lower() for word in MARKED)
    ]
    marks = sorted({seen for seen, _ in marked})
    return {
        "curves": main_curves(series, marks),
        "more": other_curves(series, marks),
        "marks": list(dict.fromkeys(name for _, name in marked)),
    }


def _name(event: Mapping[str, Any]) -> str:
    return str(next((event[key] for key in ("event", "kind", "name", "what") if event.get(key)), "event"))


def _when(event: Mapping[str, Any]) -> str:
    stamp = event.get("time")
    if isinstance(stamp, str):
        return stamp[:19].replace("T", " ")
    try:
        return datetime.fromtimestamp(float(stamp or "")).strftime("%Y-%m-%d %H:%M")
    except (TypeError, ValueError, OverflowError, OSError):
        return ""


def _event(event: Mapping[str, Any]) -> dict[str, str]:
    name, seen = _name(event), finite(event.get("seen"))
    rest = {key: value for key, value in event.items() if key not in ("time", "seen") and value != name}
    return {
        "name": name,
        "time": _when(event),
        "seen": "" if seen is None else count(seen),
        "detail": ", ".join(f"{label} {value}" for label, value in _flat(rest)),
    }


def _data(found: Any) -> dict[str, Any]:
    if not isinstance(found, Mapping) or not found:
        return {}
    try:
        report = DataReport.read(found)
    except UsageError:  # of an older or newer gansmith: shown as it is
        return {"data": list(_flat(found))}
    return {"data": report.rows(), "warnings": report.warnings, "unreadable": report.unreadable}


def _scores(scores: Mapping[str, Any]) -> dict[str, Any]:
    rows = {name: value if isinstance(value, Mapping) else {"value": value} for name, value in scores.items()}
    headings = list(dict.fromkeys(str(key) for row in rows.values() for key in row))
    table = [[str(name), *(_text(row.get(heading, "")) for heading in headings)] for name, row in rows.items()]
    return {"headings": ["score", *headings], "rows": table} if table else {}


def _flat(values: Mapping[Any, Any], prefix: str = "") -> Iterable[tuple[str, str]]:
    """Nested values as (dotted name, text), empty ones left out."""
    for key, value in values.items():
        name = f"{prefix}{key}"
        if isinstance(value, Mapping):
            yield from _flat(value, f"{name}.")
        elif value not in (None, "", [], ()):
            yield name, _text(value)


def _text(value: Any) -> str:
    if isinstance(value, float):
        return measure(value)
    if isinstance(value, list | tuple):
        shown = ", ".join(_text(item) for item in value[:20])
        return shown + (f", … ({len(value):,} in all)" if len(value) > 20 else "")
    return str(value)
