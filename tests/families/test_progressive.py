"""Growing: acts that fill the training, a stage that never lags behind its act, and players shown the same size."""

from __future__ import annotations

from typing import Any

import pytest
import torch

from gansmith.data.spec import DataSpec
from gansmith.errors import UsageError
from gansmith.families.progressive import PROGRESSIVE, ProgressiveSettings, phases, stage_along, usual_batch
from gansmith.game.acts import remaining
from gansmith.game.adversarial import pretraining
from gansmith.game.game import Game, Step
from gansmith.networks.progressive import Stage, sizes_of
from gansmith.runs.state import Training
from tests import games

SHAPES = [(1, 28, 28), (3, 64, 128), (3, 13, 20), (1, 6, 6)]


def course(shape: tuple[int, ...], images: int, **settings: Any) -> tuple[ProgressiveSettings, Game]:
    chosen = ProgressiveSettings.read({"batch": 16, "width": 2, "widest": 4, "z": 4, **settings})
    spec = DataSpec(kind="images", shape=shape, count=100, fingerprint="0" * 64)
    return chosen, PROGRESSIVE.build(chosen, spec, images)


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("images", [160, 4000, 100_000])
@pytest.mark.parametrize("pretrain", [0.0, 0.01])
def test_acts_fill_the_training_in_whole_steps(shape: tuple[int, ...], images: int, pretrain: float) -> None:
    settings, game = course(shape, images, pretrain_d=pretrain)
    assert sum(act.images for act in game.acts) == images
    begin = pretraining(settings)
    for act in game.acts[1 if begin else 0 :]:
        batch = act.batch or 0
        first_step = -(-begin // batch) * batch  # the head start ends with a whole step
        begin += act.images
        assert (begin - first_step) % batch == 0
        assert act.fresh
    assert game.acts[-1].size is None


def test_sizes_follow_each_other_and_each_fades_in_once() -> None:
    _, game = course((1, 28, 28), 160_000, growth=0.5)
    found = [(act.name, act.images, act.size, act.batch) for act in game.acts]
    assert found == [
        ("7 x 7", 20_000 // 32 * 32, (7, 7), 32),
        ("to 14 x 14", 20_000 // 32 * 32, (14, 14), 32),
        ("14 x 14", 20_000 // 32 * 32, (14, 14), 32),
        ("to 28 x 28", 20_000, None, 16),
        ("28 x 28", 80_000, None, 16),
    ]


def test_batches_are_as_published_per_size() -> None:
    """The table of the authors' code for one GPU."""
    sizes = {4: 128, 8: 128, 16: 128, 32: 64, 64: 32, 128: 16, 256: 8, 512: 4}
    assert {side: usual_batch((side, side)) for side in sizes} == sizes
    assert usual_batch((16, 64)) == usual_batch((32, 32))


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("pretrain", [0.0, 0.064])
def test_the_stage_is_that_of_the_act_at_every_step(shape: tuple[int, int, int], pretrain: float) -> None:
    """So that images of the act's size meet networks of that level; it never falls and ends with everything."""
    settings, game = course(shape, 8000, pretrain_d=pretrain)
    stage, seen, before = game.dials["stage"], 0, 0.0
    sizes = sizes_of(shape)
    for act, end in remaining(game.acts, 0):
        while seen < end:
            now = stage(seen)
            assert sizes[Stage.of(now).level] == (act.size or shape[1:])
            assert before <= now <= before + 1
            before, seen = now, seen + (act.batch or 0)
        assert Stage.of(before).alpha is None  # every act ends with a whole level
    assert before == len(sizes) - 1
    assert stage(10**9) == before
    again = stage_along(phases(settings, shape, 8000), pretraining(settings))
    assert [again(at) for at in range(0, 8000, 500)] == [stage(at) for at in range(0, 8000, 500)]


def test_both_players_keep_the_stage_and_meet_at_its_size() -> None:
    training = Training.begin(games.game("progressive", "alpha"))
    game = training.game
    shown: list[tuple[int, ...]] = []
    game.networks["discriminator"].register_forward_pre_hook(lambda _, given: shown.append(tuple(given[0].shape[1:])))
    for act, end in remaining(game.acts, 0):
        training.place.seen = end - act.images
        shown.clear()
        (step,) = games.advance(training, "alpha", 1)
        size = act.size or (16, 16)
        assert set(shown) == {(4, *size)}
        assert len(step.batch) == act.batch
        stages = [float(game.networks[name].get_buffer("stage")) for name in ("generator", "discriminator")]
        assert stages == pytest.approx([step.dials["stage"]] * 2)
        average = training.averages.networks["generator"].get_buffer("stage")
        assert float(average) == stages[0]
        assert game.made_at is not None
        before = {"4 x 4": (4, 4), "to 8 x 8": (4, 4), "to 16 x 16": (8, 8)}  # the fades have just begun
        assert game.made_at(game.networks) == (before.get(act.name, size), size)


def test_reals_are_faded_as_far_as_fakes() -> None:
    game = games.game("progressive", "alpha")
    batch = next(games.batches("alpha"))
    duel = game.duels[0]
    old, new, half = (duel.real(game.networks, Step(0, 0, batch, {"stage": at})).one for at in (0.0, 1.0, 0.5))
    doubled = old.repeat_interleave(2, 2).repeat_interleave(2, 3)
    torch.testing.assert_close(half, (doubled + new) / 2)


def test_the_published_losses_and_others() -> None:
    """WGAN-GP with drift by default; the robust pair as settings; nothing that needs images of one size."""
    settings = ProgressiveSettings.read({})
    assert (settings.objective, settings.penalty, settings.gamma, settings.drift) == ("wasserstein", "gp", 10, 1e-3)
    assert (settings.lr, settings.beta1, settings.beta2) == (1e-3, 0, 0.99)
    training = Training.begin(
        games.game("progressive", "grey", objective="relativistic", penalty="r1+r2", gamma=0.1, drift=0)
    )
    for seen in games.starts(training.game):
        training.place.seen = seen
        assert all(torch.isfinite(step.facts["discriminator/loss"]) for step in games.advance(training, "grey", 2))
    with pytest.raises(UsageError, match="one size"):
        ProgressiveSettings.read({"history": 0.5})
