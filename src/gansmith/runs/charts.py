"""Curves over the course of training, as SVG that lives inside a page and follows its colours."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from html import escape

import numpy as np

from gansmith.runs.axis import Axis, span

Points = Sequence[tuple[float, float]]  # (images seen, value)

WIDTH, HEIGHT = 520, 240
LEFT, RIGHT, TOP, BOTTOM = 60, 506, 10, 208
BUCKETS = 150  # points drawn at most; each is the mean of what lies in its stretch, the pale band its extremes


def chart(
    name: str,
    lines: Mapping[str, Points],
    *,
    marks: Iterable[float] = (),
    log: bool = False,
    share: bool = False,
) -> str:
    """An SVG of up to six lines over the images seen; the class names c0 to c5 give their colours.

    name: what a screen reader says. marks: images seen where something happened. log: logarithmic values, those not
    positive left out. share: values are parts of 1, shown as 0 to 100 %. Values that are not finite are left out.
    """
    cleaned = {label: _clean(points, log) for label, points in lines.items()}
    everything = np.concatenate([np.zeros((0, 2)), *cleaned.values()])
    x = Axis(0.0, float(everything[:, 0].max(initial=0.0)) or 1.0, LEFT, RIGHT)
    y = Axis(*((-0.02, 1.02) if share else span(everything[:, 1], log=log)), BOTTOM, TOP, log=log)
    parts = [
        f'<svg viewBox="0 0 {WIDTH} {HEIGHT}" role="img" aria-label="{escape(name)}" class="chart"'
        f' data-low="{x.low:g}" data-high="{x.high:g}" data-left="{LEFT}" data-right="{RIGHT}">'
    ]
    for at, text in y.labels((lambda value: f"{value:.0%}") if share else None, about=4):
        parts.append(f'<path class="rule" d="M{LEFT} {at:.1f}H{RIGHT}"/>')
        parts.append(f'<text x="{LEFT - 8}" y="{at + 4:.1f}" text-anchor="end">{text}</text>')
    for at, text in x.labels():
        parts.append(f'<text x="{at:.1f}" y="{BOTTOM + 18}" text-anchor="middle">{text}</text>')
    parts.append(f'<path class="axis" d="M{LEFT} {BOTTOM}H{RIGHT}"/>')
    for mark in marks:
        parts.append(f'<path class="mark" d="M{float(x.place(mark)):.1f} {TOP}V{BOTTOM}"/>')
    for index, points in enumerate(cleaned.values()):
        parts += _line(points, x, y, index)
    parts.append(f'<path class="now" d="M{RIGHT} {TOP}V{BOTTOM}" visibility="hidden"/></svg>')
    return "".join(parts)


def _clean(points: Points, log: bool) -> np.ndarray:
    table = np.asarray(points, np.float64).reshape(-1, 2)
    keep = np.isfinite(table).all(axis=1)
    return table[keep & (table[:, 1] > 0)] if log else table[keep]


def _line(points: np.ndarray, x: Axis, y: Axis, index: int) -> list[str]:
    if len(points) == 0:
        return []
    if len(points) == 1:
        at, up = x.place(points[0, 0]), y.place(points[0, 1])
        return [f'<circle class="dot c{index}" cx="{at:.1f}" cy="{up:.1f}" r="3"/>']
    if len(points) <= BUCKETS:
        return [f'<path class="line c{index}" d="M{_path(x.place(points[:, 0]), y.place(points[:, 1]))}"/>']
    groups = np.array_split(points, BUCKETS)
    across = x.place(np.array([group[:, 0].mean() for group in groups]))
    middle, bottom, top = (y.place(np.array([f(group[:, 1]) for group in groups])) for f in (np.mean, np.min, np.max))
    band = _path(np.concatenate([across, across[::-1]]), np.concatenate([top, bottom[::-1]]))
    return [
        f'<path class="band c{index}" d="M{band}Z"/>',
        f'<path class="line c{index}" d="M{_path(across, middle)}"/>',
    ]


def _path(across: np.ndarray, up: np.ndarray) -> str:
    return " ".join(f"{a:.1f} {b:.1f}" for a, b in zip(across.tolist(), up.tolist()))
