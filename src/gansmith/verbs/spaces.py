"""The feature spaces an evaluation is made in: found by name, learnt where need be, kept in the cache."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn

from gansmith.data.cache import cache_root
from gansmith.data.prepared import fingerprint
from gansmith.errors import GansmithError, UsageError, closest
from gansmith.measure import outside, own
from gansmith.measure.features import PIXELS, Features, built_in
from gansmith.measure.sliced import flat
from gansmith.verbs.sides import Progress, Samples, Sides

RANDOM, OWN = "random", "own"
KNOWN = (RANDOM, OWN, PIXELS, outside.INCEPTION)
REFERENCE_FLOATS = 2**25  # real samples to standardise by: all, or as many as fit into 128 MB
CHUNK = 256


@dataclass(frozen=True)
class Space:
    """Features (n, d) of every side; see `Sides`."""

    name: str
    real: Tensor
    floor: Tensor
    train: Tensor
    held: Tensor
    fake: Tensor


def spaces(names: Iterable[str], sides: Sides, seed: int, progress: Progress) -> Iterator[Space]:
    """One after the other; points have one space only, their values. Raises UsageError for an unknown name."""
    for name in dict.fromkeys(names) if sides.spec.kind == "images" else [RANDOM]:
        features = find(name, sides, seed, progress)
        found = {
            id(side): extracted(features, side, progress)
            for side in (sides.real, sides.floor, sides.train, sides.held, sides.fake)
        }
        every = (found[id(side)] for side in (sides.real, sides.floor, sides.train, sides.held, sides.fake))
        yield Space(features.name, *every)


def check(names: Iterable[str]) -> None:
    """Refuse an impossible name before any work is done."""
    for name in names:
        if name not in KNOWN and ":" not in name and not Path(name).is_dir():
            raise UsageError(
                f"There are no features '{name}'.",
                "Others are named module:object, or are a folder with model.safetensors and config.json.",
                closest(name, KNOWN),
            )


def find(name: str, sides: Sides, seed: int, progress: Progress) -> Features:
    """The features called `name`: random, own, pixels, inception, module:object, or a folder."""
    check([name])
    if name == RANDOM:
        most = max(2, REFERENCE_FLOATS // int(np.prod(sides.spec.shape)))
        return built_in(sides.learn.tensor(np.arange(min(most, len(sides.learn)))))
    if name == OWN:
        return learnt(sides.learn, sides.spec.shape[0], seed, progress)
    if name == PIXELS:
        return Features(PIXELS, Pixels())
    if name == outside.INCEPTION:
        return outside.inception()
    return outside.named(name) if not Path(name).is_dir() else outside.in_folder(Path(name))


class Pixels(nn.Module):
    """Images (N, C, H, W) -> (N, d): at most 16 x 16 averaged pixels."""

    def forward(self, images: Tensor) -> Tensor:
        return flat(images)


def learnt(real: Samples, channels: int, seed: int, progress: Progress) -> Features:
    """Features of these real images: kept from an earlier evaluation, or learnt now and kept.

    They are never among those compared: a network that has seen only one of two sides finds them different.
    """
    print_ = fingerprint(real.values, real.labels, (str(own.VERSION), str(seed)))
    path = cache_root() / "features" / f"own-{print_[:32]}.safetensors"
    if kept := own.load(path, channels):
        return kept
    features = own.learn(
        real.tensor,
        np.arange(len(real)),
        real.labels,
        seed=seed,
        watch=lambda done, total: progress("learning features of the real images", done, total),
    )
    with suppress(OSError):  # they are learnt again next time
        own.save(features, path)
    return features


def extracted(features: Features, samples: Samples, progress: Progress) -> Tensor:
    """Features (N, d) of all samples. Raises GansmithError where the network gives something else."""
    found = []
    for start in range(0, len(samples), CHUNK):
        progress(f"comparing in {features.name}", start, len(samples))
        rows = np.arange(start, min(start + CHUNK, len(samples)))
        part = _called(features, samples.tensor(rows))
        if part.shape != (len(rows), part.shape[-1]) or part.dim() != 2:
            raise GansmithError(
                f"The features {features.name} give {tuple(part.shape)} for {len(rows)} images.",
                "A network (N, C, H, W) -> (N, d) is needed.",
            )
        found.append(part)
    return torch.cat(found)


def _called(features: Features, images: Tensor) -> Tensor:
    if ":" not in features.name:
        return features(images)
    try:
        return features(images)
    except Exception as error:  # the user's network
        raise GansmithError(
            f"The features {features.name} cannot be computed for images {tuple(images.shape[1:])}.",
            f"{type(error).__name__}: {error}",
        ) from None
