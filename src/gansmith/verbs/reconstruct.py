"""reconstruct: images from anywhere, encoded and drawn again, and how near that comes to them."""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from torch import Tensor

from gansmith.data.gather import as_floats
from gansmith.measure.paired import likeness
from gansmith.runs import disk
from gansmith.runs.model import load
from gansmith.runs.pictures import grid, save_png, to_uint8
from gansmith.verbs.encode import Pictures, Watcher
from gansmith.verbs.translate import free, saved, written

SHOWN, A_ROW = 48, 12  # on the sheet, in rows of so many: originals, and below each its reconstruction
Scores = Mapping[str, float]


@dataclass(frozen=True)
class Reconstructed:
    """What was written, and how alike: scores by name of each file, in their order, and their means.

    skipped: (name, reason). sheet: rows of originals, each above its reconstructions. table: the scores as a .csv.
    """

    files: tuple[Path, ...]
    scores: tuple[Scores, ...]
    mean: Scores
    sheet: Path
    table: Path
    skipped: tuple[tuple[str, str], ...]


def reconstruct(
    run: str | Path,
    images: str | Path,
    *,
    to: str | Path,
    which: str = "last",
    out: str | Path = "runs",
    device: str = "auto",
    watch: Watcher = lambda report: None,
) -> Reconstructed:
    """Encode an image, a folder or an archive of them and draw it again, into the folder `to` under the same names.

    Originals are compared as the run sees them, at its own size. Raises UsageError for a run without an encoder.
    """
    target = Path(to)
    model = load(run, out=out, which=which, device=device)
    recipe = {"run": model.run, "checkpoint": model.checkpoint}
    pictures = Pictures(model, images, target, watch)
    files: list[Path] = []
    names: list[str] = []
    scores: list[dict[str, float]] = []
    shown: list[tuple[np.ndarray, np.ndarray]] = []
    for some, pixels in pictures.chunks():
        wanted = as_floats(pixels)
        made = model.reconstruct(wanted)
        names += some
        scores += rows_of(likeness(wanted, made))
        for name, before, after in zip(some, pixels, to_uint8(made), strict=True):
            files.append(written(after, target, name, recipe | {"source": name}))
            if len(shown) < SHOWN:
                shown.append((before, after))
    sheet, table = (free(target, name, files) for name in ("sheet.png", "scores.csv"))
    saved(lambda: save_png(grid(in_rows(shown), min(A_ROW, len(shown))), sheet, recipe), target)
    saved(lambda: disk.replace(table, as_csv(names, scores).encode()), target)
    mean = {name: float(np.mean([one[name] for one in scores])) for name in scores[0]}
    return Reconstructed(tuple(files), tuple(scores), mean, sheet, table, tuple(pictures.skipped))


def rows_of(scores: Mapping[str, Tensor]) -> list[dict[str, float]]:
    """Scores (N,) by name -> N of scores by name."""
    columns = [value.tolist() for value in scores.values()]
    return [dict(zip(scores, row, strict=True)) for row in zip(*columns, strict=True)]


def in_rows(pairs: list[tuple[np.ndarray, np.ndarray]]) -> np.ndarray:
    """Pairs of (H, W, C) -> (N, H, W, C): a row of originals, a row of what was made of them, and so on."""
    blank = np.full_like(pairs[0][0], 255)
    rows: list[np.ndarray] = []
    for start in range(0, len(pairs), A_ROW):
        row = pairs[start : start + A_ROW]
        left = [blank] * ((A_ROW - len(row)) if len(pairs) > A_ROW else 0)
        rows += [*(before for before, _ in row), *left, *(after for _, after in row), *left]
    return np.stack(rows)


def as_csv(names: list[str], scores: list[dict[str, float]]) -> str:
    """A line per image."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(["name", *scores[0]])
    for name, one in zip(names, scores, strict=True):
        writer.writerow([name, *(f"{value:.4f}" for value in one.values())])
    return text.getvalue()
