"""Objectives agree with their papers' formulas, written anew in numpy, in value and in slope."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from scipy.special import expit
from torch import Tensor

from gansmith.errors import UsageError
from gansmith.losses.objectives import OBJECTIVES, Objective, centred, flipped, smoothed

Array = NDArray[np.float64]
Formula = Callable[[Array, Array], float]


def cross_entropy(logits: Array, label: float) -> float:
    chance = expit(logits)
    return float(-(label * np.log(chance) + (1 - label) * np.log1p(-chance)).mean())


def log_sigmoid(t: Array) -> Array:
    return np.log(expit(t))


def mean(values: Array) -> float:
    return float(values.mean())


PAPERS: dict[str, tuple[Formula, Formula]] = {
    "minimax": (
        lambda real, fake: cross_entropy(real, 1) + cross_entropy(fake, 0),
        lambda real, fake: mean(np.log(1 - expit(fake))),
    ),
    "non-saturating": (
        lambda real, fake: cross_entropy(real, 1) + cross_entropy(fake, 0),
        lambda real, fake: cross_entropy(fake, 1),
    ),
    "least-squares": (
        lambda real, fake: mean((real - 1) ** 2) + mean(fake**2),
        lambda real, fake: mean((fake - 1) ** 2),
    ),
    "wasserstein": (lambda real, fake: mean(fake) - mean(real), lambda real, fake: -mean(fake)),
    "hinge": (
        lambda real, fake: mean(np.maximum(0, 1 - real)) + mean(np.maximum(0, 1 + fake)),
        lambda real, fake: -mean(fake),
    ),
    "relativistic": (
        lambda real, fake: -mean(log_sigmoid(real - fake)),
        lambda real, fake: -mean(log_sigmoid(fake - real)),
    ),
    "relativistic-average": (
        lambda real, fake: cross_entropy(real - fake.mean(), 1) + cross_entropy(fake - real.mean(), 0),
        lambda real, fake: cross_entropy(fake - real.mean(), 1) + cross_entropy(real - fake.mean(), 0),
    ),
    "relativistic-average-hinge": (
        lambda real, fake: mean(np.maximum(0, 1 - (real - mean(fake)))) + mean(np.maximum(0, 1 + (fake - mean(real)))),
        lambda real, fake: mean(np.maximum(0, 1 - (fake - mean(real)))) + mean(np.maximum(0, 1 + (real - mean(fake)))),
    ),
}


def logits(count: int = 24) -> tuple[Tensor, Tensor]:
    chance = np.random.default_rng(1)
    return torch.tensor(chance.normal(0.5, 2, count)), torch.tensor(chance.normal(-0.5, 2, count))


def test_every_objective_has_a_reference() -> None:
    assert OBJECTIVES.keys() == PAPERS.keys()


@pytest.mark.parametrize("name", OBJECTIVES)
def test_values_are_the_papers(name: str) -> None:
    real, fake = logits()
    discriminator, generator = PAPERS[name]
    assert OBJECTIVES[name].discriminator(real, fake).item() == pytest.approx(discriminator(real.numpy(), fake.numpy()))
    assert OBJECTIVES[name].generator(real, fake).item() == pytest.approx(generator(real.numpy(), fake.numpy()))


@pytest.mark.parametrize("side", [0, 1], ids=["discriminator", "generator"])
@pytest.mark.parametrize("name", OBJECTIVES)
def test_slopes_are_those_of_the_papers_formula(name: str, side: int) -> None:
    """Reference: central differences of the numpy formula, logit by logit, in float64."""
    real, fake = (side_.requires_grad_(True) for side_ in logits(6))
    objective = OBJECTIVES[name]
    value = (objective.discriminator, objective.generator)[side](real, fake)
    slopes = torch.autograd.grad(value, (real, fake), materialize_grads=True)
    arrays = [real.detach().numpy(), fake.detach().numpy()]
    for which, slope in enumerate(slopes):
        for index in range(6):
            high, low = [a.copy() for a in arrays], [a.copy() for a in arrays]
            high[which][index] += 1e-6
            low[which][index] -= 1e-6
            expected = (PAPERS[name][side](*high) - PAPERS[name][side](*low)) / 2e-6
            assert slope[index].item() == pytest.approx(expected, abs=1e-8)


@pytest.mark.parametrize("name", OBJECTIVES)
def test_extreme_logits_stay_finite_in_float32(name: str) -> None:
    real, fake = torch.tensor([-1e4, 1e4, 0.0]), torch.tensor([1e4, -1e4, 0.0])
    for function in (OBJECTIVES[name].discriminator, OBJECTIVES[name].generator):
        inputs = [real.clone().requires_grad_(True), fake.clone().requires_grad_(True)]
        value = function(*inputs)
        assert torch.isfinite(value)
        slopes = torch.autograd.grad(value, inputs, materialize_grads=True)
        assert all(bool(torch.isfinite(slope).all()) for slope in slopes)


@pytest.mark.parametrize("name", OBJECTIVES)
def test_relative_says_whether_the_generator_reads_the_reals(name: str) -> None:
    real, fake = logits()
    changes = OBJECTIVES[name].generator(real, fake) != OBJECTIVES[name].generator(real + 1, fake)
    assert bool(changes) == OBJECTIVES[name].relative


def test_saturating_slope_dies_where_the_other_does_not() -> None:
    """Goodfellow et al. 2014, section 3: a generator that is seen through learns nothing from minimax."""
    for name, least, most in (("minimax", 0.0, 1e-4), ("non-saturating", 0.99, 1.0)):
        fake = torch.tensor([-10.0], requires_grad=True)
        (slope,) = torch.autograd.grad(OBJECTIVES[name].generator(fake.detach(), fake), fake)
        assert least <= abs(slope.item()) <= most


LABELLED = sorted(name for name in OBJECTIVES if not name.startswith("relativistic"))
WITH_ENTROPY = ("minimax", "non-saturating")


@pytest.mark.parametrize("name", WITH_ENTROPY)
def test_smoothing_is_cross_entropy_with_a_softer_label_for_reals_alone(name: str) -> None:
    real, fake = logits()
    softer = smoothed(OBJECTIVES[name], 0.1)
    expected = cross_entropy(real.numpy(), 0.9) + cross_entropy(fake.numpy(), 0)
    assert softer.discriminator(real, fake).item() == pytest.approx(expected)
    assert torch.equal(softer.generator(real, fake), OBJECTIVES[name].generator(real, fake))


@pytest.mark.parametrize("name", WITH_ENTROPY)
def test_two_sided_smoothing_is_cross_entropy_with_softer_labels(name: str) -> None:
    real, fake = logits()
    softer = smoothed(OBJECTIVES[name], 0.1, 0.2)
    expected = cross_entropy(real.numpy(), 0.9) + cross_entropy(fake.numpy(), 0.2)
    assert softer.discriminator(real, fake).item() == pytest.approx(expected)


@pytest.mark.parametrize("name", OBJECTIVES)
def test_a_sign_says_something_where_the_side_of_zero_lowers_the_loss(name: str) -> None:
    """Lifting all logits changes what the discriminator lowers, with the best place between equal sides at 0."""
    lifted = [float(OBJECTIVES[name].discriminator(torch.ones(1) + c, -torch.ones(1) + c)) for c in (-0.5, 0.0, 0.5)]
    best_at_zero = lifted[1] < lifted[0] and lifted[1] < lifted[2] and name != "hinge"
    margin = name == "hinge" and lifted[1] < lifted[0]
    assert (best_at_zero or margin) == OBJECTIVES[name].signed


@pytest.mark.parametrize("name", LABELLED)
def test_smoothing_by_nothing_changes_nothing(name: str) -> None:
    real, fake = logits()
    plain = OBJECTIVES[name].discriminator(real, fake)
    torch.testing.assert_close(smoothed(OBJECTIVES[name], 0.0).discriminator(real, fake), plain)
    torch.testing.assert_close(flipped(OBJECTIVES[name], 0.0).discriminator(real, fake), plain)


def expected_flipped(chance: float, smooth: float, real: Array, fake: Array) -> float:
    """Each label is wrong with `chance`: a wrong real counts as fake, a wrong fake as the real label there is."""
    right = cross_entropy(real, 1 - smooth) + cross_entropy(fake, 0)
    wrong = cross_entropy(real, 0) + cross_entropy(fake, 1 - smooth)
    return (1 - chance) * right + chance * wrong


@pytest.mark.parametrize("smooth", [0.0, 0.2])
def test_noisy_labels_have_the_expected_value(smooth: float) -> None:
    """Mean over 4 000 draws of 24 + 24 labels against the closed form; the tolerance is five standard errors."""
    torch.manual_seed(2)
    real, fake = logits()
    objective: Objective = OBJECTIVES["non-saturating"]
    noisy = flipped(smoothed(objective, smooth) if smooth else objective, 0.2)
    drawn = torch.stack([noisy.discriminator(real, fake) for _ in range(4000)])
    expected = expected_flipped(0.2, smooth, real.numpy(), fake.numpy())
    error = drawn.std().item() / len(drawn) ** 0.5
    assert drawn.mean().item() == pytest.approx(expected, abs=5 * error)
    assert drawn.std() > 0
    assert torch.equal(noisy.generator(real, fake), objective.generator(real, fake))


@pytest.mark.parametrize("name", ["relativistic", "relativistic-average"])
def test_relativistic_objectives_refuse_labels(name: str) -> None:
    for trick in (smoothed, flipped):
        with pytest.raises(UsageError, match="no labels"):
            trick(OBJECTIVES[name], 0.1)


@pytest.mark.parametrize("name", OBJECTIVES)
def test_drift_costs_the_discriminator_the_mean_square_of_real_logits(name: str) -> None:
    real, fake = logits()
    plain, held = OBJECTIVES[name], centred(OBJECTIVES[name], 0.25)
    expected = float(plain.discriminator(real, fake)) + 0.25 * float(np.mean(real.numpy() ** 2))
    assert held.discriminator(real, fake).item() == pytest.approx(expected, rel=1e-6)
    assert torch.equal(held.generator(real, fake), plain.generator(real, fake))
