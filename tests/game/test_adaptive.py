"""Adaptive augmentation: its strength rises while reals are told too well, falls while they are not, and is bounded."""

from __future__ import annotations

import pytest
import torch

from gansmith.errors import UsageError
from gansmith.game.adaptive import HIGHEST, Strength, adaptively_augmented, towards
from gansmith.game.game import Duel, Sample, Step
from gansmith.game.settings import AdversarialSettings
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


def test_several_sizes_of_an_image_are_augmented_alike() -> None:
    torch.manual_seed(0)
    large = torch.rand(8, 3, 16, 16)
    sizes = [large, torch.nn.functional.avg_pool2d(large, 2)]
    made = Duel(lambda n, s: Sample(sizes), lambda n, s: Sample(sizes), lambda n, sample, s: sample.images[0])
    duel, strength = adaptively_augmented(made, "xflip,color,rotate90"), Strength()
    strength.p.fill_(0.7)
    seen = duel.fake({"ada": strength}, Step(0, 0, next(games.batches()))).images
    torch.testing.assert_close(torch.nn.functional.avg_pool2d(seen[0], 2), seen[1], atol=1e-5, rtol=1e-5)
    assert not torch.equal(seen[0], large)


def test_ada_alone_is_the_papers_set() -> None:
    assert AdversarialSettings.read({"ada": 0.6}).augment == "bgc"
    assert AdversarialSettings.read({"ada": "0.6", "augment": "cutout"}).augment == "cutout"
    assert AdversarialSettings.read({}).changed(ada=0.6).augment == "bgc"
    assert AdversarialSettings.read({}).augment == ""


@pytest.mark.parametrize(("ada", "meant"), [(0.6, "colour,translation,cutout"), (0.0, "")])
def test_older_runs_mean_what_they_meant(ada: float, meant: str) -> None:
    """They name every setting, and know no augment_p."""
    older = {**AdversarialSettings.read({}).model_dump(), "ada": ada, "augment": ""}
    del older["augment_p"]
    assert AdversarialSettings.read(older).augment == meant


def test_adaptive_and_fixed_at_once_is_refused() -> None:
    with pytest.raises(UsageError, match="cannot be adaptive"):
        AdversarialSettings.read({"ada": 0.6, "augment_p": 0.5})
