"""Conditions that nobody stated: a request that leaves them open gets some as the data has them, from its seed."""

from __future__ import annotations

import torch
from torch import Tensor

from gansmith.data.captions import encode
from gansmith.data.spec import DataSpec
from gansmith.game.game import Request

OPEN = 1  # added to the seed: conditions are drawn independently of the latents


def labels_of(request: Request, spec: DataSpec) -> Tensor:
    """The request's labels, or as many (count,) int64 as the classes' shares of the training data make likely."""
    if "label" in request.given:
        return request.given["label"]
    shares = torch.tensor(spec.shares or [1.0] * max(1, len(spec.classes)))
    return torch.multinomial(shares, request.count, replacement=True, generator=_chance(request))


def captions_of(request: Request, spec: DataSpec) -> Tensor:
    """The request's captions, or as many (count, L) uint8 of the examples in `spec`."""
    if "caption" in request.given:
        return request.given["caption"]
    examples = torch.from_numpy(encode(list(spec.captions), spec.caption_bytes))
    return examples[torch.randint(len(examples), (request.count,), generator=_chance(request))]


def _chance(request: Request) -> torch.Generator:
    return torch.Generator().manual_seed((request.seed + OPEN) % 2**63)
