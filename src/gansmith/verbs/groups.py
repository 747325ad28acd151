"""Groups of images that somebody means: samples, latents in a file, images in a folder, or samples of a class."""

from __future__ import annotations

import re
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from gansmith.data.gather import as_floats
from gansmith.edit.space import Space
from gansmith.errors import UsageError
from gansmith.runs.model import Model
from gansmith.verbs.conditions import Conditions
from gansmith.verbs.encode import Pictures, Watcher
from gansmith.verbs.seeds import conditions_of_seed, places_of, samples_at

OF_CLASS = 64  # samples that stand for a class
CLASS = "label:"
SEEDS = re.compile(r"[\d\s,:-]+")


@dataclass(frozen=True)
class Group:
    """What is meant by `text`: images (N, C, H, W) in [-1, 1], and their points (N, *shape) where they are known.

    given: conditions of N rows under which the points are drawn. skipped: files that could not be read, and why.
    """

    text: str
    images: Tensor
    points: Tensor | None
    given: Conditions
    skipped: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True)
class Finder:
    """Finds what a user means by a text, for a model and a space; asked: what samples are asked to be."""

    model: Model
    space: Space
    asked: Mapping[str, Any]
    watch: Watcher = lambda report: None

    def __call__(self, text: str) -> Group:
        """Samples ("1,5,9", "0:3,7"), an .npz of latents, a folder or an image ("@" before a path may be left out
        where it is there), or "label:CLASS". Raises UsageError for what is none of these, GansmithError for nothing.
        """
        if SEEDS.fullmatch(text):
            return self.drawn(text, *samples_at(self.model, self.space, places_of(text), self.asked))
        if text.startswith(CLASS):
            name = text.removeprefix(CLASS)
            given = conditions_of_seed(self.model, OF_CLASS, 0, {**self.asked, "label": name})
            return self.drawn(text, self.space.points(OF_CLASS, 0, given), given)
        path = Path(text.removeprefix("@")).expanduser()
        if not path.exists():
            raise UsageError(
                f"There is nothing called '{text}'.",
                do="seeds (1,5,9), samples of a seed (0:3,7,12), a folder of images, latents.npz, or label:CLASS",
            )
        latents = latents_of_file(path) if path.suffix.lower() == ".npz" else None
        if latents is not None:
            if latents.shape[1:] != self.space.shape:
                shape = "x".join(map(str, latents.shape))
                raise UsageError(
                    f"The latents in {path} are not of this space.", f"they are {shape}, its own {self.space.shape}"
                )
            return self.drawn(text, latents, conditions_of_seed(self.model, len(latents), 0, self.asked))
        return self.pictured(text, path)

    def drawn(self, text: str, points: Tensor, given: Conditions) -> Group:
        return Group(text, self.space.images(points, given), points, given)

    def pictured(self, text: str, path: Path) -> Group:
        """Images from anywhere, as the run sees them; their points where it has an encoder for its space."""
        pictures = Pictures(self.model, path, watch=self.watch)
        images = torch.cat([as_floats(pixels) for _, pixels in pictures.chunks()])
        found = self.model.encode(images) if self.model.game.encode and self.space.name == "z" else None
        return Group(text, images, found, {}, tuple(pictures.skipped))


def latents_of_file(path: Path) -> Tensor | None:
    """`latents` (N, ...) of an .npz, or None where it has none: it may hold images. Raises UsageError if unreadable."""
    try:
        with np.load(path, allow_pickle=False) as file:
            found = np.asarray(file["latents"], np.float32) if "latents" in file.files else None
    except (OSError, ValueError, TypeError, zipfile.BadZipFile) as error:
        raise UsageError(f"{path} cannot be read.", str(error)) from None
    if found is not None and (found.ndim < 2 or not len(found) or not np.isfinite(found).all()):
        raise UsageError(f"{path} holds no latents.", do="an .npz with `latents` (N, z), as gansmith encode writes it")
    return None if found is None else torch.from_numpy(found)
