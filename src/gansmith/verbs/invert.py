"""invert: photos into the latents that a run's generator comes nearest to them by, whatever its family."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from gansmith.data.gather import as_floats
from gansmith.editing import inversion
from gansmith.editing.inversion import Inverted
from gansmith.editing.reading import read
from gansmith.editing.space import Space
from gansmith.editing.typical import typical
from gansmith.errors import UsageError
from gansmith.measure.paired import likeness
from gansmith.runs import disk
from gansmith.runs.model import Model, load
from gansmith.runs.pictures import grid, save_png, to_uint8
from gansmith.verbs.conditions import Conditions
from gansmith.verbs.encode import Pictures, Watcher
from gansmith.verbs.known import Known, known
from gansmith.verbs.latents import space_of
from gansmith.verbs.points import write_points
from gansmith.verbs.readers import reader_for
from gansmith.verbs.reconstruct import A_ROW, SHOWN, Scores, as_csv, in_rows, rows_of
from gansmith.verbs.supposed import likeliest, supposed
from gansmith.verbs.supposed import rows_of as conditions_at
from gansmith.verbs.translate import free, saved, written

LIKELY = 3  # conditions that are tried for each photo, where nobody says under which it was made
QUICK = 30  # steps of a search that only tells conditions apart
RARE = 0.01  # points farther out than all but this share of samples are unusual
AT_ONCE = 64  # photos; what is finished stays when somebody interrupts
MOST_STARTS, MOST_STEPS = 256, 100_000


@dataclass(frozen=True)
class Inversion:
    """Where photos lie among a run's latents, and how near its generator comes to them.

    latents: the .npz, of the space `space`, in the order of `names`. files: what was drawn again. scores: of each, L1,
    PSNR, SSIM, `error` (root mean square, in shares of the range) and `typical`, the share of samples that lie farther
    out. outside: names of photos that are not what the generator knows; unusual: of those whose latents hardly any
    sample has, so that edits may tear. known: what the errors were compared with. skipped: (name, reason).
    """

    latents: Path
    space: str
    names: tuple[str, ...]
    files: tuple[Path, ...]
    scores: tuple[Scores, ...]
    mean: Scores
    outside: tuple[str, ...]
    unusual: tuple[str, ...]
    known: Known
    sheet: Path
    table: Path
    skipped: tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class Searcher:
    """Looks for images in a space. among: conditions (K, ...) that each may have been made under, or none.

    guess: images (N, C, H, W) -> points (N, *shape) that are begun from, too.
    """

    space: Space
    among: Conditions
    starts: int
    steps: int
    seed: int
    guess: Callable[[Tensor], Tensor] | None = None

    def __call__(self, images: Tensor) -> tuple[Inverted, Conditions]:
        """What is found for images (N, C, H, W), and under which conditions (N, ...)."""
        begin = None if self.guess is None else self.guess(images)
        options: dict[str, Any] = {"starts": self.starts, "steps": self.steps, "seed": self.seed}
        if self.among:
            begin, options["given"] = self.tried(images, begin)
        return inversion.invert(self.space, images, begin=begin, **options), options.get("given", {})

    def tried(self, images: Tensor, begin: Tensor | None) -> tuple[Tensor, Conditions]:
        """The condition that soon brings each image nearest, of the likeliest: points (N, *shape), and conditions."""
        likely = likeliest(self.space, images, self.among, LIKELY, self.seed)  # (N, at most LIKELY)
        each = likely.shape[1]
        given = conditions_at(self.among, likely.flatten())
        same = images.repeat_interleave(each, 0)
        begin = None if begin is None else begin.repeat_interleave(each, 0)
        found = inversion.invert(
            self.space, same, given=given, starts=2, steps=QUICK, again=0, seed=self.seed, begin=begin
        )
        best = found.errors.view(-1, each).argmin(1) + each * torch.arange(len(images))
        return found.points[best], conditions_at(given, best)


@dataclass
class Gathered:
    """Photos that were looked for so far."""

    names: list[str] = field(default_factory=list)
    points: list[Tensor] = field(default_factory=list)
    given: list[Conditions] = field(default_factory=list)
    scores: list[dict[str, float]] = field(default_factory=list)
    files: list[Path] = field(default_factory=list)
    shown: list[tuple[NDArray[Any], NDArray[Any]]] = field(default_factory=list)


def invert(
    run: str | Path,
    images: str | Path | Sequence[str | Path],
    *,
    to: str | Path,
    space: str = "auto",
    starts: int = inversion.STARTS,
    steps: int = inversion.STEPS,
    encoder: bool = False,
    seed: int = 0,
    which: str = "last",
    out: str | Path = "runs",
    device: str = "auto",
    watch: Watcher = lambda report: None,
    **asked: Any,
) -> Inversion:
    """Look for images, a folder or an archive of them in the latents of a run; what is found goes into the folder `to`.

    latents.npz there is for `sample --latents`; further: every image as it is drawn again, under its own name, a sheet
    of both, and a table. space: "z", "w" or "w+"; by itself w where there are styles. starts, steps: of the search, see
    `gansmith.editing.inversion.invert`. encoder: train one first, a minute or two, and keep it; its guess is a further
    start, as that of a run's own encoder is in any case. asked: label, text or code that the photos have; where none is
    stated, the likeliest are tried. Photos are brought to the run's size and channels as its training's were; those
    that cannot be read are left out and named.
    Interrupted, it writes what was found by then. Raises UsageError for a run without latents.
    """
    if not 1 <= starts <= MOST_STARTS or not 1 <= steps <= MOST_STEPS:
        raise UsageError(
            f"{starts} starts of {steps} steps make no search.",
            do=f"--starts 1 to {MOST_STARTS}, --steps 1 to {MOST_STEPS}",
        )
    target = Path(to)
    model = load(run, out=out, which=which, device=device)
    where = space_of(model, space)
    asked = {name: value for name, value in asked.items() if value not in (None, "", ())}
    stated = supposed(model, where, asked)
    sources = [images] if isinstance(images, str | Path) else list(images)
    pictures = [Pictures(model, source, target, watch) for source in sources]
    for one in pictures:  # what cannot be read is told before anything is computed
        next(one.chunks())
        one.skipped.clear()
    unstated = supposed(model, where, {})
    guess: Callable[[Tensor], Tensor] | None = None
    if encoder:
        guess = partial(read, reader_for(model, where, unstated, watch), where)
    elif model.game.encode and where.name == "z":
        guess = model.encode
    search = Searcher(where, unstated, starts, steps, seed, guess)
    way = f"{where.name}-{starts}-{steps}-{seed}{'-read' if encoder else ''}"
    compared = known(model, way, lambda some: search(some)[0], watch)
    asking = replace(search, among=stated)
    found = Gathered()
    try:
        for names, pixels in chunks(pictures, watch):
            gather(found, names, pixels, asking, model, target)
    except KeyboardInterrupt:
        if not found.names:
            raise
        watch({"warning": f"interrupted: what follows is of the first {len(found.names):,}"})
    skipped = tuple(entry for one in pictures for entry in one.skipped)
    return finished(found, model, where, compared, target, skipped, seed)


def chunks(pictures: Sequence[Pictures], watch: Watcher) -> Iterator[tuple[list[str], NDArray[np.uint8]]]:
    """Names and pixels (N, H, W, C) of all sources, a few at a time; a name that comes twice is told apart."""
    seen: set[str] = set()
    for place, one in enumerate(pictures):
        for names, pixels in one.chunks():
            fresh = [name if name not in seen else f"{place}/{name}" for name in names]
            seen.update(fresh)
            for start in range(0, len(fresh), AT_ONCE):
                watch({"progress": ("looking for photos", start, len(fresh))})
                yield fresh[start : start + AT_ONCE], pixels[start : start + AT_ONCE]


def gather(
    found: Gathered, names: list[str], pixels: NDArray[np.uint8], search: Searcher, model: Model, target: Path
) -> None:
    """Look for some photos, and write what they are drawn as."""
    wanted = as_floats(pixels)
    result, given = search(wanted)
    drawn = to_uint8(result.images)
    recipe = {"run": model.run, "checkpoint": model.checkpoint}
    found.files += [
        written(image, target, name, recipe | {"source": name}) for name, image in zip(names, drawn, strict=True)
    ]
    found.shown += list(zip(pixels, drawn, strict=True))[: SHOWN - len(found.shown)]
    found.scores += rows_of({**likeness(wanted, result.images), "error": result.errors})
    found.names += names
    found.points.append(result.points)
    found.given.append(given)


def finished(
    found: Gathered,
    model: Model,
    space: Space,
    compared: Known,
    target: Path,
    skipped: tuple[tuple[str, str], ...],
    seed: int,
) -> Inversion:
    """Write latents, sheet and table, and judge."""
    points = torch.cat(found.points)
    ranks = typical(space, seed).rank(points).tolist()
    scores = tuple({**one, "typical": rank} for one, rank in zip(found.scores, ranks, strict=True))
    given = {name: torch.cat([some[name] for some in found.given]) for name in found.given[0]}
    latents, sheet, table = (free(target, name, found.files) for name in ("latents.npz", "sheet.png", "scores.csv"))
    write_points(latents, space, points, found.names, given)
    shown = grid(in_rows(found.shown), min(A_ROW, len(found.shown)))
    recipe = {"run": model.run, "checkpoint": model.checkpoint, "shows": "photos above what was found"}
    saved(lambda: save_png(shown, sheet, recipe), target)
    saved(lambda: disk.replace(table, as_csv(found.names, [dict(one) for one in scores]).encode()), target)
    judged = list(zip(found.names, scores, strict=True))
    return Inversion(
        latents,
        space.name,
        tuple(found.names),
        tuple(found.files),
        scores,
        mean_of(scores),
        tuple(name for name, one in judged if compared.outside(one["error"], one["SSIM"])),
        tuple(name for name, one in judged if one["typical"] < RARE),
        compared,
        sheet,
        table,
        skipped,
    )


def mean_of(scores: Sequence[Mapping[str, float]]) -> dict[str, float]:
    return {name: float(np.mean([one[name] for one in scores])) for name in scores[0]}
