"""video: a film through a run's latents that has no beginning and no end, or of how its training went."""

from __future__ import annotations

import math
import re
import warnings
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import torch
from PIL import Image
from torch import Tensor

from gansmith.errors import GansmithError, UsageError
from gansmith.families import family
from gansmith.families.infogan import OPEN
from gansmith.runs import film as films
from gansmith.runs.animation import animate
from gansmith.runs.animation import check as check_film
from gansmith.runs.folder import Run
from gansmith.runs.model import Model, load
from gansmith.runs.pictures import grid as lay_out
from gansmith.runs.pictures import to_uint8
from gansmith.verbs.codes import codes_of
from gansmith.verbs.conditions import Conditions, given_for, kinds_of, unmet
from gansmith.verbs.latents import latents_of
from gansmith.verbs.sample import check
from gansmith.verbs.styles import has_styles, styles
from gansmith.verbs.walk import latents, through, walk

Watcher = Callable[[Mapping[str, Any]], None]

SECONDS, RATE = 8.0, 24.0
A_KEY = 2.0  # seconds from one random latent to the next, about
FEWEST = 3  # of them: through two, a walk would only go there and back
LONGEST = 600.0  # seconds
SIDE = 512  # pixels that the longer side of a film has, at most, unless its images are larger
MOST = 64  # walks side by side


def video(
    run: str | Path = "last",
    *,
    seconds: float | None = None,
    fps: float = RATE,
    seed: int = 0,
    grid: str | None = None,
    to: str | Path = "film.webp",
    training: bool = False,
    scale: int | None = None,
    out: str | Path = "runs",
    which: str = "last",
    device: str = "auto",
    warn: Callable[[str], None] = warnings.warn,
    watch: Watcher = lambda report: None,
    **asked: Any,
) -> Path:
    """Film a walk through a run's latents that ends where it began; returns the path written.

    seconds: 8 by default. grid: walks side by side, rows x columns, "3x3"; by default one, or one for each of several
    classes or texts asked for. to: ends in .webp, .gif, .png or .mp4 (which needs ffmpeg). scale: pixels for each pixel
    of an image. The first frame is what `sample` draws of that seed and number. asked: conditions, as for `sample`;
    what is left open is drawn once and stays. training: film instead the pictures that were made while it trained.
    Raises UsageError for a film that cannot be, GansmithError where there is nothing to film.
    """
    target = Path(to)
    if seconds is not None and not 0 < seconds <= LONGEST:
        raise UsageError(f"A film cannot last {seconds:g} seconds.", do=f"--seconds {SECONDS:g}, at most {LONGEST:g}")
    asked = {name: value for name, value in asked.items() if value not in (None, "", ())}
    if training and (asked or grid or scale):
        raise UsageError("The film of a training is of its own pictures.", do="--training without grid or conditions")
    try:
        if training:
            return of_training(Run.find(str(run), Path(out)).path, target, seconds)
        model = load(run, out=out, which=which, device=device)
        check(model.config.family, asked)
        for sentence in unmet(model.spec, asked.get("text", ())):
            warn(sentence)
        rows, columns = layout(grid, kinds_of(model.spec, **asked))
        of_latents(model, target, (rows, columns), scale, seconds or SECONDS, fps, seed, asked, watch)
    except OSError as error:
        raise GansmithError(f"Cannot write {target}.", why=str(error), do="--out elsewhere") from None
    return target


def of_latents(
    model: Model,
    target: Path,
    shape: tuple[int, int],
    scale: int | None,
    seconds: float,
    fps: float,
    seed: int,
    asked: Mapping[str, Any],
    watch: Watcher,
) -> None:
    """Write the film of as many walks as `shape`, (rows, columns), has places."""
    settings, (rows, columns) = latents_of(model, "--training"), shape
    given = conditions(model, rows * columns, seed, asked)
    height, width = model.spec.shape[1:]
    scale = scale or max(1, SIDE // max(height * rows, width * columns))
    frames = max(2, round(seconds * fps)) if math.isfinite(fps) else 2  # other rates are refused below
    check_film(target, rate=fps, frames=frames, size=(width * scale * columns, height * scale * rows))
    keys = latents(rows * columns, max(FEWEST, round(seconds / A_KEY)), settings.z, settings.prior, seed)

    def shown() -> Iterator[Image.Image]:
        for frame, images in enumerate(drawn(model, keys, frames, settings.prior, seed, given)):
            watch({"progress": ("drawing frames", frame, frames)})
            yield lay_out(to_uint8(images), columns, scale=scale, gap=0 if len(images) == 1 else None)

    animate(shown(), [1 / fps] * frames, target)


def drawn(model: Model, keys: Tensor, frames: int, prior: str, seed: int, given: Conditions) -> Iterator[Tensor]:
    """Images (N, C, H, W) of every frame of walks through latents (K, N, z), or through the styles they are made into.

    Between two styles lie styles, straight; in between the latents themselves a generator of styles moves less evenly.
    """
    count = keys.shape[1]
    if not has_styles(model):
        for latent in walk(keys, frames, prior):
            yield model.draw(count, seed, latent, given)
        return
    ends = torch.stack([styles(model, key, given, seed) for key in keys])  # the same style for every layer
    for w in through(ends[:, :, 0], frames):
        yield model.draw(count, seed, given={"styles": w[:, None].expand(-1, ends.shape[2], -1)})


def conditions(model: Model, count: int, seed: int, asked: Mapping[str, Any]) -> Conditions:
    """What each walk is of; codes that nobody stated are drawn once, as for samples, or latents would come without."""
    has_codes = "code" in family(model.config.family).conditions
    codes = codes_of(model.config) if has_codes else None
    given = given_for(model.spec, count, codes=codes, seed=seed, **asked)
    if codes is None or "code" in given:
        return given
    return given | {"code": codes.draw(count, torch.Generator().manual_seed((seed + OPEN) % 2**63))}


def of_training(run: Path, target: Path, seconds: float | None) -> Path:
    """The pictures made while it trained, each shown alike; the last one longer."""
    count = len(films.frames(run))
    shown = {} if seconds is None else {"milliseconds": round(1000 * seconds / max(1, count - 1 + films.HOLD))}
    return films.film(run, target, width=SIDE, **shown)


def layout(grid: str | None, kinds: int) -> tuple[int, int]:
    """(rows, columns) of "3x4"; of nothing, one image, or as many as there are kinds, nearly square."""
    if grid is None:
        columns = math.ceil(math.sqrt(max(1, kinds)))
        return math.ceil(max(1, kinds) / columns), columns
    found = re.fullmatch(r"(\d{1,3})x(\d{1,3})", grid.strip().lower())
    rows, columns = (int(found[1]), int(found[2])) if found else (0, 0)
    if not 1 <= rows * columns <= MOST:
        raise UsageError(f"'{grid}' is no grid.", why=f"rows x columns, {MOST} images at most", do="--grid 3x3")
    return rows, columns
