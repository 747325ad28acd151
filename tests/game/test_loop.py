"""The loop: who learns when, from which randomness, and that pieces of a batch add up to the batch."""

from __future__ import annotations

from itertools import islice
from typing import Any

import pytest
import torch

from gansmith.data.batch import Batch
from gansmith.game.averages import Averages
from gansmith.game.game import Networks, Step
from gansmith.game.loop import learning, play, reseed
from gansmith.game.optimizers import Optimizers
from gansmith.runs.state import Training
from tests import games


def test_seeds_of_steps_seeds_and_processes_never_meet() -> None:
    seeds = {reseed(seed, number, rank) for seed in range(20) for number in range(-1, 4000) for rank in range(4)}
    assert len(seeds) == 20 * 4001 * 4
    assert all(0 <= seed < 2**63 for seed in seeds)


def test_places_follow_each_other() -> None:
    game = games.game("gan", "points")
    steps = play(game, games.batches("points"), Optimizers(game), Averages(game), number=5, seen=40)
    places = [(step.number, step.seen) for step in islice(steps, 4)]
    assert places == [(5, 40), (6, 48), (7, 56), (8, 64)]


def test_nothing_random_before_a_step_matters_to_it() -> None:
    ends = []
    for stray in (0, 7):
        training = Training.begin(games.game("gan", "points"))
        games.advance(training, "points", 1)
        torch.rand(stray)
        torch.manual_seed(stray)
        games.advance(training, "points", 1)
        ends.append(games.digest(games.tensors(training)))
    assert ends[0] == ends[1]


@pytest.mark.parametrize("change", ["seed", "number"])
def test_seed_and_step_number_do_matter(change: str) -> None:
    ends = []
    for value in (0, 1):
        training = Training.begin(games.game("gan", "points"))
        if change == "number":
            training.place.number = value
        games.advance(training, "points", 1, seed=value if change == "seed" else 0)
        ends.append(games.digest(games.tensors(training)))
    assert ends[0] != ends[1]


def test_only_learners_require_gradients_and_all_of_them_again_after_an_error() -> None:
    networks = games.game().networks
    for learners in (["generator"], ["discriminator"], ["generator", "discriminator"], []):
        with pytest.raises(KeyError), learning(networks, learners):
            for name in ("generator", "discriminator"):
                assert {p.requires_grad for p in networks[name].parameters()} == {name in learners}
            raise KeyError
        assert all(p.requires_grad for p in networks.parameters())


def test_dials_are_read_at_the_images_seen() -> None:
    """Cosine from gamma to gamma_end over the first half of 400 images; noise linear to 0 over all of them."""
    game = games.game("robust", "points", gamma=1.0, gamma_end=0.1, anneal=0.5, noise=0.4)
    steps = list(islice(play(game, games.batches("points", 50), Optimizers(game), Averages(game)), 8))
    half = [0.1 + 0.9 * (1 + torch.tensor(torch.pi * min(s.seen / 200, 1)).cos().item()) / 2 for s in steps]
    assert [s.dials["penalty"] for s in steps] == pytest.approx(half)
    assert [s.dials["noise"] for s in steps] == pytest.approx([0.4 * (1 - s.seen / 400) for s in steps])


def test_rules_come_after_the_turns_and_before_the_averages() -> None:
    order: list[str] = []
    game = games.game("robust", "points")

    def rule(networks: Networks, step: Step) -> None:
        order.append(f"rule after {sorted(name for name in step.facts if name.endswith('/loss'))}")
        with torch.no_grad():
            for p in networks["generator"].parameters():
                p.zero_()

    object.__setattr__(game, "rules", (rule,))
    object.__setattr__(game, "half_life", lambda seen: 0.0)
    averages = Averages(game)
    next(play(game, games.batches("points"), Optimizers(game), averages))
    assert order == ["rule after ['discriminator/loss', 'generator/loss']"]
    assert all(not tensor.any() for tensor in averages.state().values())


@pytest.mark.parametrize("settings", [{}, {"penalty": "none"}, {"penalty_every": 2, "noise": 0.0}], ids=str)
def test_pieces_of_a_batch_add_up_to_the_batch(settings: dict[str, Any]) -> None:
    """Gradient accumulation in a family without batch statistics: the same steps to float tolerance."""
    ends = []
    for parts in (1, 2, 4):
        # 32 latents of 8: torch fills normals in blocks of 16, so that pieces draw what the whole would
        training = Training.begin(games.game("robust", "points", batch=32, objective="non-saturating", **settings))
        games.advance(training, "points", 3, parts=parts, size=32)
        ends.append(games.copied(training))
    for other in ends[1:]:
        for name, tensor in ends[0].items():
            torch.testing.assert_close(other[name], tensor, rtol=2e-3, atol=2e-5)


def test_parts_cover_the_batch_with_its_labels() -> None:
    batch = Batch(torch.arange(6.0)[:, None], torch.arange(6))
    parts = list(batch.parts(3))
    assert torch.equal(torch.cat([p.image for p in parts]), batch.image)
    assert [p.label.tolist() for p in parts if p.label is not None] == [[0, 1], [2, 3], [4, 5]]


def test_gain_of_a_lazy_turn_multiplies_its_loss() -> None:
    """One step of the lazy turn alone pulls `penalty_every` times as hard as the exact one."""
    norms = []
    for every in (1, 4):
        strong: dict[str, Any] = {
            "penalty": "r1",
            "gamma": 1e6,
            "gamma_end": 1e6,
            "lr": 1e-9,
        }  # so that nothing else matters
        training = Training.begin(games.game("robust", "points", penalty_every=every, **strong))
        (step,) = games.advance(training, "points", 1)
        norms.append(step.facts["gradient/discriminator"].item())
    assert norms[1] == pytest.approx(4 * norms[0], rel=1e-3)
