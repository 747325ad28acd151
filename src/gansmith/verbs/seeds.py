"""Samples by seed: their latents and what they were drawn for, so that they can be moved and drawn again."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

import torch
from torch import Tensor

from gansmith.editing.space import Space
from gansmith.errors import UsageError
from gansmith.families import family
from gansmith.families.conditions import captions_of, labels_of
from gansmith.families.infogan import OPEN
from gansmith.game.game import Request
from gansmith.runs.model import Model
from gansmith.verbs.codes import codes_of
from gansmith.verbs.conditions import Conditions, given_for

Place = tuple[int, int]  # a seed, and which of its samples

MOST, FURTHEST = 10_000, 1_000_000  # samples named at once; place of one
PART = re.compile(r"(?:(\d+):)?(\d+)(?:-(\d+))?")


def places_of(text: str) -> list[Place]:
    """ "3,7-9": the first samples of these seeds. "0:3,7-9": samples 3 and 7 to 9 of seed 0, as a grid of it counts.

    A seed with a colon holds until the next. Raises UsageError for anything else, or for the same sample twice.
    """
    found: list[Place] = []
    seed: int | None = None
    for part in text.split(","):
        match = PART.fullmatch(part.strip())
        if not match:
            raise UsageError(
                f"'{text}' names no samples.", do="seeds, as 1,5,9-12, or samples of a seed, as 0:3,7,12-14"
            )
        seed = int(match[1]) if match[1] else seed
        first, last = int(match[2]), int(match[3] or match[2])
        if last - first >= MOST or len(found) > MOST or (seed is not None and last > FURTHEST):
            raise UsageError(f"'{text}' names too many samples.", do=f"at most {MOST:,}, none beyond {FURTHEST:,}")
        found += [(number, 0) if seed is None else (seed, number) for number in range(first, last + 1)]
    if not found:
        raise UsageError(f"'{text}' names no samples.", do="seeds from the lower to the higher, as 9-12")
    if len(set(found)) < len(found):
        raise UsageError(f"'{text}' names a sample twice.", do="each once")
    return found


def conditions_of_seed(model: Model, count: int, seed: int, asked: Mapping[str, Any]) -> Conditions:
    """The conditions that the first `count` samples of a seed have: those asked for, and for the rest what it draws."""
    told = family(model.config.family).conditions
    codes = codes_of(model.config) if "code" in told else None
    given = given_for(model.spec, count, codes=codes, seed=seed, **asked)
    request = Request(count, seed, given=given)
    if "text" in model.networks:
        return {**given, "caption": captions_of(request, model.spec)}
    if "label" in told and model.spec.classes:
        return {**given, "label": labels_of(request, model.spec)}
    if codes is not None and "code" not in given:
        return {**given, "code": codes.draw(count, torch.Generator().manual_seed((seed + OPEN) % 2**63))}
    return given


def samples_at(
    model: Model, space: Space, places: Sequence[Place], asked: Mapping[str, Any]
) -> tuple[Tensor, Conditions]:
    """Points (N, *shape) of samples in their order, and conditions of N rows under which they are these samples."""
    points: dict[Place, Tensor] = {}
    given: dict[Place, Conditions] = {}
    for seed in dict(places):
        wanted = [number for one, number in places if one == seed]
        those = conditions_of_seed(model, max(wanted) + 1, seed, asked)
        drawn = space.points(max(wanted) + 1, seed, those)
        for number in wanted:
            points[seed, number] = drawn[number]
            given[seed, number] = {name: rows[number] for name, rows in those.items()}
    rows = {name: torch.stack([given[place][name] for place in places]) for name in given[places[0]]}
    return torch.stack([points[place] for place in places]), rows
