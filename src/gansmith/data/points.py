"""Prepares points: standardises every column and remembers how to undo it."""

from __future__ import annotations

import numpy as np

from gansmith.data.enough import enough
from gansmith.data.prepared import NewRows, Prepared, fingerprint
from gansmith.data.report import DataReport
from gansmith.data.spec import DataSpec


def from_points(
    source: str,
    points: np.ndarray,
    columns: tuple[str, ...],
    decimals: tuple[int, ...],
    new_rows: NewRows,
    warnings: tuple[str, ...] = (),
    count: int | None = None,
) -> Prepared:
    """Prepare points (N, D) float64, all finite. `count`: rows found, those left out included."""
    mean, scale = points.mean(axis=0), points.std(axis=0)
    constant = scale <= 1e-12 * np.abs(mean)
    if constant.any():
        named = ", ".join(name for name, flag in zip(columns, constant, strict=True) if flag)
        warnings = (*warnings, f"The same value in every row: {named}.")
    scale = np.where(constant, 1.0, scale)
    rows = new_rows((points.shape[1],), np.float32)
    rows.append(((points - mean) / scale).astype(np.float32))
    values = rows.finish()
    spec = DataSpec(
        kind="points",
        shape=(points.shape[1],),
        count=len(points),
        columns=columns,
        mean=tuple(mean.tolist()),
        scale=tuple(scale.tolist()),
        decimals=decimals,
        fingerprint=fingerprint(values, None, columns),
    )
    distinct = len({row.tobytes() for row in values})
    report = DataReport(
        source=source,
        kind="points",
        count=count or len(points),
        usable=len(points),
        columns=columns,
        duplicates=len(points) - distinct,
        warnings=warnings,
        plan=("standardise each column",),
        enough=enough(len(points), "points"),
    )
    return Prepared(values, None, np.arange(len(points)), spec, report)
