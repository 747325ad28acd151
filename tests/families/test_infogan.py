"""InfoGAN: codes that are drawn, told and read back; what the information term is; reading real images."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch.nn import functional

from gansmith.data.batch import Batch
from gansmith.errors import UsageError
from gansmith.families.infogan import INFOGAN, read
from gansmith.game.codes import Codes
from gansmith.game.game import Game, Request, Step
from gansmith.runs.state import Training
from tests import games


def game(seed: int = 0, **settings: Any) -> Game:
    torch.manual_seed(seed)
    chosen = INFOGAN.settings.read({"batch": 8, "z": 4, "width": 4} | settings)
    return INFOGAN.build(chosen, games.spec("grey"), games.IMAGES)


@pytest.mark.parametrize("extra", [{}, {"penalty": "r1", "penalty_share": 0.5}, {"penalty": "gp"}, {"pack": 2}])
def test_what_is_read_are_the_fakes_just_judged(extra: dict[str, Any]) -> None:
    """The information term of each turn is that of the very fakes, read again by hand, whatever else was judged."""
    made = game(**extra)
    made.networks.eval()
    batch = Batch(torch.rand(8, 1, 8, 8) * 2 - 1)
    for turn in made.turns:
        duel = made.duels[0]
        step = Step(0, 0, batch, {name: dial(0) for name, dial in made.dials.items()})
        torch.manual_seed(3)
        terms = turn.loss(made.networks, step)
        torch.manual_seed(3)
        sample = duel.fake(made.networks, step)
        features = made.networks["discriminator"].features(sample.one)  # type: ignore[operator]
        codes = Codes((10,), 2)
        told = made.networks["reader"](features).view(8, 12)
        categories, continuous = codes.misread(told, sample.given["code"].view(8, 12))
        torch.testing.assert_close(terms["information"], categories, rtol=1e-4, atol=1e-5)
        torch.testing.assert_close(terms["information continuous"], continuous, rtol=1e-4, atol=1e-5)


def test_the_reader_learns_with_the_discriminator_and_moves_its_trunk() -> None:
    made = game(information=5.0)
    assert made.turns[0].learners == ("discriminator", "reader")
    assert made.turns[1].learners == ("generator",)
    assert made.optimizers["reader"].lr(0) == made.optimizers["discriminator"].lr(0) == 2e-4
    assert made.optimizers["generator"].lr(0) == 1e-3


def test_codes_asked_for_are_made_and_others_are_drawn() -> None:
    made = game()
    made.networks.eval()
    latent, codes = torch.randn(1, 4).expand(2, 4), Codes((10,), 2)
    rows = codes.set(codes.middle(2), "k1", 4)
    same = made.draw(made.networks, Request(2, latent=latent, given={"code": rows}))
    assert torch.equal(same[0], same[1])
    other = made.draw(made.networks, Request(2, latent=latent, given={"code": codes.set(rows, "c1", 2.0)}))
    assert not torch.equal(same, other)
    free = made.draw(made.networks, Request(2))
    assert not torch.equal(free[0], free[1])


def test_a_reader_that_was_taught_reads_real_images() -> None:
    """Three kinds of images, as fakes would show them: after some steps of the information term they are told apart."""
    made = game(categories="3", continuous=0, width=8)
    codes = Codes((3,), 0)
    chance = torch.Generator().manual_seed(0)
    kinds = torch.randint(3, (256,), generator=chance)
    images = 0.1 * torch.randn(256, 1, 8, 8, generator=chance)
    images[torch.arange(256), 0, kinds] += 1  # a bright row
    players = [made.networks["discriminator"], made.networks["reader"]]
    adam = torch.optim.Adam([p for player in players for p in player.parameters()], lr=1e-2)
    for _ in range(15):
        told = players[1](players[0].features(images))  # type: ignore[operator]
        adam.zero_grad()
        lowered, _ = codes.misread(told, functional.one_hot(kinds, 3).float())
        lowered.backward()  # type: ignore[no-untyped-call]
        adam.step()
    made.networks.eval()
    assert (read(made.networks, images, codes).argmax(1) == kinds).float().mean() > 0.95
    for player in players:
        for module in player.modules():
            if isinstance(module, torch.nn.BatchNorm1d):
                module.running_mean.fill_(5.0)  # type: ignore[union-attr]
    before = {key: value.clone() for key, value in made.networks.state_dict().items()}
    assert (read(made.networks, images, codes).argmax(1) == kinds).float().mean() > 0.95  # by statistics of their own
    assert all(torch.equal(value, before[key]) for key, value in made.networks.state_dict().items())
    assert read(made.networks, images[:1], codes).shape == (1, 3)


def test_agreement_is_resumed_exactly_and_finite(tmp_path: Path) -> None:
    whole, first = (Training.begin(game(agreement=3.0)) for _ in range(2))
    steps = games.advance(whole, "grey", 6)
    assert all(math.isfinite(step.facts["discriminator/agreement"].item()) for step in steps)
    games.advance(first, "grey", 3)
    second = Training.begin(game(seed=5, agreement=3.0))
    second.restore(first.save(tmp_path))
    games.advance(second, "grey", 3)
    assert games.digest(games.tensors(whole)) == games.digest(games.tensors(second))


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"categories": "ten"}, "whole numbers"),
        ({"categories": "1"}, "whole numbers"),
        ({"categories": "", "continuous": 0}, "Without any code"),
        ({"categories": "", "agreement": 1}, "Only a categorical code"),
        ({"agreement": 1, "pack": 2}, "Only a categorical code"),
    ],
)
def test_settings_that_mean_nothing_are_refused(settings: dict[str, Any], words: str) -> None:
    with pytest.raises(UsageError, match=words):
        INFOGAN.settings.read(settings)


def test_several_categorical_codes_are_read_each() -> None:
    made = game(categories="4, 3", continuous=1)
    (step,) = games.advance(Training.begin(made), "grey", 1)
    assert {"read right/k1", "read right/k2"} <= step.facts.keys()
    assert np.isfinite(step.facts["generator/information"].item())
