"""cgan with classes: every form learns them, fakes are made for the labels of the batch, the losses are the papers'."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor

from gansmith.data.batch import Batch
from gansmith.errors import UsageError
from gansmith.game.game import Request, Step
from gansmith.game.loop import play
from gansmith.runs.state import Training
from gansmith.verbs.frames import draw
from tests import games

CLASSES = len(games.COMES["labels"]["classes"])


def quarters(size: int = 32) -> Iterator[Batch]:
    """Dark noise of 8 x 8 whose quarter number k, row by row, is bright in class k."""
    chance = torch.Generator().manual_seed(0)
    while True:
        label = torch.randint(CLASSES, (size,), generator=chance)
        image = torch.rand(size, 1, 2, 4, 2, 4, generator=chance) * 0.2 - 0.8
        image[torch.arange(size), 0, label // 2, :, label % 2] += 1.4
        yield Batch(image.reshape(size, 1, 8, 8), label)


def brightest(image: Tensor) -> Tensor:
    """The number of the brightest quarter of each image (N, 1, 8, 8)."""
    return image.reshape(-1, 2, 4, 2, 4).mean((2, 4)).flatten(1).argmax(1)


@pytest.mark.parametrize(
    "settings",
    [
        {"form": "projection", "condition_by": "embedding"},
        {"form": "concat", "condition_by": "modulation"},
        {"form": "auxiliary", "condition_by": "batch"},
        {"form": "projection", "condition_by": "embedding", "pack": 2},
    ],
    ids=lambda settings: " ".join(map(str, settings.values())),
)
def test_every_form_learns_what_the_labels_mean(settings: dict[str, Any]) -> None:
    training = Training.begin(games.game("cgan", batch=32, ema=0.2, lr=3e-3, penalty_share=1.0, **settings))
    asked = torch.arange(30) % CLASSES
    assert (brightest(draw(training, 30, given={"label": asked})) == asked).float().mean() < 0.7
    for _ in islice(play(training.game, quarters(), training.optimizers, training.averages), 140):
        pass
    assert (brightest(draw(training, 30, given={"label": asked})) == asked).float().mean() > 0.9


def test_fakes_are_made_for_the_labels_of_the_batch() -> None:
    """So that a relativistic pair is one of the same class."""
    game = games.game("cgan")
    (duel,) = game.duels
    step = Step(0, 0, next(games.batches()))
    for make in (duel.real, duel.fake):
        given = make(game.networks, step).given
        assert given.keys() == {"label"}
        assert torch.equal(given["label"], step.batch.conditions["label"])


@pytest.mark.parametrize("share", [1.0, 0.5])
def test_the_classes_are_named_as_odena_says(share: float) -> None:
    """-log softmax(names)[label] of reals and fakes in the discriminator's turn, of fakes in the generator's."""
    game = games.game("cgan", form="auxiliary", naming=0.5, penalty_share=share)
    networks, (duel,) = game.networks, game.duels
    step = Step(0, 0, next(games.batches()), {"penalty": 1.0})
    for turn, makes in zip(game.turns, [(duel.real, duel.fake), (duel.fake,)], strict=True):
        torch.manual_seed(7)
        found = turn.loss(networks, step)["naming"]
        torch.manual_seed(7)
        fake = duel.fake(networks, step)
        shown = [fake if make is duel.fake else make(networks, step) for make in makes]
        named = torch.cat([networks["discriminator"].both(sample.one)[1] for sample in shown])  # type: ignore[operator]
        labels = torch.cat([sample.given["label"] for sample in shown]).numpy()
        odds = named.detach().double().exp().numpy()
        expected = -np.log(odds[np.arange(len(labels)), labels] / odds.sum(1)).mean()
        assert found.item() == pytest.approx(0.5 * expected, rel=1e-4)


def test_a_lazy_penalty_between_the_turns_names_nothing() -> None:
    training = Training.begin(games.game("cgan", form="auxiliary", penalty_every=2, minibatch_std=True))
    steps = games.advance(training, "grey", 4)
    assert all(torch.isfinite(step.facts["generator/naming"]) for step in steps)
    assert all("penalty/naming" not in step.facts for step in steps)


def test_unstated_labels_come_by_their_share() -> None:
    """The same as when the very labels are stated, drawn with the seed after the latents'."""
    game = games.game("cgan")
    game.networks.eval()
    wanted = torch.tensor(games.COMES["labels"]["shares"]).multinomial(
        200, replacement=True, generator=torch.Generator().manual_seed(4)
    )
    stated = game.draw(game.networks, Request(200, 3, given={"label": wanted}))
    torch.testing.assert_close(game.draw(game.networks, Request(200, 3)), stated)


def test_packs_have_no_one_class() -> None:
    with pytest.raises(UsageError, match="no one class"):
        games.game("cgan", form="auxiliary", pack=2)
