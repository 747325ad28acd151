"""Rates of players who also learn in lazy turns."""

from __future__ import annotations

import pytest

from gansmith.game.game import Adam, Turn
from gansmith.game.rates import rescaled
from gansmith.game.schedules import constant

RULE = Adam(constant(0.002), 0.5, constant(0.99))


def turn(every: int, *learners: str) -> Turn:
    return Turn(f"{learners}{every}", learners, lambda networks, step: {}, every)


@pytest.mark.parametrize(("usual", "lazy", "c"), [(1, 16, 16 / 17), (1, 4, 4 / 5), (2, 8, 4 / 5)])
def test_a_lazy_turn_slows_adam_by_as_much_as_it_adds(usual: int, lazy: int, c: float) -> None:
    turns = (turn(usual, "one"), turn(1, "other"), turn(lazy, "one"))
    found = rescaled(RULE, "one", turns)
    assert found.lr(7) == pytest.approx(c * 0.002)
    assert found.beta1 == pytest.approx(0.5**c)
    assert found.beta2(7) == pytest.approx(0.99**c)
    steps = 1000 * lazy
    taken = steps / usual + steps / lazy  # how far both go, and what is forgotten, is as without the lazy turn
    assert found.lr(7) * taken == pytest.approx(0.002 * steps / usual)
    assert found.beta1**taken == pytest.approx(0.5 ** (steps / usual))


def test_players_without_lazy_turns_learn_as_ever() -> None:
    turns = (turn(1, "one", "both"), turn(1, "both"), turn(16, "one"))
    assert rescaled(RULE, "both", turns) is RULE
    assert rescaled(RULE, "nobody", turns) is RULE
