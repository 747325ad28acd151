"""Finding the caption of a picture among others: ranks by hand, and digits that are known by their names."""

from __future__ import annotations

import math

import pytest
import torch
from sklearn.datasets import load_digits
from torch.nn.functional import normalize

from gansmith.data.captions import encode
from gansmith.measure import own, retrieval
from gansmith.measure.retrieval import AMONG, DRAWS, found, learn, ranks, summed_up
from gansmith.networks.text import TextEncoder

NAMES = ("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine")


def told_apart(count: int) -> torch.Tensor:
    return torch.arange(count)[:, None]


def test_the_nearest_is_first_and_the_farthest_last() -> None:
    spread = normalize(torch.eye(20) + 0.1, dim=1)
    assert (ranks(spread, spread, told_apart(20)) == 1).all()
    assert (ranks(-spread, spread, told_apart(20)) == AMONG).all()


def test_ranks_by_chance_are_even() -> None:
    chance = torch.Generator().manual_seed(0)
    pictures, captions = (normalize(torch.randn(400, 8, generator=chance), dim=1) for _ in range(2))
    counts = ranks(pictures, captions, told_apart(400)).flatten().long().bincount(minlength=AMONG + 1)[1:]
    assert counts.sum() == 400 * DRAWS
    assert (counts / counts.sum() - 1 / AMONG).abs().max() < 0.02


def test_among_sixteen_all_wrong_captions_are_the_others() -> None:
    """Then nothing is left to chance, and ranks are counted off by hand."""
    chance = torch.Generator().manual_seed(1)
    pictures, captions = (normalize(torch.randn(AMONG, 4, generator=chance), dim=1) for _ in range(2))
    by_hand = [sum(float(p @ c) > float(p @ captions[i]) for c in captions) + 1 for i, p in enumerate(pictures)]
    assert ranks(pictures, captions, told_apart(AMONG)).tolist() == [[place] * DRAWS for place in by_hand]


def test_captions_that_say_the_same_are_no_rivals() -> None:
    pictures = captions = torch.ones(20, 1)
    texts = told_apart(20).clamp(min=4)  # the first five say the same
    assert (ranks(pictures, captions, texts) == 1 + 0.5 * (AMONG - 1)).all()  # all tie
    with pytest.raises(ValueError, match="16 captions"):
        ranks(pictures, captions, texts.clamp(min=6))


def test_figures_and_interval_are_those_of_the_pictures() -> None:
    table = torch.tensor([[1.0, 1.0], [1.0, 3.0], [9.0, 9.0], [2.0, 1.0]])
    told = summed_up(table)
    assert (told.first, told.median) == (0.5, 1.5)
    by_hand = 1.96 * math.sqrt(sum((x - 0.5) ** 2 for x in (1, 0.5, 0, 0.5)) / 3 / 4)
    assert told.around == pytest.approx((0.5 - by_hand, 0.5 + by_hand))


def test_digits_are_known_by_their_names(monkeypatch: pytest.MonkeyPatch) -> None:
    """And drawings under wrong names are not."""
    monkeypatch.setattr(retrieval, "SHOWN", 4_000)
    drawn, labels = load_digits(return_X_y=True)
    images = torch.from_numpy(drawn.reshape(-1, 1, 8, 8)).float() / 8 - 1
    told = torch.from_numpy(encode([f"this is a {NAMES[label]}" for label in labels], 24))
    matcher = learn(lambda rows: images[rows], told[:1400], lambda: TextEncoder(16, width=32), 16)
    held = found(matcher, lambda rows: images[1400:][rows], told[1400:])
    wrong = found(matcher, lambda rows: images[1400:][rows], told[1400:].roll(100, 0))
    assert held.first > 0.8
    assert held.median == 1
    assert wrong.first < 0.3


def test_the_same_pairs_and_seed_give_the_same_matcher(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(retrieval, "SHOWN", 2 * own.BATCH)
    images = torch.rand(80, 1, 8, 8, generator=torch.Generator().manual_seed(0))
    told = torch.from_numpy(encode([f"number {n}" for n in range(80)], 16))
    one, same = (learn(lambda rows: images[rows], told, lambda: TextEncoder(4, width=8), 4) for _ in range(2))
    assert torch.equal(one.captions(told), same.captions(told))
    assert torch.equal(one.pictures(images), same.pictures(images))
