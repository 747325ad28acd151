"""encode: images from anywhere into the latents that a run's generator makes them of again."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, cast

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from gansmith.data.decode import Recipe, Unreadable, decode
from gansmith.data.gather import as_floats
from gansmith.data.open import open_data
from gansmith.data.options import Channels, DataOptions
from gansmith.errors import GansmithError, UsageError
from gansmith.runs import disk
from gansmith.runs.model import Model, load
from gansmith.verbs.translate import FORMATS, listed, saved

Watcher = Callable[[Mapping[str, Any]], None]
CHUNK = 256  # images in memory at once
PICTURES = {*FORMATS, ".gif", ".ppm", ".pgm"}


@dataclass(frozen=True)
class Encoded:
    """Where the latents (N, z) were written, whose they are, and which files could not be read: (name, reason)."""

    path: Path
    names: tuple[str, ...]
    skipped: tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class Pictures:
    """Images as a model knows them: its size and channels, in the way its training's were brought to them.

    to: the folder that results go to, from which nothing is read. skipped: grows by (name, reason) on the way.
    """

    model: Model
    source: str | Path
    to: Path | None = None
    watch: Watcher = lambda report: None
    skipped: list[tuple[str, str]] = field(default_factory=list)

    def chunks(self) -> Iterator[tuple[list[str], NDArray[np.uint8]]]:
        """Names, and pixels (N, H, W, C) uint8, a few hundred at a time. Raises GansmithError where there are none."""
        path, found = Path(self.source), 0
        alone = path.is_file() and path.suffix.lower() in PICTURES
        for names, pixels in self.files() if path.is_dir() or alone else self.rows():
            found += len(names)
            yield names, pixels
        if not found:
            reasons = "; ".join(f"{name}: {why}" for name, why in self.skipped[:3])
            raise GansmithError(f"Nothing in {self.source} could be read.", reasons or "there are no images")

    def files(self) -> Iterator[tuple[list[str], NDArray[np.uint8]]]:
        """Of a file or a folder; what cannot be read is left out and remembered."""
        channels, *size = self.model.spec.shape
        recipe = Recipe((size[0], size[1]), self.model.config.options.fit, cast(Channels, channels))
        listing = listed(Path(self.source), self.to)
        self.skipped.extend(listing.refused)
        for start in range(0, len(listing.images), CHUNK):
            read: dict[str, NDArray[np.uint8]] = {}
            for place, entry in enumerate(listing.images[start : start + CHUNK], start):
                self.watch({"progress": ("reading", place, len(listing.images))})
                try:
                    read[entry.name] = decode(listing.read(entry), recipe).pixels
                except Unreadable as error:
                    self.skipped.append((entry.name, str(error)))
            if read:
                yield list(read), np.stack(list(read.values()))

    def rows(self) -> Iterator[tuple[list[str], NDArray[np.uint8]]]:
        """Of any other source of training data, an archive or an array: named by their places in it."""
        channels, *size = self.model.spec.shape
        options = {"size": tuple(size), "channels": channels, "fit": self.model.config.options.fit}
        dataset = open_data(self.source, DataOptions.read({**options, "layout": "plain", "holdout": 0.0}))
        if dataset.spec.shape != self.model.spec.shape:
            raise UsageError(f"{self.source} holds {dataset.spec.kind} of another shape.", do="images")
        width = len(str(len(dataset.values) - 1))
        for start in range(0, len(dataset.values), CHUNK):
            pixels = np.asarray(dataset.values[start : start + CHUNK])
            yield [f"{start + row:0{width}d}.png" for row in range(len(pixels))], pixels


def encode(
    run: str | Path,
    images: str | Path,
    *,
    to: str | Path = "latents.npz",
    which: str = "last",
    out: str | Path = "runs",
    device: str = "auto",
    watch: Watcher = lambda report: None,
) -> Encoded:
    """Write the latents of an image, a folder or an archive of them into `to`: `latents` (N, z) float32, and `names`.

    `sample(run, latents=to)` draws them again. Images are brought to the run's size as its training's were; files that
    cannot be read are left out and named. Raises UsageError for a run without an encoder.
    """
    target = Path(to)
    if target.suffix.lower() != ".npz":
        raise UsageError(f"Latents cannot be written as '{target.suffix}'.", do="--out latents.npz")
    model = load(run, out=out, which=which, device=device)
    pictures = Pictures(model, images, watch=watch)
    names: list[str] = []
    found: list[Tensor] = []
    for some, pixels in pictures.chunks():
        names += some
        found.append(model.encode(as_floats(pixels)))
    file = io.BytesIO()
    np.savez_compressed(file, latents=torch.cat(found).numpy(), names=np.array(names))
    target.parent.mkdir(parents=True, exist_ok=True)
    saved(lambda: disk.replace(target, file.getvalue()), target.parent)
    return Encoded(target, tuple(names), tuple(pictures.skipped))


def latents_in(path: str | Path, model: Model) -> Tensor:
    """The latents (N, z) that a file holds for a model. Raises UsageError for any others."""
    try:
        with np.load(path, allow_pickle=False) as file:
            latents = np.asarray(file["latents"], np.float32)
    except (OSError, KeyError, ValueError, TypeError, zipfile.BadZipFile) as error:
        raise UsageError(
            f"{path} holds no latents.", str(error), "an .npz with `latents` (N, z), as gansmith encode writes it"
        ) from None
    size = model.config.settings.get("z")
    if size is None or latents.ndim != 2 or latents.shape[1] != size or not len(latents):
        shape = "x".join(map(str, latents.shape))
        raise UsageError(f"The latents in {path} are not of this run.", f"they are {shape}, its own have {size} values")
    return torch.from_numpy(latents)
