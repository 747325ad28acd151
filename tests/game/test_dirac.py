"""The Dirac-GAN through the product's own loop: it circles, diverges or converges as theory says it must.

Mescheder et al. 2018, section 2: data is a point at 0, the generator a point theta, the discriminator D(x) = psi x.
Adam with beta1 = 0 and a huge epsilon is plain gradient descent, of which everything is known.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from functools import cache
from itertools import islice

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from gansmith.data.batch import Batch
from gansmith.game.acts import Act
from gansmith.game.averages import Averages
from gansmith.game.duel import Duel, Sample, discriminator_loss, generator_loss
from gansmith.game.game import Adam, Game, Turn, players
from gansmith.game.loop import play
from gansmith.game.optimizers import Optimizers
from gansmith.game.schedules import constant
from gansmith.losses.objectives import OBJECTIVES
from gansmith.losses.penalties import PENALTIES

RATE, STEPS = 0.2, 250


class Theta(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.theta = nn.Parameter(torch.ones((), dtype=torch.float64))

    def forward(self, count: int) -> Tensor:
        return self.theta.expand(count, 1)


class Psi(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.psi = nn.Parameter(torch.ones((), dtype=torch.float64))

    def forward(self, x: Tensor) -> Tensor:
        return self.psi * x[:, 0]


def descent(rate: float, huge: float = 1e9) -> Adam:
    return Adam(constant(rate * huge), 0.0, constant(0.999), eps=huge)


def dirac(objective: str, penalty: str = "", gamma: float = 0.0) -> Game:
    duel = Duel(
        fake=lambda networks, step: Sample(networks["generator"](len(step.batch))),
        real=lambda networks, step: Sample(step.batch.image),
        judge=lambda networks, sample, step: networks["discriminator"](sample.one.double()),
    )
    penalties = {"penalty": PENALTIES[penalty]} if penalty else {}
    return Game(
        players(generator=Theta(), discriminator=Psi()),
        (
            Turn("discriminator", ("discriminator",), discriminator_loss(duel, OBJECTIVES[objective], penalties)),
            Turn("generator", ("generator",), generator_loss(duel, OBJECTIVES[objective])),
        ),
        lambda networks, request: networks["generator"](request.count),
        {"generator": descent(RATE), "discriminator": descent(RATE)},
        (Act(10**9),),
        dials={"penalty": constant(gamma)},
        averaged=(),
    )


def zeros() -> Iterator[Batch]:
    while True:
        yield Batch(torch.zeros(2, 1, dtype=torch.float64))


@cache
def trajectory(objective: str, penalty: str = "", gamma: float = 0.0) -> np.ndarray:
    """(STEPS, 2): theta and psi after each step of the loop."""
    game = dirac(objective, penalty, gamma)
    places = []
    for _ in islice(play(game, zeros(), Optimizers(game), Averages(game)), STEPS):
        places.append([parameter.item() for parameter in game.networks.parameters()])
    return np.array(places)


def sigmoid(t: float) -> float:
    return 1 / (1 + math.exp(-t))


PULLS: dict[str, tuple[Callable[[float], float], Callable[[float], float]]] = {
    # derivatives by the fake logit t = psi theta of what D and G lower (both add nothing at the real, 0)
    "minimax": (sigmoid, lambda t: -sigmoid(t)),
    "non-saturating": (sigmoid, lambda t: -sigmoid(-t)),
    "wasserstein": (lambda t: 1.0, lambda t: -1.0),
}


def reference(objective: str, gamma: float) -> np.ndarray:
    """Alternating gradient descent by hand, D first."""
    theta, psi, places = 1.0, 1.0, []
    for _ in range(STEPS):
        of_d, of_g = PULLS[objective]
        psi -= RATE * (of_d(psi * theta) * theta + gamma * psi)
        theta -= RATE * of_g(psi * theta) * psi
        places.append([theta, psi])
    return np.array(places)


@pytest.mark.parametrize("gamma", [0.0, 0.3])
@pytest.mark.parametrize("objective", PULLS)
def test_the_loop_walks_the_path_of_alternating_descent(objective: str, gamma: float) -> None:
    path = trajectory(objective, "r1" if gamma else "", gamma)
    np.testing.assert_allclose(path, reference(objective, gamma), rtol=1e-4, atol=1e-6)


def distance(objective: str, penalty: str = "", gamma: float = 0.0) -> np.ndarray:
    return np.linalg.norm(trajectory(objective, penalty, gamma), axis=1)


def test_wasserstein_alone_circles_for_ever() -> None:
    """Mescheder et al. 2018, lemma 2.4: theta^2 + psi^2 is (nearly) kept, and the point comes round again and again."""
    path = trajectory("wasserstein")
    far = np.linalg.norm(path, axis=1)
    assert 0.9 * 2**0.5 < far.max() < 1.2 * 2**0.5
    assert far.min() > 0.8 * 2**0.5
    assert (np.diff(np.sign(path[:, 0])) != 0).sum() > 10


def test_minimax_alone_never_arrives() -> None:
    assert distance("minimax")[-100:].min() > 0.5


@pytest.mark.parametrize(("gamma", "reached"), [(0.3, 1e-3), (1.0, 1e-6)])
def test_non_saturating_with_r1_converges(gamma: float, reached: float) -> None:
    """Mescheder et al. 2018, theorem 4.1; fastest at gamma = 2 |f'(0)| = 1."""
    assert distance("non-saturating", "r1", gamma)[-1] < reached


@pytest.mark.parametrize("penalty", ["r1", "r2", "r1+r2"])
def test_the_default_objective_converges_under_either_penalty(penalty: str) -> None:
    assert distance("relativistic", penalty, 0.5)[-1] < 1e-3
