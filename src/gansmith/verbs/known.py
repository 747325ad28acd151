"""What a generator knows: how near it comes to its own samples and to images held out of its training."""

from __future__ import annotations

import json
from collections.abc import Callable
from contextlib import suppress
from dataclasses import asdict, dataclass

import torch
from torch import Tensor

from gansmith.data.gather import as_floats
from gansmith.data.open import open_data
from gansmith.editing.inversion import Inverted
from gansmith.errors import GansmithError
from gansmith.measure.paired import likeness
from gansmith.runs import disk
from gansmith.runs.model import Model
from gansmith.runs.pictures import to_uint8
from gansmith.verbs.readers import Watcher, keep, kept_at

OWN, REAL = 16, 32  # samples, and held-out images, that are looked for
AT_ONCE = 16
SEED = 2_718_281_828  # of the samples, unlike any that a search begins from
Finder = Callable[[Tensor], Inverted]


@dataclass(frozen=True)
class Known:
    """Errors, as `Inverted` has them, of own samples and, where the data is there, of images held out of training.

    alike: how alike the latter are to what was found, by SSIM. Smooth pictures come near in pixels whatever they show.
    """

    own: tuple[float, ...]
    real: tuple[float, ...]
    alike: tuple[float, ...]

    def outside(self, error: float, alike: float) -> bool:
        """Whether a picture is found worse than every held-out image: by chance that happens to one in 33, or two."""
        return bool(self.real) and (error > max(self.real) or alike < min(self.alike))


def known(model: Model, name: str, find: Finder, watch: Watcher = lambda report: None) -> Known:
    """What is known of a run's checkpoint, found out once for each way `name` of looking.

    find: images (N, C, H, W) in [-1, 1] -> where they lie.
    """
    path = kept_at(model, f"{name}.json")
    with suppress(GansmithError, TypeError, KeyError, ValueError):  # missing, torn, or of another version
        read = disk.read_json(path)
        return Known(*(tuple(map(float, read[what])) for what in ("own", "real", "alike")))
    own = as_floats(to_uint8(model.draw(OWN, seed=SEED)))
    wanted = torch.cat([own, held_out(model, REAL)])
    errors: list[float] = []
    alike: list[float] = []
    for some in torch.split(wanted, AT_ONCE):
        watch({"progress": ("getting to know the run", len(errors), len(wanted))})
        found = find(some)
        errors += found.errors.tolist()
        alike += likeness(some, found.images)["SSIM"].tolist()
    result = Known(tuple(errors[:OWN]), tuple(errors[OWN:]), tuple(alike[OWN:]))
    keep(path, json.dumps(asdict(result)).encode())
    return result


def held_out(model: Model, most: int) -> Tensor:
    """At most so many images (N, C, H, W) held out of a run's training; none where its data is gone or has changed."""
    nothing = torch.zeros(0, *model.spec.shape)
    try:
        dataset = open_data(model.config.source, model.config.options)
    except GansmithError:
        return nothing
    if dataset.spec.fingerprint != model.spec.fingerprint:
        return nothing
    return dataset.tensor(dataset.held[:most]) if len(dataset.held) else nothing
