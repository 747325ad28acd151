"""Under which conditions a photo may have been made, where nobody says: those that bring it nearest are tried."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor

from gansmith.data.captions import encode
from gansmith.editing.space import Given, Space
from gansmith.families import family
from gansmith.families.cgan import CGANSettings, told_captions
from gansmith.runs.model import Model
from gansmith.verbs.codes import codes_of
from gansmith.verbs.conditions import Conditions, given_for
from gansmith.verbs.sample import check

CODES = 64  # drawn from their prior, to try
EACH, ALL = 64, 8192  # samples of each condition, and at most of all, among which the nearest is sought


def supposed(model: Model, space: Space, asked: Mapping[str, Any]) -> Conditions:
    """Conditions of K rows each that a photo may have: those asked for; else every class, the captions that the run
    remembers, or codes. None, {}, where the family is told nothing; styles hold what they were told.

    asked: label, text or code, as `given_for` knows them. Raises UsageError for what means nothing to the run.
    """
    check(model.config.family, asked)
    spec, told = model.spec, family(model.config.family).conditions
    if asked:
        return given_for(spec, 1, codes=codes_of(model.config) if "code" in asked else None, **asked)
    if space.name != "z":
        return {}
    if "code" in told:
        return {"code": codes_of(model.config).draw(CODES, torch.Generator().manual_seed(0))}
    settings = family(model.config.family).settings.read(model.config.settings)
    if isinstance(settings, CGANSettings) and told_captions(settings, spec):
        return {"caption": torch.from_numpy(encode(list(spec.captions), spec.caption_bytes))}
    return {"label": torch.arange(len(spec.classes))} if "label" in told and spec.classes else {}


def likeliest(space: Space, images: Tensor, among: Given, count: int, seed: int = 0) -> Tensor:
    """Which (N, count) of the conditions' K rows have a sample that comes nearest to each image; the nearest first."""
    known = len(next(iter(among.values())))
    each = max(1, min(EACH, ALL // known))
    same = rows_of(among, torch.arange(known).repeat_interleave(each))
    bank = space.images(space.points(known * each, seed, same), same)
    apart = torch.cdist(images.flatten(1), bank.flatten(1)).view(len(images), known, each)
    return apart.amin(2).topk(min(count, known), largest=False).indices


def rows_of(given: Given, rows: Tensor) -> Conditions:
    """The conditions of these rows (N,)."""
    return {name: value[rows] for name, value in given.items()}
