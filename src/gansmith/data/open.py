"""Opens whatever the user pointed at: a folder, a zip, arrays, a table, a built-in set, a Hugging Face name."""

from __future__ import annotations

import functools
from pathlib import Path

from gansmith.data import cache
from gansmith.data.dataset import Dataset
from gansmith.data.names import shown
from gansmith.data.options import DataOptions
from gansmith.data.pool import Progress
from gansmith.data.prepared import Prepared, rows_in
from gansmith.data.report import DataReport
from gansmith.data.sources import Source, find_source
from gansmith.data.split import split
from gansmith.errors import GansmithError

DEFAULTS = DataOptions()


def open_data(source: str | Path, options: DataOptions = DEFAULTS, *, progress: Progress | None = None) -> Dataset:
    """The data at `source`, prepared for training, with a report of what was found.

    source: a folder of images, a zip of them, .npz, .npy, IDX, .csv; `digits`, `ring`, `grid`, `spiral`; `hf:NAME`.
    progress: called with (what, done, total) while preparing. Raises GansmithError when nothing can be done with it.
    """
    found = find_source(str(source))
    prepared = _prepared(found, options, progress or _silent)
    report = prepared.report.changed(source=shown(str(source)))
    if options.strict and report.unreadable:
        listed = "\n".join(f"  {name}: {reason}" for name, reason in report.unreadable[:20])
        raise GansmithError(
            f"{len(report.unreadable):,} files in {report.source} cannot be used:\n{listed}",
            "Strict reading was asked for.",
            "Mend or remove them, or leave out --strict to skip them.",
        )
    train, held = split(prepared.groups, options.holdout, prepared.spec.fingerprint)
    return Dataset(
        prepared.spec.changed(count=len(train)),
        report.changed(plan=(*report.plan, *_last_steps(report, len(held), options.holdout))),
        prepared.values,
        prepared.labels,
        train,
        held,
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
        return Prepared(prepared.values, prepared.labels, prepared.groups, prepared.spec, report)


def _last_steps(report: DataReport, held: int, share: float) -> list[str]:
    skipped = [f"skip {len(report.unreadable):,} unreadable"] if report.unreadable else []
    return [*skipped, f"hold out {held:,} to measure with" if held else f"hold out none{': too few' if share else ''}"]


def _silent(what: str, done: int, total: int) -> None:
    pass
