"""What every family promises, swept over every family and every shape it takes."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
import torch

from gansmith.errors import UsageError
from gansmith.families import families
from gansmith.game.acts import Act
from gansmith.game.game import Request, Step, noise
from gansmith.game.loop import play
from gansmith.losses.objectives import OBJECTIVES
from gansmith.runs.state import Training
from gansmith.verbs.frames import draw
from tests import games

EVERY = pytest.mark.parametrize(("name", "shape"), games.CASES)
TRICKS: dict[str, Any] = {
    "skip_d": 0.9,
    "noise": 0.1,
    "augment": "colour,translation,cutout",
    "pretrain_d": 0.016,
    "penalty": "r1+r2",
    "penalty_every": 4,
    "d_every": 2,
    "g_every": 5,
    "ema": 0.05,
    "d_lr": 1e-3,
    "ada": 0.6,
    "pack": 2,
    "minibatch_std": True,
    "spectral": True,
    "lecam": 0.3,
    "history": 0.5,
    "lookahead": 3,
    "feature_matching": 0.1,
}


def tricks(name: str, shape: str) -> dict[str, Any]:
    """Everything at once: augmentation where there are images, wrong labels where there are labels."""
    fields = families()[name].settings.model_fields
    if not games.adversarial(name):
        return {key: value for key, value in TRICKS.items() if key in fields}
    left_out = {"augment", "ada"} if shape == "points" else set()
    game, step = games.game(name, shape), Step(0, 0, next(games.batches(shape)))
    sizes = max(len(duel.real(game.networks, step).images) for duel in game.duels)
    if game.made_at or sizes > 1 or any(duel.conditional for duel in game.duels):
        left_out.add("history")  # it keeps images alone, and of one size
    objective = OBJECTIVES[fields["objective"].default]
    if not (objective.relative or objective.signed):
        left_out.add("skip_d")
    labels = {} if objective.sides is None else {"flip_labels": 0.1, "smooth": 0.1, "smooth_fake": 0.1}
    return {key: value for key, value in TRICKS.items() if key not in left_out} | labels


def begin(name: str, shape: str, **settings: Any) -> Training:
    return Training.begin(games.game(name, shape, **settings))


@EVERY
@pytest.mark.parametrize("with_tricks", [False, True], ids=["plain", "tricks"])
def test_a_turn_moves_its_learners_and_nobody_else(name: str, shape: str, with_tricks: bool) -> None:
    """Weights and moments of the others stay to the bit; only buffers, statistics of what they saw, may move."""
    training = begin(name, shape, **(tricks(name, shape) if with_tricks else {}))
    game = training.game
    for turn in game.turns:
        before = games.copied(training)
        during = game.during(Act(8, "one", (turn.name,)))
        (step,) = (next(play(during, games.batches(shape), training.optimizers, training.averages)),)
        moved = {key for key in games.differing(before, games.tensors(training)) if not key.startswith("averages/")}
        learnt = {f"networks/{one}.{key}" for one in turn.learners for key, _ in game.networks[one].named_parameters()}
        moments = {key for key in before if key.startswith(tuple(f"optimizers/{one}/" for one in turn.learners))}
        assert moved - learnt - moments <= {f"networks/{key}" for key, _ in game.networks.named_buffers()}
        assert moved & learnt
        assert moved & moments
        assert all(torch.isfinite(fact).all() for fact in step.facts.values())
        assert {f"gradient/{one}" for one in turn.learners} <= step.facts.keys()


@EVERY
@pytest.mark.parametrize("precision", ["32", "bf16"])
def test_training_stays_finite_and_weights_stay_float32(name: str, shape: str, precision: str) -> None:
    training = begin(name, shape, **tricks(name, shape))
    steps = games.advance(training, shape, 6, precision=precision)
    assert all(torch.isfinite(tensor).all() for tensor in games.tensors(training).values())
    assert all(torch.isfinite(fact).all() for step in steps for fact in step.facts.values())
    assert {p.dtype for p in training.game.networks.parameters()} <= {torch.float32}
    assert training.optimizers.skipped.item() == 0


@EVERY
def test_only_learners_are_given_gradients(name: str, shape: str) -> None:
    """All of the discriminators' weights in their turn; in the generators' none of the discriminators'."""
    training = begin(name, shape)
    given: set[str] = set()
    networks = training.game.networks
    for key, parameter in networks.named_parameters():
        parameter.register_post_accumulate_grad_hook(lambda p, key=key: given.add(key))  # type: ignore[no-untyped-call]
    for turn in training.game.turns:
        given.clear()
        during = training.game.during(Act(8, "one", (turn.name,)))
        for seen in games.starts(training.game):
            next(play(during, games.batches(shape), training.optimizers, training.averages, seen=seen))
        learnt = {f"{one}.{key}" for one in turn.learners for key, _ in networks[one].named_parameters()}
        assert given <= learnt
        assert given == learnt or turn.name != "discriminator"


@EVERY
def test_every_weight_learns(name: str, shape: str) -> None:
    """After a few steps of every act nothing is as it was: no parameter is left out of the graph.

    Not under a relativistic objective: it compares logits, so that a constant added to all of them means nothing.
    """
    training = begin(name, shape, **({"objective": "non-saturating"} if games.adversarial(name) else {}))
    before = games.copied(training)
    for seen in games.starts(training.game):
        training.place.seen = seen
        games.advance(training, shape, 3)
    moved = games.differing(before, games.tensors(training))
    for network in training.game.optimizers:
        for key, _ in training.game.networks[network].named_parameters():
            assert f"networks/{network}.{key}" in moved


@EVERY
def test_drawing_is_pure(name: str, shape: str) -> None:
    """The same request gives the same samples, and leaves no trace in game, modes or global randomness."""
    training = begin(name, shape, **({"ema": 0.1} if "ema" in families()[name].settings.model_fields else {}))
    games.advance(training, shape, 2)
    networks = training.game.networks
    list(networks.values())[-1].eval()  # an odd mode, to be kept
    before, randomness = games.copied(training), torch.get_rng_state()
    modes = [module.training for module in networks.modules()]
    given = games.conditions(shape, 5)
    first = draw(training, 5, seed=3, given=given)
    torch.rand(3)
    torch.set_rng_state(randomness)
    again, other = (draw(training, 5, seed=seed, given=given) for seed in (3, 4))
    assert torch.equal(first, again)
    assert games.paired(name) or not torch.equal(first, other)
    assert torch.equal(randomness, torch.get_rng_state())
    assert games.differing(before, games.tensors(training)) == []
    assert [module.training for module in networks.modules()] == modes
    assert not first.requires_grad


@EVERY
@pytest.mark.parametrize("count", [1, 65])
def test_samples_have_the_shape_and_range_of_the_data(name: str, shape: str, count: int) -> None:
    samples = draw(begin(name, shape), count, given=games.conditions(shape, count))
    assert samples.shape == (count, *games.SHAPES[shape])
    assert samples.dtype == torch.float32
    assert torch.isfinite(samples).all()
    if shape != "points":
        assert samples.abs().max() <= 1
        assert samples.std() > 0


@pytest.mark.parametrize(("name", "shape"), [case for case in games.CASES if games.latents(case[0])])
def test_given_latents_are_used_and_the_seed_then_is_not(name: str, shape: str) -> None:
    game = games.game(name, shape)
    game.networks.eval()
    latent = noise(4, games.SMALL["z"], "normal", torch.Generator().manual_seed(1))
    given = games.conditions(shape, 4)
    samples = [game.draw(game.networks, Request(4, seed, latent, given)) for seed in (0, 1)]
    assert torch.equal(samples[0], samples[1])
    one = game.draw(game.networks, Request(1, 0, latent[2:3], {key: value[2:3] for key, value in given.items()}))
    torch.testing.assert_close(one[0], samples[0][2], rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize(("name", "shape"), [case for case in games.CASES if games.latents(case[0])])
def test_gradients_reach_latents_that_ask_for_them_and_no_others(name: str, shape: str) -> None:
    game = games.game(name, shape)
    game.networks.eval().requires_grad_(False)
    latent, given = noise(3, games.SMALL["z"], "normal", torch.Generator().manual_seed(1)), games.conditions(shape, 3)
    plain = game.draw(game.networks, Request(3, latent=latent, given=given))
    assert not plain.requires_grad
    tracked = game.draw(game.networks, Request(3, latent=latent.requires_grad_(), given=given))
    torch.testing.assert_close(tracked, plain)
    (slope,) = torch.autograd.grad(tracked.sum(), latent)
    assert slope.isfinite().all()
    assert slope.abs().sum() > 0


@EVERY
def test_unstated_conditions_are_filled_in_or_asked_for(name: str, shape: str) -> None:
    game = games.game(name, shape)
    if games.paired(name):
        with pytest.raises(UsageError, match="translate"):
            game.draw(game.networks, Request(3))
        return
    game.networks.eval()
    first, again, other = (game.draw(game.networks, Request(3, seed)) for seed in (0, 0, 1))
    assert torch.equal(first, again)
    assert not torch.equal(first, other)


@pytest.mark.parametrize(("name", "shape"), [case for case in games.CASES if games.adversarial(case[0])])
def test_the_discriminator_judges_each_sample_alone(name: str, shape: str) -> None:
    """One number per sample, or per patch of it; but for the deviation within the batch, where it is shown that."""
    game = games.game(name, shape, minibatch_std=False)
    networks, duel, step = game.networks.eval(), game.duels[0], Step(0, 0, next(games.batches(shape)))
    real = duel.real(networks, step)
    given = {key: value[3:4] for key, value in real.given.items()}
    one = replace(real.mapped(lambda image: image[3:4]), given=given)
    logits = duel.judge(networks, real, step)
    assert len(logits) == 8
    assert logits.dim() == 1 or games.paired(name)
    torch.testing.assert_close(duel.judge(networks, one, step)[0], logits[3], rtol=1e-3, atol=1e-4)


@EVERY
def test_building_is_a_function_of_the_seed(name: str, shape: str) -> None:
    same = [games.digest(dict(games.game(name, shape, seed=1).networks.state_dict())) for _ in range(2)]
    other = games.digest(dict(games.game(name, shape, seed=2).networks.state_dict()))
    assert same[0] == same[1]
    assert same[0] != other or not games.game(name, shape).optimizers  # what only counts begins at nothing


@EVERY
def test_parts_of_a_batch_move_the_same_players(name: str, shape: str) -> None:
    training = begin(name, shape)
    before = games.copied(training)
    for seen in games.starts(training.game):
        training.place.seen = seen
        games.advance(training, shape, 1, parts=2)
    moved = games.differing(before, games.tensors(training))
    for learner in training.game.optimizers:
        assert any(key.startswith(f"networks/{learner}.") for key in moved)
