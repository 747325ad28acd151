"""Opens whatever the user pointed at: a folder, a zip, arrays, a table, a built-in set, a Hugging Face name."""

from __future__ import annotations

import functools
from dataclasses import replace
from pathlib import Path

from gansmith.data import cache
from gansmith.data.dataset import Dataset
from gansmith.data.names import shown
from gansmith.data.options import DataOptions
from gansmith.data.pool import Progress
from gansmith.data.prepared import Prepared, rows_in
from gansmith.data.report import DataReport
from gansmith.data.roles import Roles, roles, spec_of
from gansmith.data.sources import Source, find_source
from gansmith.errors import GansmithError, UsageError

DEFAULTS = DataOptions()


def open_data(source: str | Path, options: DataOptions = DEFAULTS, *, progress: Progress | None = None) -> Dataset:
    """The data at `source`, prepared for training, with a report of what was found.

    source: a folder of images, a zip of them, .npz, .npy, IDX, .csv; `digits`, `ring`, `grid`, `spiral`; `hf:NAME`.
    progress: called with (what, done, total) while preparing. Raises GansmithError when nothing can be done with it,
    UsageError when it has not the layout or the captions that `options` ask for.
    """
    found = find_source(str(source))
    prepared = _prepared(found, options, progress or _silent)
    report = prepared.report.changed(source=shown(str(source)))
    if options.strict:
        _refuse_faults(report)
    if options.balanced and prepared.labels is None:
        raise UsageError(f"{report.source} has no classes to draw equally often.", "", "Leave out --balanced.")
    chosen = roles(prepared, options)
    return Dataset(
        spec_of(prepared, chosen, options),
        report.changed(plan=(*report.plan, *_last_steps(prepared, report, chosen, options))),
        prepared.values,
        prepared.labels,
        chosen.train,
        chosen.held,
        chosen.source_train,
        chosen.source_held,
        chosen.source_of,
        prepared.captions,
        options.balanced,
    )


def _refuse_faults(report: DataReport) -> None:
    faults = [f"  {name}: {reason}" for name, reason in report.unreadable]
    faults += [f"  {name}: no partner" for name in report.lonely]
    if faults:
        listed = "\n".join(faults[:20])
        raise GansmithError(
            f"{len(faults):,} files in {report.source} cannot be used:\n{listed}",
            "Strict reading was asked for.",
            "Mend or remove them, or leave out --strict to skip them.",
        )


def _prepared(source: Source, options: DataOptions, progress: Progress) -> Prepared:
    prepare = functools.partial(source.prepare, options)
    if not options.cache or source.quick:
        return prepare(rows_in(None), progress)
    root, key = cache.cache_root(), cache.cache_key(source.stamp, options)
    kept = cache.load(root, key)
    if kept:
        return kept
    try:
        with cache.building(root) as folder:
            return cache.keep(root, key, folder, prepare(rows_in(folder), progress))
    except OSError as error:
        prepared = prepare(rows_in(None), progress)
        warning = f"The cache in {root} cannot be written ({error.strerror or error}): everything is kept in memory."
        report = prepared.report.changed(warnings=(*prepared.report.warnings, warning))
        return replace(prepared, report=report)


def _last_steps(prepared: Prepared, report: DataReport, chosen: Roles, options: DataOptions) -> list[str]:
    steps, held = [], len(chosen.held)
    if sides := prepared.spec.sides:
        source, target = sides if options.direction == "AtoB" else sides[::-1]
        steps.append(f"learn {target} from {source}{'' if prepared.partner is not None else ', unpaired'}")
    if options.balanced:
        steps.append("draw every class equally often")
    if report.unreadable:
        steps.append(f"skip {len(report.unreadable):,} unreadable")
    if chosen.uncaptioned:
        steps.append(f"leave out {chosen.uncaptioned:,} without a caption")
    none = f"hold out none{': too few' if options.holdout else ''}"
    return [*steps, f"hold out {held:,} to measure with" if held else none]


def _silent(what: str, done: int, total: int) -> None:
    pass
