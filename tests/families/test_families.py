"""The list of families, and settings that cannot be written down wrongly."""

from __future__ import annotations

import json
from typing import Any

import pytest

from gansmith.errors import UsageError
from gansmith.families import families, family
from tests import games


def test_the_published_ones_are_there() -> None:
    assert {"robust", "dcgan", "gan"} <= set(families())
    assert all(name == one.name for name, one in families().items())


@pytest.mark.parametrize(("typo", "meant"), [("dcgna", "dcgan"), ("robsut", "robust"), ("GAN", "gan")])
def test_an_unknown_family_is_refused_with_the_nearest(typo: str, meant: str) -> None:
    with pytest.raises(UsageError, match="There is no family") as caught:
        family(typo)
    assert f"'{meant}'" in caught.value.do or meant in caught.value.do


@pytest.mark.parametrize("name", families())
def test_settings_survive_json_and_explain_themselves(name: str) -> None:
    chosen = family(name)
    settings = chosen.settings.read(chosen.recipe(games.spec("grey", chosen.needs)).values)
    assert chosen.settings.read(json.loads(json.dumps(settings.model_dump()))) == settings
    assert all(field.description for field in chosen.settings.model_fields.values())
    json.dumps(chosen.settings.model_json_schema())


@pytest.mark.parametrize("name", families())
@pytest.mark.parametrize("shape", games.SHAPES)
def test_a_recipe_is_made_of_settings_and_gives_its_reasons(name: str, shape: str) -> None:
    chosen = family(name)
    if (spec := games.spec(shape, chosen.needs)).kind in chosen.kinds:
        recipe = chosen.recipe(spec)
        chosen.settings.read(recipe.values)
        assert recipe.reasons


WRONG: list[tuple[dict[str, Any], str]] = [
    ({"gama": 1}, "Did you mean 'gamma'"),
    ({"batch": 0}, "'batch' cannot be 0"),
    ({"batch": "many"}, "'batch' cannot be 'many'"),
    ({"lr": "nan"}, "'lr' cannot be 'nan'"),
    ({"lr": -1}, "'lr' cannot be -1"),
    ({"lr": "inf"}, "'lr' cannot be 'inf'"),
    ({"objective": "hing"}, "Did you mean 'hinge'"),
    ({"penalty": "r1+r3"}, "Did you mean 'r1"),
    ({"prior": "gaussian"}, "'prior' cannot be 'gaussian'"),
    ({"augment": "colur"}, "Did you mean 'colour'"),
    ({"beta1": 1.0}, "'beta1' cannot be 1.0"),
    ({"skip_d": 0}, "'skip_d' cannot be 0"),
]


@pytest.mark.parametrize("name", [name for name in families() if games.adversarial(name)])
@pytest.mark.parametrize(("values", "words"), WRONG, ids=lambda part: str(part))
def test_wrong_settings_are_refused_in_words(name: str, values: dict[str, Any], words: str) -> None:
    with pytest.raises(UsageError) as caught:
        family(name).settings.read(values)
    assert words in str(caught.value)


def test_text_from_the_command_line_becomes_numbers() -> None:
    settings = family("robust").settings.read({"lr": "1e-3", "batch": "32", "lr_end": "0.0001"})
    assert (settings.lr, settings.batch, settings.lr_end) == (1e-3, 32, 1e-4)


@pytest.mark.parametrize("trick", [{"smooth": 0.1}, {"flip_labels": 0.1}])
def test_labels_mean_nothing_to_a_relativistic_objective(trick: dict[str, Any]) -> None:
    with pytest.raises(UsageError, match="no labels"):
        games.game("robust", "points", **trick)


def test_two_learning_rates_and_their_ends() -> None:
    game = games.game("robust", "points", lr=0.01, lr_end=0.001, d_lr=0.04)
    for name, share in (("generator", 1.0), ("discriminator", 4.0)):
        lr = game.optimizers[name].lr
        assert lr(0) == pytest.approx(0.01 * share)
        assert lr(games.IMAGES) == pytest.approx(0.001 * share)


def test_the_discriminator_learns_alone_first() -> None:
    game = games.game("gan", "points", pretrain_d=0.1)
    assert [(act.images, act.turns) for act in game.acts] == [
        (100, ("discriminator",)),
        (games.IMAGES - 100, None),
    ]
