"""Which networks a change of settings makes anew."""

from __future__ import annotations

from typing import Any

import pytest

from gansmith.game.structure import made_anew
from tests import games


@pytest.mark.parametrize(
    ("change", "anew"),
    [
        ({"lr": 0.1, "gamma": 3.0, "noise": 0.1, "augment": "cutout", "d_lr": 0.1}, ()),
        ({"lookahead": 5}, ("lookahead",)),
        ({"spectral": True}, ("discriminator",)),
        ({"pack": 2, "history": 0.5}, ("discriminator", "history")),
        ({"width": 9}, ("generator",)),
        ({"z": 9}, ("generator",)),
        ({"width": 9, "d_width": 9}, ("generator", "discriminator")),
    ],
)
def test_only_what_is_built_otherwise(change: dict[str, Any], anew: tuple[str, ...]) -> None:
    assert made_anew(games.game("dcgan", "grey"), games.game("dcgan", "grey", **change)) == anew


def test_switching_off_makes_nothing_anew() -> None:
    assert made_anew(games.game("gan", "points", lookahead=5, lecam=0.3), games.game("gan", "points")) == ()
