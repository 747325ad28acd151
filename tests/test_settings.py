"""Settings by either name: plain, or dotted by the player they belong to."""

from __future__ import annotations

import json

import pytest

from gansmith.errors import UsageError
from gansmith.families import family


def test_a_players_settings_have_a_dotted_name() -> None:
    read = family("dcgan").settings.read
    dotted = {"discriminator.lr": "0.02", "generator.lr": 1e-3, "discriminator.width": 16, "discriminator.norm": "none"}
    assert read(dotted) == read({"d_lr": 0.02, "lr": 1e-3, "d_width": 16, "d_norm": "none"})
    assert read({"discriminator.slope": 0.1}) == read({"d_slope": 0.1})


def test_what_is_written_down_is_the_plain_name() -> None:
    settings = family("gan").settings.read({"discriminator.lr": 0.02})
    written = json.loads(json.dumps(settings.model_dump()))
    assert written["d_lr"] == 0.02
    assert not [name for name in written if "." in name]
    assert type(settings).read(written) == settings


def test_a_change_may_be_dotted() -> None:
    settings = family("gan").settings.read({"d_lr": 0.02})
    assert settings.changed(**{"discriminator.lr": 0.01}) == settings.changed(d_lr=0.01)


def test_both_names_at_once_are_refused() -> None:
    with pytest.raises(UsageError, match="given twice"):
        family("gan").settings.read({"d_lr": 0.1, "discriminator.lr": 0.2})


@pytest.mark.parametrize(
    ("typo", "meant"),
    [
        ("discriminator.lrr", "discriminator.lr"),
        ("discriminater.lr", "discriminator.lr"),
        ("generator.gama", "generator.gamma"),
        ("d_lrr", "d_lr"),
    ],
)
def test_a_typo_is_answered_with_the_nearest_name_of_its_kind(typo: str, meant: str) -> None:
    with pytest.raises(UsageError, match=f"Did you mean '{meant}'"):
        family("dcgan").settings.read({typo: 0.1})


def test_a_wrong_value_is_told_by_the_name_of_the_field() -> None:
    with pytest.raises(UsageError, match="'d_lr' cannot be"):
        family("gan").settings.read({"discriminator.lr": -1})


def test_a_multiple_of_old_runs_means_as_lr() -> None:
    assert family("gan").settings.read({"d_lr": 1.0}).model_dump()["d_lr"] is None
