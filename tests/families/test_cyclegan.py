"""CycleGAN: two ways whose players and facts are kept apart, and what brings an image back."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest
import torch
from torch import Tensor, nn

from gansmith.data.batch import Batch
from gansmith.engine import Engine
from gansmith.errors import UsageError
from gansmith.families.cyclegan import CYCLEGAN, WAYS, CycleGANSettings, draw, recipe, returning, views
from gansmith.game.averages import Averages
from gansmith.game.game import Game, Request, Step
from gansmith.game.history import History
from gansmith.game.loop import play
from gansmith.game.optimizers import Optimizers
from tests import games

TINY: dict[str, Any] = {"width": 4, "blocks": 1, "d_width": 4, "patch": "16"}


def built(**settings: Any) -> Game:
    return games.game("cyclegan", "grey", **{**TINY, **settings})


def stepped(game: Game, count: int = 1, batch: int = 8) -> Step:
    """The last of so many steps."""
    steps = play(game, games.batches("grey", batch), Optimizers(game), Averages(game), engine=Engine())
    for _ in range(count):
        step = next(steps)
    return step


class Times(nn.Module):
    """A translator that multiplies."""

    def __init__(self, factor: float) -> None:
        super().__init__()
        self.factor = nn.Parameter(torch.tensor(factor))
        self.passes = 0

    def forward(self, image: Tensor) -> Tensor:
        self.passes += 1
        return image * self.factor


def by_hand(settings: CycleGANSettings, factors: Mapping[str, float]) -> dict[str, float]:
    """The generators' further losses on a batch whose sides are 0.5 (A) and -0.25 (B) everywhere."""
    networks = {name: Times(factors[way]) for way, name in WAYS.items()}
    batch = Batch(torch.full((2, 1, 8, 8), -0.25), None, {"source": torch.full((2, 1, 8, 8), 0.5)})
    step = Step(0, 0, batch)
    for way, name in WAYS.items():
        step.kept[name] = networks[name](views(settings, step)[way].source)
    return {name: float(value.detach()) for name, value in returning(settings)(networks, step).items()}


def test_cycle_and_identity_are_those_of_the_paper() -> None:
    """Equation 2 and section 5.2, with translators x -> 3x and x -> x/2."""
    found = by_hand(CycleGANSettings.read({"cycle": 10, "identity": 0.5}), {"AtoB": 3.0, "BtoA": 0.5})
    assert found == pytest.approx(
        {
            "cycle AtoB": 10 * abs(0.5 * 3 / 2 - 0.5),
            "cycle BtoA": 10 * abs(-0.25 / 2 * 3 + 0.25),
            "identity AtoB": 5 * abs(3 * -0.25 + 0.25),
            "identity BtoA": 5 * abs(0.5 / 2 - 0.5),
        }
    )
    perfect = by_hand(CycleGANSettings.read({"identity": 0}), {"AtoB": 2.0, "BtoA": 0.5})
    assert perfect == {"cycle AtoB": 0, "cycle BtoA": 0}


def test_each_generator_is_asked_twice_a_step() -> None:
    """Once for the fakes of both turns, once to bring a translation back and to leave an image alone."""
    game = built()
    passes: list[str] = []
    for name in WAYS.values():
        game.networks[name].register_forward_hook(lambda *_, name=name: passes.append(name))
    stepped(game)
    assert sorted(passes) == ["generator", "generator", "inverse", "inverse"]


def test_the_ways_have_facts_of_their_own() -> None:
    """What moves one discriminator's logits moves nothing that is noted of the other."""
    facts = []
    for shift in (0.0, 7.0):
        game = built()
        with torch.no_grad():
            last = game.networks["discriminator_a"].get_submodule("last")
            last.get_parameter("bias").add_(shift)
        facts.append(stepped(game).facts)
    assert torch.equal(facts[0]["duel/real"], facts[1]["duel/real"])
    assert torch.equal(facts[0]["duel/fake"], facts[1]["duel/fake"])
    torch.testing.assert_close(facts[0]["back/real"] + 7, facts[1]["back/real"], rtol=1e-4, atol=1e-4)
    assert {"accuracy/real", "back_accuracy/real", "discriminator/loss", "discriminator/back loss"} <= facts[0].keys()
    assert {f"gradient/{name}" for name in game.optimizers} <= facts[0].keys()


def test_fifty_fakes_of_either_way_are_kept() -> None:
    game = built(batch=1, lr=1e-12)
    for name, value in (("generator", 3.0), ("inverse", -3.0)):
        last = [module for module in game.networks[name].modules() if isinstance(module, nn.Conv2d)][-1]
        nn.init.zeros_(last.weight)
        assert last.bias is not None
        nn.init.constant_(last.bias, value)
    stepped(game, 20, batch=1)
    for name, value in (("history", 3.0), ("back_history", -3.0)):
        past = game.networks[name]
        assert isinstance(past, History)
        assert len(past.images) == 50
        kept = past.images[past.known]
        assert 0 < len(kept) <= 20
        torch.testing.assert_close(kept, torch.tensor(value).tanh().expand_as(kept), rtol=1e-4, atol=1e-4)


def test_both_turns_see_the_same_views_and_another_batch_others() -> None:
    torch.manual_seed(0)
    settings = CycleGANSettings.read({"jitter": 0.5})
    step = Step(0, 0, next(games.batches("grey")))
    first, again = views(settings, step), views(settings, step)
    assert first is again
    assert not torch.equal(first["AtoB"].target, step.batch.image)
    assert torch.equal(first["AtoB"].source, first["BtoA"].target)
    held = Step(0, 0, next(games.batches("grey", seen=8)), kept=step.kept)
    assert not torch.equal(views(settings, held)["AtoB"].source, first["AtoB"].source)


def test_a_step_cuts_each_side_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Else what comes back would be compared with another cut of the image than the one that was translated."""
    cut: list[Tensor] = []

    def counted(image: Tensor, larger: float, flip: bool) -> Tensor:
        cut.append(image)
        return image

    monkeypatch.setattr("gansmith.families.cyclegan.jittered", counted)
    stepped(built(jitter=0.5), 3)
    assert len(cut) == 3 * 2


def test_a_request_goes_its_way_in_any_size() -> None:
    networks = {"generator": Times(2.0), "inverse": Times(-1.0)}
    source = torch.rand(3, 1, 21, 10)
    assert torch.equal(draw(networks, Request(3, given={"source": source})), 2 * source)
    assert torch.equal(draw(networks, Request(3, given={"source": source}, way="BtoA")), -source)
    with pytest.raises(UsageError, match="translates"):
        draw(networks, Request(3))


def test_what_is_drawn_at_once_is_bounded_and_makes_no_difference(monkeypatch: pytest.MonkeyPatch) -> None:
    maker = Times(2.0)
    source = torch.rand(5, 1, 8, 8)
    monkeypatch.setattr("gansmith.families.cyclegan.DRAWN_PIXELS", 2 * 64)
    assert torch.equal(draw({"generator": maker, "inverse": maker}, Request(5, given={"source": source})), 2 * source)
    assert maker.passes == 3


def test_without_a_way_back_only_the_duels_are_left() -> None:
    facts = stepped(built(cycle=0)).facts
    assert {name for name in facts if name.startswith("generator/")} == {"generator/loss", "generator/back loss"}


@pytest.mark.parametrize(("side", "blocks"), [(128, 6), (256, 9)])
def test_the_paper_chooses_the_blocks_by_size(side: int, blocks: int) -> None:
    spec = games.spec("colour", "unpaired").changed(shape=(3, side, side))
    settings = CycleGANSettings.read({"width": 2, "d_width": 2, "history": 0.0} | recipe(spec).values)
    game = CYCLEGAN.build(settings, spec, 400)
    names = [type(module).__name__ for module in game.networks["generator"].modules()]
    assert names.count("Block") == blocks
    assert set(game.optimizers) == {"generator", "inverse", "discriminator", "discriminator_a"}


def test_rates_stay_for_half_of_the_training_and_then_fall_straight() -> None:
    rate = built(lr=2e-4).optimizers["inverse"].lr
    assert [rate(seen) for seen in (0, games.IMAGES // 2)] == pytest.approx([2e-4, 2e-4])
    assert rate(3 * games.IMAGES // 4) == pytest.approx(1e-4)
    assert rate(games.IMAGES) == pytest.approx(0)
