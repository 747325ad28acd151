"""mix: a sheet of style mixing, the images of some seeds in the styles of others at some layers."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image
from torch import Tensor

from gansmith.errors import GansmithError, UsageError, closest
from gansmith.runs.model import Model, load
from gansmith.runs.pictures import grid, save_png, to_uint8
from gansmith.verbs.conditions import given_for
from gansmith.verbs.sample import noise_of
from gansmith.verbs.styles import settings_of, styles
from gansmith.verbs.walk import latents

ROWS, COLUMNS = (1, 2, 3), (4, 5, 6, 7, 8)
MOST = 32  # seeds on either side
PARTS = ("coarse", "middle", "fine")
PUBLISHED = (4, 8)  # layers where middle and fine begin: coarse is up to 8 pixels, middle up to 32 (Karras et al. 2019)
LEAST = 10  # layers from which that leaves something fine


def mix(
    run: str | Path = "last",
    *,
    rows: Sequence[int] = ROWS,
    columns: Sequence[int] = COLUMNS,
    layers: str = "coarse",
    to: str | Path = "mix.png",
    label: str | None = None,
    truncation: float | None = None,
    noise: str | None = None,
    which: str = "last",
    out: str | Path = "runs",
    device: str = "auto",
) -> Path:
    """Draw every row's image with the styles of every column's at some layers; returns the path written.

    rows, columns: seeds; the first column and the first row show their own images. layers: "coarse", "middle", "fine",
    or numbers from 0, coarse to fine: "0-3" or "0,2,5-7". Raises UsageError for a run whose generator has no styles.
    """
    target = Path(to)
    if target.suffix.lower() != ".png":
        raise UsageError(f"A sheet cannot be written as '{target.suffix}'.", do="--out mix.png")
    for name, seeds in (("rows", rows), ("columns", columns)):
        if not 1 <= len(seeds) <= MOST:
            raise UsageError(f"{len(seeds)} {name} make no sheet.", do=f"1 to {MOST} seeds: --{name} 1,2,3")
    model = load(run, out=out, which=which, device=device)
    how = noise_of(noise)
    asked = {name: value for name, value in (("label", label), ("truncation", truncation)) if value is not None}
    ours = styles_by_seed(model, rows, asked)
    theirs = styles_by_seed(model, columns, asked)
    chosen = layers_of(layers, ours.shape[1])
    mixed = ours[:, None].repeat(1, len(columns), 1, 1)
    mixed[:, :, chosen] = theirs[None, :, chosen]
    every = torch.cat([theirs, ours, mixed.flatten(0, 1)])
    drawn = to_uint8(model.draw(len(every), given={"styles": every}, noise=how))
    recipe = {"run": model.run, "checkpoint": model.checkpoint, "rows": list(rows), "columns": list(columns)}
    try:
        save_png(sheet(drawn, len(rows), len(columns)), target, recipe | {"layers": chosen, "noise": how, **asked})
    except OSError as error:
        raise GansmithError(f"Cannot write {target}.", why=str(error), do="--out elsewhere") from None
    return target


def styles_by_seed(model: Model, seeds: Sequence[int], asked: dict[str, Any]) -> Tensor:
    """(N, layers, w): of the first sample of each seed."""
    settings = settings_of(model)
    given = given_for(model.spec, 1, **asked)
    each = ((seed, latents(1, 1, settings.z, settings.prior, seed)[0]) for seed in seeds)
    return torch.cat([styles(model, latent, given, seed) for seed, latent in each])


def layers_of(text: str, count: int) -> list[int]:
    """The layers, of `count`, that a word or ranges of numbers name, in order."""
    if text in PARTS:
        first, second = PUBLISHED if count >= LEAST else (round(count / 3), round(2 * count / 3))
        begin, end = dict(zip(PARTS, ((0, first), (first, second), (second, count)), strict=True))[text]
        return list(range(begin, end))
    found: set[int] = set()
    for part in text.split(","):
        ends = re.fullmatch(r"(\d{1,3})(?:-(\d{1,3}))?", part.strip())
        if not ends:
            raise UsageError(f"'{text}' names no layers.", closest(text, PARTS), "--layers coarse, or --layers 0-3")
        found |= set(range(int(ends[1]), int(ends[2] or ends[1]) + 1))
    if not found or max(found) >= count:
        raise UsageError(f"Layers {text} are not all there.", do=f"0 to {count - 1}, coarse to fine")
    return sorted(found)


def sheet(drawn: NDArray[np.uint8], rows: int, columns: int) -> Image.Image:
    """The columns' own images, the rows' own, then the mixed ones row by row -> one picture, its corner left empty."""
    own, mixed = drawn[columns : columns + rows], drawn[columns + rows :]
    corner = np.full_like(drawn[:1], 255 if drawn.shape[-1] % 2 else 0)  # white, or nothing where there is alpha
    lines = [np.concatenate([corner, drawn[:columns]])]
    lines += [np.concatenate([own[row : row + 1], mixed[row * columns : (row + 1) * columns]]) for row in range(rows)]
    return grid(np.concatenate(lines), columns + 1)
