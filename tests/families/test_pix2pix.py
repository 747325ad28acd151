"""Pix2Pix: both halves are treated alike, the right answer counts as it should, and a small task is learnt."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
import torch

from gansmith.data.batch import Batch
from gansmith.data.spec import DataSpec
from gansmith.errors import UsageError
from gansmith.families.pix2pix import Pix2PixSettings, pair, recipe
from gansmith.game.game import Game, Request, Sample, Step
from gansmith.game.loop import play
from gansmith.runs.state import Training
from tests import games

STILL: dict[str, Any] = {"jitter": 0.0, "flip": False}


def step(size: int = 8) -> Step:
    image, source = torch.randn(2, size, 3, 16, 16).clamp(-1, 1)
    return Step(0, 0, Batch(image, None, {"source": source}))


def made(**settings: Any) -> Game:
    return games.game("pix2pix", "alpha", **settings)


def test_both_halves_are_jittered_alike_once_a_step() -> None:
    torch.manual_seed(0)
    image = torch.randn(16, 3, 16, 16).clamp(-1, 1)
    now = Step(0, 0, Batch(image, None, {"source": image.clone()}))
    settings = Pix2PixSettings.read({})
    source, target = pair(settings, now)
    assert torch.equal(source, target)
    assert not torch.equal(source, image)
    assert pair(settings, now)[0] is source
    other = Step(0, 0, Batch(-image, None, {"source": image}), kept=now.kept)  # a check-up shows others in one step
    assert not torch.equal(pair(settings, other)[1], target)


def test_what_the_discriminator_was_shown_is_compared_with_its_own_answer(monkeypatch: pytest.MonkeyPatch) -> None:
    """Through the loop, over both turns: a generator that copies is right where sources are the answers, jittered."""
    training = Training.begin(made())
    generator = training.game.networks["generator"]
    monkeypatch.setattr(generator, "forward", lambda image: image + torch.zeros((), requires_grad=True))
    image = torch.randn(8, 4, 16, 16).clamp(-1, 1)
    batches = iter([Batch(image, None, {"source": image})])
    (one,) = play(training.game, batches, training.optimizers, training.averages)
    assert one.facts["generator/l1"] == 0


def test_without_jitter_the_pair_is_as_it_came() -> None:
    now = step()
    source, target = pair(Pix2PixSettings.read(STILL), now)
    assert torch.equal(source, now.batch.given["source"])
    assert torch.equal(target, now.batch.image)


def test_the_generator_lowers_what_the_paper_says() -> None:
    """Equation 4 by hand: -log D(x, G(x)) averaged over patches, plus 100 times the mean absolute difference."""
    game = made(dropout=0, batch=8, **STILL)
    batch = next(games.batches("alpha"))
    (turn,) = (turn for turn in game.turns if turn.name == "generator")
    terms = turn.loss(game.networks, Step(0, 0, batch))
    source = batch.given["source"]
    fake = game.networks["generator"](source)
    logits = game.networks["discriminator"](torch.cat([source, fake], 1))
    torch.testing.assert_close(terms["loss"], -torch.sigmoid(logits).log().mean(), rtol=1e-4, atol=1e-5)
    torch.testing.assert_close(terms["l1"], 100 * (fake - batch.image).abs().mean(), rtol=1e-4, atol=1e-4)


def test_weights_of_both_terms_can_be_chosen() -> None:
    batch = next(games.batches("alpha"))

    def terms(**settings: float) -> dict[str, float]:
        game = made(dropout=0, **STILL, **settings)
        (turn,) = (turn for turn in game.turns if turn.name == "generator")
        return {name: float(value.detach()) for name, value in turn.loss(game.networks, Step(0, 0, batch)).items()}

    plain, heavy = terms(), terms(l1=50, adversarial=4)
    assert heavy["l1"] == pytest.approx(plain["l1"] / 2, rel=1e-4)
    assert heavy["loss"] == pytest.approx(4 * plain["loss"], rel=1e-4)


def test_without_an_adversary_there_is_one_player_and_one_turn() -> None:
    game = made(adversarial=0)
    assert set(game.networks) == set(game.optimizers) == {"generator"}
    assert [turn.name for turn in game.turns] == ["generator"]
    training = Training.begin(game)
    (facts,) = (one.facts for one in games.advance(training, "alpha", 1))
    assert facts["generator/l1"] > 0
    assert "generator/loss" not in facts


def test_the_discriminator_sees_what_an_image_was_made_from() -> None:
    game = made(**STILL)
    now = Step(0, 0, next(games.batches("alpha")))
    (duel,) = game.duels
    real = duel.real(game.networks, now)
    assert torch.equal(real.one, torch.cat([now.batch.given["source"], now.batch.image], 1))
    swapped = Sample(torch.cat([now.batch.given["source"].flip(0), now.batch.image], 1))
    logits = [duel.judge(game.networks, sample, now) for sample in (real, swapped)]
    assert not torch.allclose(logits[0], logits[1])


def test_any_size_is_translated_and_nothing_comes_from_nothing() -> None:
    game = made()
    source = torch.randn(3, 4, 21, 50).clamp(-1, 1)
    assert game.draw(game.networks, Request(3, given={"source": source})).shape == source.shape
    with pytest.raises(UsageError, match="gansmith translate"):
        game.draw(game.networks, Request(3))


@pytest.mark.parametrize(("side", "batch"), [(512, 1), (256, 1), (128, 4), (64, 16), (28, 16)])
def test_small_images_go_together(side: int, batch: int) -> None:
    spec = DataSpec(kind="images", shape=(3, side, side), count=400, pairing="paired", fingerprint="")
    assert recipe(spec).values == {"batch": batch}


def test_a_patch_may_be_a_number() -> None:
    assert Pix2PixSettings.read({"patch": 16}).patch == Pix2PixSettings.read({"patch": "16"}).patch == "16"
    with pytest.raises(UsageError, match="patch"):
        Pix2PixSettings.read({"patch": "huge"})


def test_a_small_task_is_learnt() -> None:
    """To turn images into their negatives: a copy is 1 away, the mean image about half of that."""

    def batches() -> Iterator[Batch]:
        chance = torch.Generator().manual_seed(0)
        while True:
            image = torch.rand(8, 1, 1, 1, generator=chance).mul(2).sub(1).expand(8, 1, 8, 8)
            image = image.lerp(torch.rand(8, 1, 8, 8, generator=chance) * 2 - 1, 0.2)
            yield Batch(-image, None, {"source": image})

    training = Training.begin(games.game("pix2pix", "grey", lr=3e-3, dropout=0.1))
    for number, _ in enumerate(play(training.game, batches(), training.optimizers, training.averages)):
        if number == 150:
            break
    batch = next(batches())
    drawn = training.game.draw(training.game.networks.eval(), Request(8, given=dict(batch.given)))
    assert (drawn - batch.image).abs().mean() < 0.25 < (batch.given["source"] - batch.image).abs().mean()
