"""Every stability trick with every family: alone it keeps the family's promises, and off it leaves nothing behind."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch

from gansmith.errors import UsageError
from gansmith.families import families
from gansmith.game.acts import Act
from gansmith.game.loop import play
from gansmith.game.structure import made_anew
from gansmith.runs.state import Training
from gansmith.verbs.frames import draw
from tests import games

TRICKS: dict[str, dict[str, Any]] = {
    "d_lr": {"d_lr": 1e-3},
    "soft": {"objective": "non-saturating", "smooth": 0.1, "smooth_fake": 0.1},
    "flipped": {"objective": "least-squares", "flip_labels": 0.1},
    "noise": {"noise": 0.1},
    "augment": {"augment": "colour,translation,cutout"},
    "ada": {"ada": 0.6, "augment": "translation"},
    "pipeline": {"augment": "bgcfnc", "augment_p": 0.5},
    "spherical": {"prior": "spherical"},
    "slope": {"slope": 0.3},
    "d_slope": {"d_slope": 0.3},
    "instance": {"norm": "instance", "d_norm": "instance"},
    "no norm": {"norm": "none", "d_norm": "none"},
    "resize": {"upsample": "resize"},
    "kernel 3": {"kernel": 3},
    "kernel 5": {"kernel": 5},
    "resize 5": {"kernel": 5, "upsample": "resize"},
    "d_width": {"d_width": 5},
    "spectral": {"spectral": True},
    "minibatch_std": {"minibatch_std": True},
    "pack 2": {"pack": 2},
    "pack 3": {"pack": 3, "batch": 9},
    "lecam": {"lecam": 0.3},
    "history": {"history": 0.5},
    "lookahead": {"lookahead": 2},
    "matching": {"feature_matching": 0.1},
    "hinge": {"objective": "hinge", "spectral": True, "penalty": "none"},
    "wasserstein": {"objective": "wasserstein", "penalty": "gp", "gamma": 10.0, "g_every": 2},
    "dragan": {"objective": "minimax", "penalty": "dragan", "penalty_every": 2},
    "balance": {"skip_d": 0.9, "d_every": 2},
    "pretrain": {"pretrain_d": 0.016},
}
ALL, SOME = ("robust", "dcgan", "gan"), ("cgan",)  # families; the others meet all tricks at once, in the contract
TOUCHING = {"ada", "minibatch_std", "pack 2", "lecam", "matching", "wasserstein"}  # a condition, one way or another
CASES = [
    pytest.param(family, shape, trick, id=f"{family}-{shape}-{trick}")
    for family, shape in games.CASES
    if shape in {"colour", "points"}  # every shape is swept with all tricks at once in the contract
    for trick, settings in TRICKS.items()
    if family in ALL or (family in SOME and trick in TOUCHING)
    if settings.keys() <= families()[family].settings.model_fields.keys()
    if shape != "points" or not settings.keys() & {"augment", "ada"}
]
EVERY = pytest.mark.parametrize(("name", "shape", "trick"), CASES)
STRUCTURAL = {"instance", "no norm", "kernel 3", "kernel 5", "resize", "resize 5", "d_width", "spectral"} | {
    "minibatch_std",
    "pack 2",
    "pack 3",
    "hinge",
}


def begin(name: str, shape: str, trick: str, **more: Any) -> Training:
    return Training.begin(games.game(name, shape, **TRICKS[trick] | more))


def size(trick: str) -> int:
    return int(TRICKS[trick].get("batch", 8))


@EVERY
def test_a_turn_moves_its_learners_and_nobody_else(name: str, shape: str, trick: str) -> None:
    training = begin(name, shape, trick)
    game = training.game
    for turn in game.turns:
        before = games.copied(training)
        during = game.during(Act(8, "one", (turn.name,)))
        step = next(play(during, games.batches(shape, size(trick)), training.optimizers, training.averages))
        moved = {key for key in games.differing(before, games.tensors(training)) if not key.startswith("averages/")}
        learnt = {f"networks/{one}.{key}" for one in turn.learners for key, _ in game.networks[one].named_parameters()}
        moments = {key for key in before if key.startswith(tuple(f"optimizers/{one}/" for one in turn.learners))}
        assert moved - learnt - moments <= {f"networks/{key}" for key, _ in game.networks.named_buffers()}
        assert moved & learnt
        assert all(torch.isfinite(fact).all() for fact in step.facts.values())


@EVERY
def test_resumed_is_uninterrupted(name: str, shape: str, trick: str, tmp_path: Path) -> None:
    whole = begin(name, shape, trick)
    games.advance(whole, shape, 5, size=size(trick))
    first = begin(name, shape, trick)
    games.advance(first, shape, 3, size=size(trick))
    path = first.save(tmp_path)
    second = Training.begin(games.game(name, shape, seed=99, **TRICKS[trick]))  # other weights, to be overwritten
    second.restore(path)
    games.advance(second, shape, 2, size=size(trick))
    assert games.differing(games.tensors(whole), games.tensors(second)) == []
    assert all(torch.isfinite(tensor).all() for tensor in games.tensors(whole).values())


@EVERY
def test_bfloat16_stays_finite_and_drawing_leaves_no_trace(name: str, shape: str, trick: str) -> None:
    training = begin(name, shape, trick)
    games.advance(training, shape, 3, precision="bf16", size=size(trick))
    before = games.copied(training)
    assert torch.equal(draw(training, 3, seed=1), draw(training, 3, seed=1))
    assert games.differing(before, games.tensors(training)) == []
    assert all(torch.isfinite(tensor).all() for tensor in before.values())
    assert {p.dtype for p in training.game.networks.parameters()} == {torch.float32}
    assert training.optimizers.skipped.item() == 0


@EVERY
def test_everything_else_keeps_its_names_and_shapes(name: str, shape: str, trick: str) -> None:
    """A checkpoint of one fits the other but for what `made_anew` names: memories, and what is built otherwise."""
    plain, tricky = games.game(name, shape), games.game(name, shape, **TRICKS[trick])
    memories = tricky.networks.keys() - {"generator", "discriminator"}
    anew = set(made_anew(plain, tricky))
    assert memories <= anew
    assert anew - memories <= {"generator", "discriminator"}
    assert bool(anew - memories) == (trick in STRUCTURAL)


@pytest.mark.parametrize(("name", "shape"), [case for case in games.CASES if case[0] in ALL + SOME])
def test_off_means_two_players_without_hooks_or_rules(name: str, shape: str) -> None:
    game = games.game(name, shape)
    assert list(game.networks) == ["generator", "discriminator"]
    assert game.rules == ()
    for module in game.networks.modules():
        assert not (module._forward_hooks or module._forward_pre_hooks or module._backward_hooks)
        assert not hasattr(module, "parametrizations")


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"batch": 9, "pack": 2}, "does not divide into packs"),
        ({"batch": 1, "minibatch_std": True}, "says nothing"),
        ({"objective": "relativistic", "smooth_fake": 0.1}, "no labels"),
        ({"objective": "relativistic-average", "flip_labels": 0.1}, "no labels"),
        ({"objective": "hinge", "smooth": 0.6, "smooth_fake": 0.4}, "no difference"),
        ({"augment": "cutout"}, "Only images"),
        ({"ada": 0.6}, "Only images"),
    ],
)
def test_what_cannot_go_together_is_refused_in_words(settings: dict[str, Any], words: str) -> None:
    with pytest.raises(UsageError, match=words):
        games.game("gan", "points", **settings)
