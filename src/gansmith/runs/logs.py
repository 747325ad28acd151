"""Training logs as the doctor's histories: runs and journals of gansmith, and logs of other tools by their shape."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from gansmith.doctor.history import Array, History, columns_of
from gansmith.errors import GansmithError
from gansmith.runs import journal, logtext
from gansmith.runs.folder import Run
from gansmith.runs.logroles import more_is_better, role
from gansmith.runs.logtables import LINES, Rows, json_rows, table_rows
from gansmith.runs.state import place_of

LARGEST = 200 * 2**20  # bytes that are read of a log; more is told apart by nobody
ENDS = ("given up", "break down")  # events after which nothing was trained
NAN_GAPS = 3  # stretches of "nan" between numbers from which it means "not measured in this line"


def run_history(run: Run) -> History:
    """The history of a run, finished or running. Raises GansmithError when its configuration cannot be read."""
    lines, place = run.journal.read(), place_of(run.checkpoints)
    return history_of([*lines, *_last_words(run, lines)], run.config(), place.changes, kept=place.kept)


def history_of(
    lines: Iterable[Mapping[str, Any]],
    config: Mapping[str, Any],
    changes: Mapping[str, Any],
    *,
    kept: int | None = None,
) -> History:
    """What the doctor may know of a run: its way without what was rolled back, its settings, its data.

    lines: of its journal. config: its run.json. changes: settings that remedies have changed. kept: see Place.
    """
    spec, facts, settings = (_part(config, name) for name in ("spec", "facts", "settings"))
    images, way = config.get("images"), journal.on_the_way(lines)
    if kept is not None:
        way = [line for line in way if line["seen"] - line.get("lost", 0) <= kept]
    return History.of(
        way,
        total=float(images) if isinstance(images, int) else None,
        family=str(config.get("family", "")),
        kind=str(spec.get("kind", "")),
        settings={**settings, **changes},
        data={**facts, **spec},
        kept=kept is not None,
    )


def _last_words(run: Run, lines: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Lines for the steps that ended a training that broke down: they are events, which no line follows."""
    events = run.events.read()
    if not lines or not events or events[-1].get("event") not in ENDS:
        return []
    last, broken = lines[-1], []
    for event in events[-2::-1]:
        if event.get("event") != "skipped step" or not isinstance(event.get("not_finite"), list):
            break
        broken.append({str(name): math.nan for name in event["not_finite"]})
    seen = last.get("seen")
    if not isinstance(seen, int | float):
        return []
    return [{**last, "seen": seen + row, "facts": facts} for row, facts in enumerate(reversed(broken), start=1)]


def _part(config: Mapping[str, Any], name: str) -> dict[str, Any]:
    part = config.get(name)
    return part if isinstance(part, dict) else {}


def log_history(path: Path) -> History:
    """The history in a file: a gansmith journal, or a CSV, TSV, JSON(L) or text log of another tool.

    Raises GansmithError when the file cannot be read, or has nothing of a GAN's training in it; it names what it has.
    """
    text = _text(path)
    own = _own(path, text)
    if own is not None:
        return own
    rows = json_rows(text) if text[:1] in "[{" else table_rows(text, path.stem)
    if not rows or not _roles(rows):
        printed = list(logtext.rows(re.split(r"[\r\n]+", text)[:LINES]))
        rows = printed if _roles(printed) or not rows else rows
    found = foreign(rows + _metrics_beside(path))
    if found is None:
        names = sorted({name for row in rows[:1000] for name in row})
        seen = (
            f"it has {', '.join(names[:12])}{' ...' if len(names) > 12 else ''}" if names else "no named numbers in it"
        )
        raise GansmithError(
            f"nothing to diagnose in {path}", seen, "a log with columns such as step, d_loss, g_loss and perhaps fid"
        )
    return found


def foreign(rows: Rows) -> History | None:
    """The history in rows of named numbers; None when there is neither a loss of both players nor a metric."""
    if not rows:
        return None
    roles = _roles(rows)
    if not any(name.startswith("metric:") or name.endswith("/loss") or "/loss " in name for name in roles):
        return None
    raw = columns_of([{name: value for name, value in row.items()} for row in rows])
    columns = {name: _merged([raw[column] for column in chosen]) for name, chosen in roles.items()}
    place = _place({name: values for name, values in columns.items() if name.startswith("step:")}, columns.get("epoch"))
    for name in [name for name in columns if name == "epoch" or name.startswith("step:")]:
        del columns[name]
    metric = next((name for name in columns if name.startswith("metric:")), "")
    about: dict[str, Any] = {}
    if metric:
        title = metric.partition(":")[2]
        about = {
            "metric": title.upper() if len(title) < 5 else title,
            "better": "high" if more_is_better(title) else "low",
        }
        values = columns.pop(metric)
        columns["metric"] = np.where(np.isinf(values), np.nan, values)
    for name in ("discriminator", "generator"):
        halves = [columns.pop(f"{name}/loss {side}", None) for side in ("real", "fake")]
        if f"{name}/loss" not in columns and halves[0] is not None and halves[1] is not None:
            columns[f"{name}/loss"] = halves[0] + halves[1]
    if "accuracy" in columns:
        both = columns.pop("accuracy")
        columns.setdefault("accuracy/real", both)
        columns.setdefault("accuracy/fake", both)
    for name in [name for name in columns if name.startswith("accuracy/")]:
        top = columns[name][np.isfinite(columns[name])].max(initial=0.0)
        columns[name] = columns[name] / (100.0 if top > 1.5 else 1.0)
    columns = {name: _without_gaps(values) for name, values in columns.items()}
    if "metric" not in columns and not {"discriminator/loss", "generator/loss"} & columns.keys():
        return None
    return _forward(place, columns, about)


def _text(path: Path) -> str:
    try:
        if not path.is_file():
            raise GansmithError(f"cannot read {path}", "it is not a file")
        with path.open("rb") as file:
            raw = file.read(LARGEST)
    except OSError as error:
        raise GansmithError(f"cannot read {path}", error.strerror or str(error)) from None
    coding = "utf-16" if raw[:2] in (b"\xff\xfe", b"\xfe\xff") else "utf-8-sig"
    return raw.decode(coding, "replace").lstrip("\n\r\t \x00")


def _own(path: Path, text: str) -> History | None:
    """The history of a journal of gansmith; with its run's settings where it lies in a run folder."""
    head = [line for line in text[:20_000].split("\n")[:5] if '"facts"' in line and '"seen"' in line]
    if not head:
        return None
    if (path.parent / "run.json").is_file():
        return run_history(Run(path.parent))
    return History.of(journal.on_the_way(journal.read(path)))


def _metrics_beside(path: Path) -> Rows:
    """StyleGAN writes its metrics into files of their own beside stats.jsonl."""
    if path.name != "stats.jsonl":
        return []
    files = sorted(path.parent.glob("metric-*.jsonl"))[:8]
    return [row for file in files if file.is_file() for row in json_rows(_text(file))]


def _roles(rows: Rows) -> dict[str, list[str]]:
    """Role -> the columns that have it: those of the best rank; of metrics only the first known."""
    names = dict.fromkeys(name for row in rows for name in row)
    ranked: dict[str, tuple[int, list[str]]] = {}
    for name in names:
        if (found := role(name)) is None:
            continue
        what, rank = found
        best, columns = ranked.get(what, (rank, []))
        if rank < best or not columns:
            ranked[what] = (rank, [name])
        elif rank == best:
            columns.append(name)
    metrics = sorted((rank, what) for what, (rank, _) in ranked.items() if what.startswith("metric:"))
    for _, what in metrics[1:]:
        del ranked[what]
    return {what: columns for what, (_, columns) in ranked.items()}


def _merged(columns: Sequence[Array]) -> Array:
    """The mean of what was measured in each row."""
    if len(columns) == 1:
        return columns[0]
    known = ~np.isnan(columns)
    total = np.where(known, columns, 0.0).sum(axis=0)
    return np.where(known.any(axis=0), total / np.maximum(known.sum(axis=0), 1), np.nan)


def _place(steps: Mapping[str, Array], epoch: Array | None) -> Array | None:
    """(n,) where each row stands; None when only its number says. A step that begins anew every epoch is added up."""
    for name in sorted(steps, key=lambda name: role(name.partition(":")[2]) or ("", 99)):
        values = steps[name]
        known = values[np.isfinite(values)]
        if len(known) < 0.05 * len(values) or (len(values) > 2 and (len(known) < 2 or known.min() == known.max())):
            continue  # no counter: a setting that was printed once
        back = np.diff(values) < 0
        if epoch is not None and np.isfinite(epoch).any():
            anew = back.any() and bool((np.diff(epoch)[back] > 0).mean() > 0.5)
            if anew or name == "step:batch":
                return epoch * (float(known.max()) + 1) + values
        if back.sum() <= max(3, 0.01 * len(known)):
            return values
    if epoch is not None and len(np.unique(epoch[np.isfinite(epoch)])) == int(np.isfinite(epoch).sum()) >= 2:
        return epoch
    return None


def _without_gaps(values: Array) -> Array:
    """ "nan" again and again between numbers means that nothing was measured there; once and for all, that it broke."""
    if np.isinf(values).any():
        known = values[~np.isnan(values)]
        broken = np.isinf(known)
        if int((np.diff(broken.astype(int)) == 1).sum()) >= NAN_GAPS and broken[: len(broken) // 2].mean() > 0.1:
            return np.where(np.isinf(values), np.nan, values)
    return values


def _forward(place: Array | None, columns: dict[str, Array], about: Mapping[str, Any]) -> History:
    """Rows in the order of their places; rows of one place become one, in which what came later counts."""
    count = len(next(iter(columns.values())))
    if place is None:
        seen = np.arange(1, count + 1, dtype=np.float64)
        keep = np.ones(count, bool)
    else:
        seen = _carried(place)
        keep = np.isfinite(seen)
    kept = np.flatnonzero(keep & ~np.all([np.isnan(values) for values in columns.values()], axis=0))
    order = kept[np.argsort(seen[kept], kind="stable")]
    places, starts = np.unique(seen[order], return_index=True)
    merged = {name: _last(values[order], starts) for name, values in columns.items()}
    return History(places, merged, data=dict(about), foreign=True)


def _carried(place: Array) -> Array:
    """A line that does not say where it stands belongs to the one before."""
    at = np.maximum.accumulate(np.where(np.isfinite(place), np.arange(len(place)), -1))
    return np.where(at >= 0, place[np.maximum(at, 0)], np.nan)


def _last(values: Array, starts: Sequence[int] | np.ndarray) -> Array:
    """Of each stretch that begins at `starts` the last value that was measured."""
    at = np.maximum.accumulate(np.where(np.isnan(values), -1, np.arange(len(values))))
    ends = np.r_[np.asarray(starts)[1:], len(values)] - 1 if len(values) else np.empty(0, int)
    last = at[ends]
    return np.where(last >= np.asarray(starts), values[np.maximum(last, 0)], np.nan)


def history(target: str | Path, out: Path) -> History:
    """The history of a run, by any of its names, or of a log file, by its path. Raises GansmithError."""
    path = Path(target).expanduser()
    if path.is_file():
        return log_history(path)
    if path.is_dir() and not (path / "run.json").is_file() and (path / "journal.jsonl").is_file():
        return log_history(path / "journal.jsonl")
    return run_history(Run.find(str(target), out))
