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
from gansmith.editing.space import Space
from gansmith.errors import UsageError
from gansmith.runs.model import Model
from gansmith.verbs.conditions import Conditions
from gansmith.verbs.encode import Pictures, Watcher
from gansmith.verbs.points import points_in
from gansmith.verbs.seeds import conditions_of_seed, places_of, samples_at
from gansmith.verbs.styles import styles

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
        return self.kept(text, path) if holds_latents(path) else self.pictured(text, path)

    def kept(self, text: str, path: Path) -> Group:
        """Latents from a file: styles of a z, too, where this space is of styles."""
        latents, stated = points_in(path, self.model)
        found = stated.pop("styles") if latents is None else latents
        given = {**conditions_of_seed(self.model, len(found), 0, self.asked), **stated}
        if latents is None and self.space.prior:
            raise UsageError(f"{path} holds styles, not latents.", do="--space w, or invert into z")
        if latents is not None and not self.space.prior:
            found = styles(self.model, latents, given)
        if self.space.name == "w":
            if float((found - found[:, :1]).abs().max()) > 0:
                raise UsageError(f"{path} holds a style for each layer.", do="--space w+, or invert into w")
            found = found[:, 0]
        return self.drawn(text, found, given)

    def drawn(self, text: str, points: Tensor, given: Conditions) -> Group:
        return Group(text, self.space.images(points, given), points, given)

    def pictured(self, text: str, path: Path) -> Group:
        """Images from anywhere, as the run sees them; their points where it has an encoder for its space."""
        pictures = Pictures(self.model, path, watch=self.watch)
        images = torch.cat([as_floats(pixels) for _, pixels in pictures.chunks()])
        found = self.model.encode(images) if self.model.game.encode and self.space.name == "z" else None
        return Group(text, images, found, {}, tuple(pictures.skipped))


def holds_latents(path: Path) -> bool:
    """Whether a file is an .npz with `latents`: others may hold images."""
    if path.suffix.lower() != ".npz":
        return False
    try:
        with np.load(path, allow_pickle=False) as file:
            return "latents" in file.files
    except (OSError, ValueError, TypeError, zipfile.BadZipFile) as error:
        raise UsageError(f"{path} cannot be read.", str(error)) from None
