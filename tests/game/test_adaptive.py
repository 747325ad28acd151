"""Adaptive augmentation: its strength rises while reals are told too well, falls while they are not, and is bounded."""

from __future__ import annotations

import pytest
import torch

from gansmith.game.adaptive import HIGHEST, Strength, adaptively_augmented, towards
from gansmith.game.game import Duel, Sample, Step
from tests import games


def moved(strength: Strength, right: float, steps: int, images: int = 8000) -> Step:
    """After `steps` steps of 8 images in which that share of the reals was told right."""
    step = Step(0, 0, next(games.batches()))
    step.note("accuracy/real", torch.tensor(right))
    for _ in range(steps):
        towards(0.6, images)({"ada": strength}, step)
    return step


def test_it_takes_a_fifth_of_the_training_from_never_to_always() -> None:
    """8 images of 8 000 move it by 8 / 1 600; overfitting 1 - 0.9^n passes the target of 0.6 at the ninth step."""
    strength = Strength()
    step = moved(strength, 1.0, 8)
    assert strength.p.item() == 0
    step = moved(strength, 1.0, 100)
    assert strength.p.item() == pytest.approx(100 * 8 / 1600)
    assert step.facts["ada"].item() == strength.p.item()
    moved(strength, 1.0, 1000)
    assert strength.p.item() == pytest.approx(HIGHEST)
    moved(strength, 0.75, 1000)  # 2 x 0.75 - 1 = 0.5 < 0.6
    assert strength.p.item() == 0


def test_in_a_long_training_it_takes_half_a_million_images() -> None:
    strength = Strength()
    strength.overfitting.fill_(1.0)
    moved(strength, 1.0, 1000, images=10**8)
    assert strength.p.item() == pytest.approx(1000 * 8 / 500_000, rel=1e-3)


def test_a_step_without_the_discriminators_turn_changes_nothing() -> None:
    strength = Strength()
    towards(0.6, 100)({"ada": strength}, Step(0, 0, next(games.batches())))
    assert strength.p.item() == strength.overfitting.item() == 0


@pytest.mark.parametrize(("p", "touched"), [(0.0, 0), (1.0, 8)])
def test_reals_and_fakes_are_seen_with_the_strength_reached(p: float, touched: int) -> None:
    torch.manual_seed(0)
    image = next(games.batches("colour")).image
    plain = Duel(lambda n, s: Sample(image), lambda n, s: Sample(image), lambda n, sample, s: sample.one.sum((1, 2, 3)))
    duel, strength = adaptively_augmented(plain, "colour"), Strength()
    strength.p.fill_(p)
    for make in (duel.fake, duel.real):
        seen = make({"ada": strength}, Step(0, 0, next(games.batches()))).one
        assert int((seen != image).flatten(1).any(1).sum()) == touched
