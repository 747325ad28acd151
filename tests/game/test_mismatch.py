"""The matching-aware loss, against all pairs written out by hand."""

from __future__ import annotations

import math

import pytest
import torch

from gansmith.data.batch import Batch
from gansmith.game.game import Step
from gansmith.game.mismatch import Weighed, mismatched
from gansmith.losses.objectives import OBJECTIVES, hinge, relativistic


def weighed(captions: list[int], seed: int = 0) -> Weighed:
    chance = torch.Generator().manual_seed(seed)
    count = len(captions)
    alone, direction, vector = (torch.randn(count, *size, generator=chance) for size in ((), (3,), (3,)))
    return Weighed(alone, direction, vector, torch.tensor(captions, dtype=torch.uint8)[:, None])


def step(*found: Weighed, batch: int) -> Step:
    return Step(0, 0, Batch(torch.zeros(batch, 1, 2, 2)), kept={"weighed": list(found)})


def test_every_real_is_weighed_against_every_other_caption() -> None:
    found = weighed([1, 2, 1, 3, 9, 9])  # the last two are fakes
    at = step(found, batch=4)
    loss = mismatched(relativistic, 0.5, 1)({}, at)["loss"]
    terms = []
    for i in range(4):
        for j in range(4):
            if found.captions[i] != found.captions[j]:
                logits = [
                    float(found.alone[i]) + float(found.direction[i] @ found.vector[k]) / math.sqrt(3) for k in (i, j)
                ]
                terms.append(math.log1p(math.exp(logits[1] - logits[0])))
    assert len(terms) == 10
    assert float(loss) == pytest.approx(0.5 * sum(terms) / 10, rel=1e-5)
    assert found.logits[3] == found.alone[3] + found.direction[3] @ found.vector[3] / math.sqrt(3)


def test_wrong_captions_count_as_fake_where_there_are_labels() -> None:
    found = weighed([1, 2])
    right, wrong = found.crossed(2)
    loss = mismatched(hinge, 2.0, 1)({}, step(found, batch=2))["loss"]
    assert float(loss) == pytest.approx(2 * float((1 - right).clamp(min=0).mean() + (1 + wrong).clamp(min=0).mean()))


@pytest.mark.parametrize("objective", OBJECTIVES)
def test_equal_captions_are_no_mismatch(objective: str) -> None:
    loss = mismatched(OBJECTIVES[objective], 1.0, 1)({}, step(weighed([7, 7, 7]), batch=3))["loss"]
    assert float(loss) == 0.0


def test_of_packs_there_are_fewer() -> None:
    found = weighed([1, 2, 3, 4])
    expected = mismatched(relativistic, 1.0, 1)({}, step(Weighed(*(p[:2] for p in vars(found).values())), batch=2))
    assert mismatched(relativistic, 1.0, 2)({}, step(found, batch=4)) == expected
