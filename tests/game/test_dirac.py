"""The Dirac-GAN through the product's own loop: it circles, diverges or converges as theory says it must."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace
from functools import cache

import numpy as np
import pytest

from benchmarks.dirac import ALPHA, EVERY, RATE, Method, trajectory

STEPS = 500


@cache
def path(method: Method) -> np.ndarray:
    """(STEPS, 2): theta and psi after each step of the loop."""
    return trajectory(method, STEPS).numpy()


def distance(method: Method) -> np.ndarray:
    return np.linalg.norm(path(method), axis=1)


def sigmoid(t: float) -> float:
    return 1 / (1 + math.exp(-t))


PULLS: dict[str, tuple[Callable[[float], float], Callable[[float], float]]] = {
    # derivatives by the fake logit t = psi theta of what D and G lower (both add nothing at the real, 0)
    "minimax": (sigmoid, lambda t: -sigmoid(t)),
    "non-saturating": (sigmoid, lambda t: -sigmoid(-t)),
    "wasserstein": (lambda t: 1.0, lambda t: -1.0),
}


def reference(method: Method) -> np.ndarray:
    """Gradient descent by hand, D first or both at once, with or without Lookahead (Chavdarova et al. 2021, alg. 1)."""
    point, slow, places = np.ones(2), np.ones(2), []
    of_d, of_g = PULLS[method.objective]
    for step in range(1, STEPS + 1):
        theta, psi = point
        new_psi = psi - RATE * (of_d(psi * theta) * theta + method.gamma * psi)
        seen = psi if method.at_once else new_psi
        point = np.array([theta - RATE * of_g(seen * theta) * seen, new_psi])
        if method.lookahead and step % EVERY == 0:
            point = slow = slow + ALPHA * (point - slow)
        places.append(point)
    return np.array(places)


@pytest.mark.parametrize("at_once", [False, True], ids=["alternating", "at once"])
@pytest.mark.parametrize("slow", [False, True], ids=["plain", "lookahead"])
@pytest.mark.parametrize("gamma", [0.0, 0.3])
@pytest.mark.parametrize("objective", PULLS)
def test_the_loop_walks_the_path_of_descent(objective: str, gamma: float, slow: bool, at_once: bool) -> None:
    method = Method(objective, "r1" if gamma else "", gamma, at_once=at_once, lookahead=slow)
    walked, expected = path(method), reference(method)
    off = np.linalg.norm(walked - expected, axis=1)
    assert (off <= 1e-4 * np.linalg.norm(expected, axis=1) + 1e-6).all()


def test_wasserstein_alone_circles_for_ever() -> None:
    """Mescheder et al. 2018, lemma 2.4: theta^2 + psi^2 is (nearly) kept, and the point comes round again and again."""
    far = distance(Method("wasserstein"))
    assert 0.9 * 2**0.5 < far.max() < 1.2 * 2**0.5
    assert far.min() > 0.8 * 2**0.5
    assert (np.diff(np.sign(path(Method("wasserstein"))[:, 0])) != 0).sum() > 10


def test_minimax_alone_never_arrives() -> None:
    assert distance(Method("minimax"))[-100:].min() > 0.5


@pytest.mark.parametrize(("gamma", "reached"), [(0.3, 1e-6), (1.0, 1e-12)])
def test_non_saturating_with_r1_converges(gamma: float, reached: float) -> None:
    """Mescheder et al. 2018, theorem 4.1."""
    assert distance(Method("non-saturating", "r1", gamma))[-1] < reached


def test_r1_is_fastest_at_its_critical_weight() -> None:
    """Ibid.: eigenvalues -gamma/2 +- sqrt(gamma^2/4 - f'(0)^2) meet at gamma = 2 |f'(0)| = 1, where f'(0) = 1/2."""
    ends = {gamma: distance(Method("non-saturating", "r1", gamma))[-1] for gamma in (0.3, 0.6, 1.0, 1.6, 2.5)}
    assert min(ends, key=lambda gamma: ends[gamma]) == 1.0


@pytest.mark.parametrize("objective", ["minimax", "non-saturating", "wasserstein"])
def test_lookahead_arrives_where_descent_circles(objective: str) -> None:
    alone, slow = (distance(Method(objective, lookahead=on)) for on in (False, True))
    assert slow[-1] < alone[-1] / 5
    assert slow[-1] < 0.1
    assert slow[-1] < slow[200] < slow[20]


@pytest.mark.parametrize("penalty", ["r1", "r2", "r1+r2"])
def test_the_default_objective_converges_under_either_penalty(penalty: str) -> None:
    assert distance(Method("relativistic", penalty, 0.5))[-1] < 1e-6


MEASURED = {
    # by a separate script, with the formulas of the repositories of Mescheder et al. and Chavdarova et al.
    Method("minimax", at_once=True): 3.1,
    Method("minimax"): 1.4,
    Method("minimax", at_once=True, lookahead=True): 0.22,
    Method("non-saturating", at_once=True): 0.64,
    Method("non-saturating"): 0.28,
    Method("non-saturating", at_once=True, lookahead=True): 0.10,
    Method("wasserstein", at_once=True): 2.6e4,
    Method("wasserstein"): 1.4,
    Method("wasserstein", at_once=True, lookahead=True): 6.8e-4,
}


@pytest.mark.parametrize("method", MEASURED, ids=str)
def test_it_ends_where_others_have_measured(method: Method) -> None:
    """Within a sixth: they count steps and phases of the circle their own way."""
    assert distance(method)[-1] == pytest.approx(MEASURED[method], rel=1 / 6)


def test_simultaneous_descent_of_wasserstein_spirals_outwards_at_the_known_rate() -> None:
    """Each step multiplies the distance by sqrt(1 + h^2): the map's eigenvalues are 1 +- i h."""
    far = distance(replace(Method("wasserstein"), at_once=True))
    np.testing.assert_allclose(far[1:] / far[:-1], (1 + RATE**2) ** 0.5, rtol=1e-6)
