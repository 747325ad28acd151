"""sample: draw from a run into a picture, a folder, an .npz or a .csv."""

from __future__ import annotations

import csv
import io
import math
import warnings
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, cast, get_args

import numpy as np
from numpy.typing import NDArray
from torch import Tensor

from gansmith.data.spec import DataSpec
from gansmith.errors import GansmithError, UsageError, closest
from gansmith.families import family
from gansmith.game.game import Noise
from gansmith.runs import disk
from gansmith.runs.model import load
from gansmith.runs.pictures import as_picture, grid, save_png
from gansmith.runs.plots import cloud
from gansmith.verbs.codes import codes_of
from gansmith.verbs.conditions import given_for, kinds_of, unmet
from gansmith.verbs.points import points_in
from gansmith.verbs.recall import NEEDED, agreed, recalled

MOST = 10_000_000
ASKED = {  # option -> condition
    **{"label": "label", "labels": "label", "text": "caption"},
    **{"code": "code", "truncation": "truncation", "noise": "noise"},
}


def sample(
    run: str | Path = "last",
    count: int | None = None,
    *,
    seed: int | None = None,
    to: str | Path | None = None,
    out: str | Path = "runs",
    which: str = "last",
    columns: int | None = None,
    device: str = "auto",
    noise: str | None = None,
    latents: str | Path | None = None,
    from_image: str | Path | None = None,
    warn: Callable[[str], None] = warnings.warn,
    **asked: Any,
) -> Path:
    """Draw `count` samples, by default 64, from `seed`, by default 0, and write them; returns the path written.

    to: `x.png` (one grid, of `columns`), `x.npz` (uint8 `images` or float `points`), `x.csv` (points, the data's own
    columns and units), or a folder (one PNG each). Every PNG carries its recipe. noise: "fixed", "random" or "none", of
    a generator with noise inputs. latents: an .npz of `encode` or `invert`; one sample of each, whatever `count` says.
    from_image: a PNG that this function wrote; what is not asked for is as its recipe says, run and checkpoint, too,
    where they are "last". asked: label, labels, text, code or truncation, as `given_for` knows them; of several, as
    many samples each, `count` rounded up, and a row of the grid each. warn: told of words that the training never met.
    Raises UsageError for an impossible target, or for what the run cannot make.
    """
    index = None
    if from_image is not None:
        wishes = {"run": str(run), "checkpoint": which, "seed": seed, "count": count, "columns": columns, **asked}
        again = agreed(recalled(from_image), wishes | {"noise": noise, "latents": latents})
        run, which, seed, count = (again.pop(name) for name in NEEDED)
        columns, noise, latents, index = (again.pop(name, None) for name in ("columns", "noise", "latents", "index"))
        asked = again
    count, seed = 64 if count is None else count, seed or 0
    if not 1 <= count <= MOST:
        raise UsageError(f"{count} samples cannot be drawn.", do=f"-n between 1 and {MOST}")
    model = load(run, out=out, which=which, device=device)
    points = model.spec.kind == "points"
    target = Path(to) if to is not None else Path("samples.csv" if points else "grid.png")
    kind = target.suffix.lower()
    if kind not in {".png", ".npz", ".csv", ""}:
        raise UsageError(
            f"Samples cannot be written as '{kind}'.", do="--out grid.png, samples.npz, samples.csv or folder/"
        )
    if kind == ".csv" and not points:
        raise UsageError("Images do not go into a table.", do="--out grid.png, samples.npz or folder/")
    if kind == ".png" and points and model.spec.shape != (2,):
        raise UsageError("Only points of two columns make a picture.", do="--out samples.csv or samples.npz")
    asked = {name: value for name, value in asked.items() if value not in (None, "", ())}
    wished = {"columns": columns} if columns else {}
    latent, told = (None, {}) if latents is None else points_in(latents, model)
    if latents is not None:
        count = len(told["styles"] if latent is None else latent)
    check(model.config.family, asked | ({} if noise is None else {"noise": noise}))
    if "styles" in told and asked:
        raise UsageError(f"The styles in {latents} are made already.", do=f"leave out --{' and --'.join(asked)}")
    if (rows := kinds_of(model.spec, **asked)) > 1 and latents is None:
        columns = columns or math.ceil(count / rows)
        count = math.ceil(count / rows) * rows
    codes = codes_of(model.config) if "code" in asked else None
    given = told | given_for(model.spec, count, codes=codes, seed=seed, **asked)
    for sentence in unmet(model.spec, asked.get("text", ())):
        warn(sentence)
    drawn = model.sample(count, seed, given, noise=noise_of(noise), latent=latent)
    recipe = {"run": model.run, "checkpoint": model.checkpoint, "seed": seed, "count": count, **wished, **asked}
    recipe |= {} if noise is None else {"noise": noise}
    recipe |= {} if latents is None else {"latents": str(latents)}
    recipe |= model.game.marks(model.networks)
    if index is not None:
        drawn, recipe = drawn[index : index + 1], recipe | {"index": index}
    try:
        write(drawn, target, model.spec, recipe, columns, given.get("label"))
    except OSError as error:
        raise GansmithError(f"Cannot write {target}.", why=str(error), do="--out elsewhere") from None
    return target


def check(name: str, asked: Mapping[str, object]) -> None:
    """Refuse options that the family of that name was never told anything about."""
    told = family(name).conditions
    for option in asked:
        if ASKED[option] not in told:
            raise UsageError(
                f"--{option} means nothing to this run.",
                why=f"of a sample, the family {name} is told {' and '.join(told) or 'nothing'}",
                do=f"leave out --{option}, or train another: gansmith models",
            )


def noise_of(word: str | None) -> Noise:
    """What noise somebody asks for; the same for all samples where nobody does. Raises UsageError for another word."""
    if word is not None and word not in get_args(Noise):
        raise UsageError(f"There is no noise '{word}'.", do=closest(word, get_args(Noise)))
    return cast(Noise, word or "fixed")


def write(
    drawn: NDArray[Any],
    target: Path,
    spec: DataSpec,
    recipe: dict[str, Any],
    columns: int | None = None,
    labels: Tensor | None = None,
) -> None:
    """Write samples in the form the target's name asks for; labels go into an .npz beside them."""
    points, kind = spec.kind == "points", target.suffix.lower()
    target.parent.mkdir(parents=True, exist_ok=True)
    if kind == ".npz":
        buffer = io.BytesIO()
        if points:
            np.savez_compressed(buffer, points=drawn)
        else:
            named = {} if labels is None else {"labels": np.array(spec.classes)[labels.numpy()]}
            np.savez_compressed(buffer, images=drawn, **named)
        disk.replace(target, buffer.getvalue())
    elif kind == ".csv":
        disk.replace(target, table(drawn, spec).encode())
    elif kind == ".png":
        save_png(cloud(drawn, spec.columns) if points else grid(drawn, columns), target, recipe)
    elif points:
        target.mkdir(parents=True, exist_ok=True)
        disk.replace(target / "samples.csv", table(drawn, spec).encode())
    else:
        target.mkdir(parents=True, exist_ok=True)
        width = len(str(len(drawn) - 1))
        for index, image in enumerate(drawn):
            save_png(as_picture(image), target / f"{index:0{width}d}.png", recipe | {"index": index})


def table(points: NDArray[Any], spec: DataSpec) -> str:
    """CSV text with the data's column names and decimals."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(spec.columns)
    for row in points:
        writer.writerow(f"{value:.{places}f}" for value, places in zip(row, spec.decimals, strict=True))
    return text.getvalue()
