"""What is chosen for the user: with reasons, within memory, and never against a wish."""

from __future__ import annotations

from typing import Any

import pytest

from gansmith.data.enough import outlook
from gansmith.data.open import open_data
from gansmith.data.options import DataOptions
from gansmith.engine import Engine
from gansmith.errors import UsageError
from gansmith.families import family
from gansmith.game.game import Game
from gansmith.verbs import plan
from gansmith.verbs.plan import Plan, build_game, compiling, describe, fit_memory, make_plan, measure_speed
from tests import games


def planned(data: str = "digits", *, per_second: float = 1000.0, **wishes: Any) -> Plan:
    values = {key: wishes.pop(key) for key in list(wishes) if key not in ("family", "duration", "batch")}
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(plan, "measure_speed", lambda *args, **kwargs: per_second)
        return make_plan(
            open_data(data, DataOptions()),
            source=data,
            options=DataOptions(),
            family=wishes.get("family"),
            duration=wishes.get("duration"),
            batch=wishes.get("batch"),
            values=values,
            seed=0,
            engine=Engine(),
        )


def test_nothing_asked_everything_chosen_and_explained() -> None:
    made = planned()
    assert made.config.family == "robust"
    assert made.config.duration == "10m"
    assert made.config.images == pytest.approx(600_000, rel=1e-3)
    assert made.config.images % made.config.settings["batch"] == 0
    assert made.seconds == pytest.approx(600, rel=1e-3)
    words = " ".join(describe(made))
    for expected in ("robust", "(default)", "passes over", "images/s, measured", "cpu", "MB of memory"):
        assert expected in words
    assert planned("ring").config.duration == "3m"


def test_wishes_win_over_the_recipe_and_are_named() -> None:
    made = planned(gamma="3.5", z=5, batch=32, duration="10ep", family="robust")
    assert (made.config.settings["gamma"], made.config.settings["z"], made.config.settings["batch"]) == (3.5, 5, 32)
    assert any("set by you" in line and "gamma=3.5" in line and "z=5" in line for line in made.config.plan)
    assert not any("(default)" in line for line in made.config.plan)


@pytest.mark.parametrize("name", ["robust", "stylegan2", "vae", "gan"])
def test_whatever_the_family_few_images_are_said_to_be_few(name: str) -> None:
    sizes: dict[str, dict[str, Any]] = {"gan": {"width": 8, "d_width": 8}, "stylegan2": {"size_dial": 0.02}}
    small = sizes.get(name, {"width": 4})
    lines = planned(family=name, duration="1kimg", batch=8, **small).config.plan
    (told,) = [line for line in lines if "can give" in line]
    assert told == outlook(open_data("digits", DataOptions()).report.usable)
    assert told.startswith("1,797 images can give")
    assert not any("can give" in line for line in planned("ring", duration="1kimg", batch=64).config.plan)


def test_whether_compiling_pays_is_measured_and_said() -> None:
    assert compiling(110.0, 100.0) == "compiled: the first steps take long, then 110 images/s instead of 100"
    assert compiling(90.0, 100.0).endswith("better without --compile")
    assert "instead" not in compiling(None, None)


def test_images_are_a_whole_number_of_steps_and_at_least_one() -> None:
    assert planned(duration="1img", batch=64).config.images == 64
    assert planned(duration="100img", batch=64).config.images == 128
    assert planned(duration="1s", per_second=1e-6).config.images > 0


@pytest.mark.parametrize(
    ("wishes", "words"),
    [
        ({"family": "robsut"}, "There is no family"),
        ({"family": "dcgan", "data": "ring"}, "cannot learn from points"),
        ({"batch": 0}, "'batch' cannot be 0"),
        ({"gama": 1}, "Did you mean 'gamma'"),
        ({"duration": "soon"}, "no length of training"),
        ({"pretrain_d": 1, "duration": "640img", "batch": 64}, "nothing is left"),
    ],
    ids=str,
)
def test_impossible_wishes(wishes: dict[str, Any], words: str) -> None:
    with pytest.raises(UsageError) as caught:
        planned(**wishes)
    assert words in str(caught.value)


def test_parts_double_until_memory_holds_them(monkeypatch: pytest.MonkeyPatch) -> None:
    """Reference: the estimate itself, asked again for the smaller part."""
    data, robust = open_data("digits"), family("robust")
    settings = robust.settings.read({"batch": 64, "width": 8})
    sizes: dict[int, int] = {}
    for free in (10**12, 10**8, 3 * 10**7, 10**7, 10**6, 10):
        monkeypatch.setattr(plan, "_free_memory", lambda engine, free=free: free)
        parts, bytes_ = fit_memory(robust, settings, data, 0, Engine())
        sizes[parts] = bytes_
        assert 64 % parts == 0
        assert bytes_ <= 0.6 * free or parts == 64
    assert list(sizes) == sorted(sizes)
    assert {1, 64} <= sizes.keys()
    assert list(sizes.values()) == sorted(sizes.values(), reverse=True)


def test_an_odd_batch_is_not_cut(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(plan, "_free_memory", lambda engine: 10)
    settings = family("gan").settings.read({"batch": 15, "width": 8, "d_width": 8})
    assert fit_memory(family("gan"), settings, open_data("digits"), 0, Engine())[0] == 1


def test_pieces_are_told_in_the_plan(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(plan, "_free_memory", lambda engine: 10**6)
    made = planned(width=8)
    assert made.config.parts > 1
    assert any(f"in {made.config.parts} parts" in line for line in made.config.plan)


def test_measuring_speed_leaves_no_trace_in_what_is_then_built() -> None:
    config = planned(width=8, duration="640img").config
    digests = []
    for measured in (False, True):
        if measured:
            settings = family("robust").settings.read(config.settings)
            speed = measure_speed(family("robust"), settings, open_data("digits"), 0, Engine(), 1, budget=0.05)
            assert 0 < speed < 1e7
        game: Game = build_game(config)
        digests.append(games.digest(dict(game.networks.state_dict())))
    assert digests[0] == digests[1]


def test_the_seed_of_the_run_is_the_seed_of_its_weights() -> None:
    config = planned(width=8, duration="640img").config
    digests = {seed: games.digest(dict(build_game(config.changed(seed=seed)).networks.state_dict())) for seed in (0, 1)}
    assert digests[0] != digests[1]


@pytest.mark.parametrize(
    ("wishes", "augment"), [({}, "colour,translation,cutout"), ({"ada": 0.6}, "bgc"), ({"augment": ""}, "")]
)
def test_few_images_are_augmented_unless_somebody_says_how(wishes: dict[str, Any], augment: str) -> None:
    """600 thousand images are 300 passes and more over the digits."""
    assert planned(**wishes).config.settings["augment"] == augment
