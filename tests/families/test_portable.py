"""Every family's generator as one module: what it draws is what the game draws, of any number of samples."""

from __future__ import annotations

from typing import Any, cast

import pytest
import torch

from gansmith.families import families
from gansmith.families.infogan import InfoGANSettings
from gansmith.families.portable import Portable, plain
from gansmith.game.game import Game, Request
from gansmith.game.truncation import truncated
from gansmith.networks.counting import Counts
from tests import games

EXACT = 1e-5
FEW = {"biggan": {"standing": 2}}  # passes that statistics are measured in


def made(family: str, shape: str, **wishes: Any) -> tuple[Game, Portable]:
    """A game of tiny networks in eval mode, and what is exported of it."""
    wishes = {**FEW.get(family, {}), **wishes}
    game, chosen = games.game(family, shape, **wishes), families()[family]
    game.networks.eval().requires_grad_(False)
    data = games.spec(shape, chosen.needs or ("labels" if "label" in chosen.conditions else ""))
    small = {name: value for name, value in games.SMALL.items() if name in chosen.settings.model_fields}
    settings = chosen.settings.read(chosen.recipe(data).values | small | wishes)
    with torch.no_grad():
        return game, chosen.portable(game.networks, settings, data).eval()


def apart(game: Game, module: Portable, count: int, seed: int = 0) -> float:
    """The largest difference between what the module and what the game draws of the same."""
    chance = torch.Generator().manual_seed(seed)
    given = [one.example(count, chance) for one in module.inputs]
    request = module.request(given)
    assert request is not None
    with torch.no_grad():
        return float((module(*given) - game.draw(module.players(game.networks), request)).abs().max())


@pytest.mark.parametrize(
    ("family", "shape"), [case for case in games.CASES if case[0] != "naive-bayes" and case[1] != "alpha"]
)
def test_it_draws_what_the_game_draws(family: str, shape: str) -> None:
    game, module = made(family, shape)
    assert apart(game, module, 1) < EXACT
    assert apart(game, module, 3) < EXACT


def test_a_caption_is_a_sentence() -> None:
    game = games.game("cgan", "grey")
    chosen, data = families()["cgan"], games.spec("grey", "captions")
    settings = chosen.settings.read({**chosen.recipe(data).values, "z": 8, "width": 8, "depth": 1, "d_width": 8})
    game = chosen.build(settings, data, games.IMAGES)
    game.networks.eval().requires_grad_(False)
    module = chosen.portable(game.networks, settings, data).eval()
    assert [one.kind for one in module.inputs] == ["normal", "sentence"]
    captions = games.conditions("grey", 4)["caption"]
    latent = torch.randn(4, 8)
    with torch.no_grad():
        by_caption = game.draw(game.networks, Request(4, latent=latent, given={"caption": captions}))
        by_sentence = module(latent, game.networks["text"](captions))
    torch.testing.assert_close(by_sentence, by_caption)


def test_a_truncation_measured_is_exact_and_one_between_lies_between() -> None:
    """Statistics at a knot are the game's own; between two knots no image is farther off than the knots are apart."""
    game, module = made("biggan", "grey")
    latent, label = torch.randn(6, 8), torch.tensor([0, 1, 2, 0, 1, 2])

    def game_at(limit: float) -> torch.Tensor:
        return game.draw(
            game.networks, Request(6, latent=latent, given={"label": label, "truncation": torch.full((6,), limit)})
        )

    with torch.no_grad():
        for limit in (0.3, 1.0, float("inf")):
            torch.testing.assert_close(module(latent, label, torch.tensor(limit)), game_at(limit), atol=EXACT, rtol=0)
        between, wanted = module(latent, label, torch.tensor(0.92)), game_at(0.92)
    assert (between - wanted).abs().max() < 0.5 * (game_at(0.85) - game_at(1.0)).abs().max()


def test_naive_bayes_turns_chance_into_the_levels_that_were_counted() -> None:
    """Of even quantiles each level comes as often as it was seen; values lie evenly within their level."""
    chosen, data = families()["naive-bayes"], games.spec("grey", "labels")
    settings = chosen.settings.read({"levels": 4, "smoothing": 1e-6})
    game = chosen.build(settings, data, games.IMAGES)
    counts = cast(Counts, game.networks["generator"])
    counts.of[1, :, :] = torch.tensor([1.0, 0.0, 2.0, 1.0])
    module = chosen.portable(game.networks, settings, data).eval()
    quantiles = (torch.arange(400) + 0.5) / 400
    drawn = module(torch.ones(400, dtype=torch.int64), quantiles.view(-1, 1, 1, 1).expand(-1, *games.SHAPES["grey"]))
    values = drawn[:, 0, 3, 5]
    wanted = torch.cat(
        [torch.linspace(-1, -0.5, 101)[:-1], torch.linspace(0, 0.5, 201)[:-1], torch.linspace(0.5, 1, 101)[:-1]]
    )
    assert torch.equal(values, values.sort().values)
    torch.testing.assert_close(values, wanted, atol=0.006, rtol=0)  # half a step of the quantiles


def test_codes_are_what_the_settings_say() -> None:
    _, module = made("infogan", "grey", categories="3", continuous=1)
    code = module.inputs[1].example(50, torch.Generator().manual_seed(0))
    assert code.shape == (50, InfoGANSettings.read({"categories": "3", "continuous": 1}).codes.size)
    assert torch.equal(code[:, :3].sum(1), torch.ones(50)) and bool((code[:, 3].abs() <= 1).all())


def test_the_networks_of_the_run_stay_as_they_were() -> None:
    """Spectral normalisation is taken off the copy alone, though both share a class."""
    game, _ = made("biggan", "grey")
    before = {name: value.clone() for name, value in game.networks.state_dict().items()}
    copied = plain(game.networks["generator"])
    assert not any("parametrizations" in name for name in copied.state_dict())
    assert any("parametrizations" in name for name in game.networks["generator"].state_dict())
    assert games.differing(before, game.networks.state_dict()) == []
    with torch.no_grad():
        latent, label = truncated(torch.randn(2, 8), torch.full((2,), 1.0)), torch.tensor([0, 1])
        torch.testing.assert_close(copied(latent, label), game.networks["generator"](latent, label))
