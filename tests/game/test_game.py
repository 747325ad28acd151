"""A game that names what it does not have is refused; latents follow their priors; facts are detached."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
import torch
from scipy import stats

from gansmith.game.acts import Act
from gansmith.game.game import Step, Turn, noise
from tests import games


def test_every_name_in_a_game_must_exist() -> None:
    game = games.game()
    nobody = Turn("turn", ("nobody",), lambda networks, step: {})
    changes: list[dict[str, Any]] = [
        {"turns": (nobody,)},
        {"averaged": ("nobody",)},
        {"optimizers": {"nobody": None}},
    ]
    for change in changes:
        with pytest.raises(ValueError, match="nobody"):
            replace(game, **change)
    with pytest.raises(ValueError, match="nothing"):
        replace(game, acts=(Act(1, "main", ("nothing",)),))
    with pytest.raises(ValueError, match="no optimizer"):
        replace(game, optimizers={"generator": game.optimizers["generator"]})


def test_an_act_takes_only_its_turns() -> None:
    game = games.game()
    assert game.during(Act(5)) is game
    acts = (Act(5, "warm", ("discriminator",)), Act(5, "late", ("generator",)))
    whole = replace(game, acts=acts)
    assert [[turn.name for turn in whole.during(act).turns] for act in acts] == [["discriminator"], ["generator"]]


@pytest.mark.parametrize(("every", "steps"), [(1, [0, 1, 2, 3, 4, 5, 6]), (2, [0, 2, 4, 6]), (5, [0, 5])])
def test_a_turn_is_due_at_the_steps_divisible_by_every(every: int, steps: list[int]) -> None:
    turn = Turn("turn", (), lambda networks, step: {}, every=every)
    batch = next(games.batches())
    assert [n for n in range(7) if turn.due({}, Step(n, 0, batch))] == steps
    never = replace(turn, unless=lambda networks: True)
    assert not any(never.due({}, Step(n, 0, batch)) for n in range(7))


def test_priors_are_what_they_are_called() -> None:
    """Kolmogorov-Smirnov against scipy's distributions; a coordinate of a sphere's point is a Beta variable."""
    chance = torch.Generator().manual_seed(0)
    draws = {prior: noise(4000, 6, prior, chance).numpy() for prior in ("normal", "uniform", "spherical")}
    assert stats.kstest(draws["normal"].ravel(), "norm").pvalue > 1e-3
    assert stats.kstest(draws["uniform"].ravel(), stats.uniform(-1, 2).cdf).pvalue > 1e-3
    length = (draws["spherical"] ** 2).sum(axis=1)
    assert length == pytest.approx(6.0, rel=1e-5)
    share = draws["spherical"][:, 0] ** 2 / 6
    assert stats.kstest(share, stats.beta(0.5, 2.5).cdf).pvalue > 1e-3


@pytest.mark.parametrize("prior", ["normal", "uniform", "spherical"])
def test_latents_from_a_generator_leave_the_global_randomness_alone(prior: str) -> None:
    before = torch.get_rng_state()
    a = noise(5, 3, prior, torch.Generator().manual_seed(1))
    b = noise(5, 3, prior, torch.Generator().manual_seed(1))
    assert torch.equal(a, b)
    assert torch.equal(before, torch.get_rng_state())


def test_noted_facts_hold_on_to_no_graph() -> None:
    step = Step(0, 0, next(games.batches()))
    step.note("loss", torch.ones(3, requires_grad=True) * 2)
    assert not step.facts["loss"].requires_grad
