"""cgan on captions: every player learns in its turn, runs resume exactly, and a sentence steers what is made."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from typing import Any

import pytest
import torch

from gansmith.data.batch import Batch
from gansmith.data.captions import encode
from gansmith.errors import GansmithError, UsageError
from gansmith.families import family
from gansmith.game.acts import Act
from gansmith.game.game import Game, Request
from gansmith.game.loop import play, reseed
from gansmith.runs.state import Training
from tests import games

SHAPE = "colour"
SMALL = {key: value for key, value in games.SMALL.items() if key in family("cgan").settings.model_fields}
TRICKS = {"pack": 2, "augment": "colour,translation", "lecam": 0.3, "penalty_share": 1.0, "minibatch_std": True}


def game(shape: str = SHAPE, **settings: Any) -> Game:
    cgan, spec = family("cgan"), games.spec(shape, "captions")
    torch.manual_seed(reseed(0, -1))
    small = SMALL | {"condition_size": 8}
    return cgan.build(cgan.settings.read(cgan.recipe(spec).values | small | settings), spec, games.IMAGES)


def captions(*texts: str) -> torch.Tensor:
    return torch.from_numpy(encode(texts, games.COMES["captions"]["caption_bytes"]))


@pytest.mark.parametrize(
    "settings", [{}, TRICKS, {"objective": "hinge", "mismatch": 0.0}], ids=["plain", "tricks", "off"]
)
def test_the_reader_learns_in_the_discriminators_turn_alone(settings: dict[str, Any]) -> None:
    training = Training.begin(game(**settings))
    for turn, learners in {"discriminator": {"discriminator", "text"}, "generator": {"generator"}}.items():
        before = games.copied(training)
        during = training.game.during(Act(8, "one", (turn,)))
        step = next(play(during, games.batches(SHAPE), training.optimizers, training.averages))
        moved = games.differing(before, games.tensors(training))
        learnt = {key.split("/")[1].split(".")[0] for key in moved if key.startswith("networks/")}
        assert learnt - {"lecam"} == learners
        assert ("discriminator/mismatch" in step.facts) == (turn == "discriminator" and settings.get("mismatch") != 0)


@pytest.mark.parametrize("parts", [1, 2])
def test_an_interrupted_training_ends_in_the_same_bits(parts: int) -> None:
    whole, first = Training.begin(game()), Training.begin(game())
    games.advance(whole, SHAPE, 4, parts=parts)
    games.advance(first, SHAPE, 2, parts=parts)
    second = Training.begin(game())
    for name, tensor in games.tensors(second).items():
        tensor.data.copy_(games.tensors(first)[name])
    second.place.number, second.place.seen = first.place.number, first.place.seen
    games.advance(second, SHAPE, 2, parts=parts)
    assert games.differing(games.tensors(whole), games.tensors(second)) == []


def test_captions_learn_to_steer() -> None:
    """Dark and light images: each is soon made for its own caption, and for one that only looks like it."""
    made = game("grey", z=4, batch=16, lr=5e-3, lr_end=5e-3)
    training = Training.begin(made)

    def batches() -> Iterator[Batch]:
        while True:
            light = torch.rand(16) < 0.5
            image = torch.where(light, 0.7, -0.7)[:, None, None, None].expand(16, *games.SHAPES["grey"])
            told = captions("a light night", "a dark day")[(~light).long()]
            yield Batch(image + 0.1 * torch.randn_like(image), None, {"caption": told})

    for step in play(made, batches(), training.optimizers, training.averages):
        if step.number == 100:
            break
    made.networks.eval()
    asked = captions("a light night", "lights at nights", "a dark day", "darker days").repeat_interleave(8, 0)
    shades = made.draw(made.networks, Request(32, 3, given={"caption": asked})).mean((1, 2, 3)).view(4, 8)
    assert shades[:2].min() > shades[2:].max()


def test_without_a_request_captions_are_those_of_the_data() -> None:
    made = game()
    made.networks.eval()
    open_, again = (made.draw(made.networks, Request(6, seed=4)) for _ in range(2))
    assert torch.equal(open_, again)
    stated = captions(*games.CAPTIONS)
    fits = [made.draw(made.networks, Request(6, 4, given={"caption": row.expand(6, -1)})) for row in stated]
    assert all(any(torch.allclose(image, fit[place], atol=1e-5) for fit in fits) for place, image in enumerate(open_))


def test_without_clip_its_absence_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "transformers", None)
    with pytest.raises(GansmithError, match="CLIP cannot be asked"):
        game(text="clip", clip="nobody/nothing")


def test_images_with_both_are_told_their_caption_unless_asked_otherwise() -> None:
    cgan, both = family("cgan"), games.spec(SHAPE, "captions").changed(**games.COMES["labels"])
    for condition, reads in {"auto": True, "caption": True, "label": False}.items():
        settings = cgan.settings.read(SMALL | {"condition": condition})
        assert ("text" in cgan.build(settings, both, 100).networks) == reads


@pytest.mark.parametrize(
    ("needs", "settings", "what"),
    [
        ("labels", {"condition": "caption"}, "no captions"),
        ("captions", {"form": "concat"}, "form=concat"),
        ("captions", {"form": "auxiliary"}, "form=auxiliary"),
    ],
)
def test_what_captions_cannot_be_used_for_is_refused(needs: str, settings: dict[str, str], what: str) -> None:
    cgan = family("cgan")
    with pytest.raises(UsageError, match=what):
        cgan.build(cgan.settings.read(SMALL | settings), games.spec(SHAPE, needs), 100)
