"""Every ailment on three histories: one that has it, a healthy one, and some that only look ill."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from gansmith.doctor.ailments import AILMENTS
from gansmith.doctor.diagnose import diagnose
from gansmith.doctor.finding import Diagnosis
from tests.doctor.shapes import TOTAL, Array, rise, step, training

Facts = dict[str, Any]


def wavy(curve: Callable[[Array], Array], share: float = 0.05) -> Callable[[Array], Array]:
    """A curve with noise on it."""
    dice = np.random.default_rng(5)
    return lambda x: curve(x) * np.exp(share * dice.normal(size=len(x)))


def data(**facts: float) -> Facts:
    return {"about": {"data": facts}}


POOR: Facts = {"eval__coverage": 0.1, "eval__precision": 0.05, "eval__kid": 0.4}
SURE: Facts = {
    "accuracy__real": 0.999,
    "accuracy__fake": 0.999,
    "logits__real": lambda x: 3 + 10 * x,
    "logits__fake": lambda x: -3 - 20 * x,
    "generator__loss": lambda x: 1 + 25 * x,
}

ILL: dict[str, tuple[Facts, ...]] = {
    "mode_collapse": (
        {
            "check__diversity_pixels": lambda x: step(x, 0.4, 0.9, 0.1),
            "check__diversity_features": lambda x: step(x, 0.4, 0.9, 0.08),
            "eval__coverage": lambda x: step(x, 0.4, 0.7, 0.05),
        },
        {"eval__coverage": 0.3, "eval__precision": 0.8, "eval__recall": 0.2},
        {"eval__coverage": lambda x: step(x, 0.5, 0.8, 0.25)},
    ),
    "discriminator_overpowers": (
        POOR | {"eval__coverage": 0.0, "about": {"settings": {"lr": 2e-4, "d_lr": 0.02}}},
        POOR | {"eval__coverage": 0.0, "accuracy__real": 0.95, "accuracy__fake": 0.94},
        SURE | POOR,
        SURE | POOR | {"check__slope": 0.0001, "logits__fake": 0.0},
    ),
    "discriminator_blind": (
        {"accuracy__real": 0.5, "accuracy__fake": 0.51, "discriminator__loss": 0.69, **POOR},
        {
            **{"accuracy__real": 1.0, "accuracy__fake": 0.0, "discriminator__loss": 1.385, **POOR},
            **{"about": {"settings": {"objective": "non-saturating"}}},
        },
    ),
    "oscillation": (
        {
            "logits__real": lambda x: 1 + 2 * x * np.sin(50 * x),
            "check__diversity_features": lambda x: 0.7 + 0.25 * x * np.sin(50 * x),
            "eval__coverage": 0.3,
            "eval__precision": 0.3,
        },
        {
            "check__drift": 2.0,
            "eval__kid": wavy(lambda x: 0.05 + 0.1 * x),
            "eval__coverage": 0.3,
            "eval__precision": 0.25,
        },
    ),
    "discriminator_overfits": (
        {
            "check__train": 3.0,
            "check__held": -0.5,
            "check__fake": -2.0,
            "check__accuracy_train": 0.99,
            "check__accuracy_held": 0.4,
        },
    ),
    "memorisation": ({"eval__memorised": lambda x: step(x, 0.4, 1.0, 0.4)},),
    "explosion": (
        {"generator__loss": lambda x: np.where(x > 0.5, np.inf, 1.0)},
        {"gradient__generator": lambda x: np.where(x > 0.5, 1e4, 2.0)},
        {"skipped": lambda x: np.where(x > 0.9, 100 * (x - 0.9) * 3, 0.0)},
        {"discriminator__loss": lambda x: np.exp(np.clip(x - 0.5, 0, None) * 40)},
    ),
    "checkerboard": ({"check__nyquist": 9.0},),
    "augmentation_leak": ({"eval__leak": 0.5},),
    "bad_init": ({"check__dead_generator": 0.9}, {"check__saturated": 0.95}),
    "over_trained": ({"eval__kid": wavy(lambda x: rise(x, 0.4, 0.01, 12) + 0.1 * np.clip(x - 0.3, 0, 1))},),
    "under_trained": ({"eval__kid": wavy(lambda x: 0.4 - 0.35 * x, 0.03)},),
    "data_fault": (
        data(usable=1000, duplicates=800),
        data(usable=8000, low=-1.0, high=-0.992),
        data(usable=8000, constant=0.6),
        data(usable=64),
        {"eval__coverage_floor": 0.2},
    ),
}

LOOKS_ILL: dict[str, tuple[Facts, ...]] = {
    "mode_collapse": (
        {"check__diversity_pixels": 0.3},  # a plain background: the pictures themselves differ
        {
            "check__diversity_features": lambda x: step(x, 0.06, 0.05, 0.9),
            "check__diversity_pixels": lambda x: step(x, 0.06, 0.05, 0.9),
        },
    ),
    "discriminator_overpowers": (SURE, POOR | {"accuracy__real": 0.99, "accuracy__fake": 0.99, "eval__coverage": 0.8}),
    "discriminator_blind": ({"accuracy__real": 0.5, "accuracy__fake": 0.51},),
    "oscillation": (
        {"logits__real": lambda x: 1 + 0.3 * np.sin(50 * x), "generator__loss": lambda x: 1 + 0.3 * np.sin(50 * x)},
        {"check__drift": 0.95},
    ),
    "discriminator_overfits": (
        {
            "check__train": 3.0,
            "check__held": 2.8,
            "check__fake": -3.0,
            "check__accuracy_train": 0.99,
            "check__accuracy_held": 0.97,
        },
        {
            "check__train": 0.05,
            "check__held": -0.02,
            "check__fake": -0.03,
            "check__accuracy_train": 0.52,
            "check__accuracy_held": 0.49,
        },
    ),
    "memorisation": (
        {"eval__memorised": 0.85},
        {"eval__memorised": lambda x: np.where(np.abs(x - 0.6) < 0.02, 0.3, 1.0)},
    ),
    "explosion": (
        {"gradient__generator": lambda x: np.where(np.abs(x - 0.6) < 0.002, 1e4, 2.0)},
        {"gradient__generator": lambda x: 100 * np.exp(-40 * x) + 1},
        {"generator__loss": lambda x: np.where(np.abs(x - 0.6) < 0.002, np.inf, 1.0)},
        {"skipped": lambda x: np.where(x > 0.5, 1.0, 0.0)},
    ),
    "checkerboard": ({"check__nyquist": lambda x: np.where(x < 0.15, 9.0, 0.5)},),
    "augmentation_leak": ({"eval__leak": lambda x: np.where(np.abs(x - 0.6) < 0.02, 0.6, 0.02)},),
    "bad_init": ({"check__dead_generator": lambda x: np.where(x < 0.02, 0.9, 0.1)}, {"check__dead_generator": 0.35}),
    "over_trained": ({"eval__kid": wavy(lambda x: rise(x, 0.4, 0.02, 12), 0.15)},),
    "under_trained": ({"eval__kid": wavy(lambda x: rise(x, 0.4, 0.02, 12), 0.1)},),
    "data_fault": (
        data(usable=1000, duplicates=100),
        data(usable=300, low=-1.0, high=1.0),
        data(usable=800, low=-0.4, high=0.9),
    ),
}


def cases(table: dict[str, tuple[Facts, ...]]) -> list[Any]:
    return [
        pytest.param(name, facts, id=f"{name}-{number}")
        for name, many in table.items()
        for number, facts in enumerate(many)
    ]


def named(diagnosis: Diagnosis) -> list[str]:
    return [finding.ailment for finding in diagnosis.findings]


def test_every_ailment_is_here() -> None:
    assert {ailment.name for ailment in AILMENTS} == ILL.keys() == LOOKS_ILL.keys()


@pytest.mark.parametrize(("name", "facts"), cases(ILL))
def test_who_has_it_is_told_so_first(name: str, facts: Facts) -> None:
    diagnosis = diagnose(training(3, **facts))
    assert named(diagnosis)[:1] == [name]
    finding = diagnosis.findings[0]
    assert diagnosis.healthy is not finding.sick
    assert 0 < finding.severity <= 1 and 0 < finding.confidence <= 1 and 0 <= finding.onset <= TOTAL
    assert len(finding.words) > 40 and finding.evidence
    assert bool(finding.remedies) is (name not in ("data_fault", "checkerboard", "augmentation_leak"))


@pytest.mark.parametrize(("name", "facts"), cases(LOOKS_ILL))
def test_who_only_looks_ill_is_left_in_peace(name: str, facts: Facts) -> None:
    assert named(diagnose(training(3, **facts))) == []


@pytest.mark.parametrize("seed", range(12))
def test_who_is_healthy_is_never_alarmed(seed: int) -> None:
    for until in (0.05, 0.2, 0.5, 0.8, 1.0):
        history = training(seed, rows=round(300 * until), until=until)
        assert named(diagnose(history)) == []


@pytest.mark.parametrize(
    ("name", "at", "facts"),
    [
        ("mode_collapse", 0.4, ILL["mode_collapse"][0]),
        ("explosion", 0.5, ILL["explosion"][0]),
        ("memorisation", 0.4, ILL["memorisation"][0]),
    ],
)
def test_it_is_noticed_soon(name: str, at: float, facts: Facts) -> None:
    whole = training(3, **facts)
    assert named(diagnose(whole.until((at - 0.02) * TOTAL))) == []
    assert named(diagnose(whole.until((at + 0.11) * TOTAL)))[:1] == [name]
    assert abs(diagnose(whole).findings[0].onset / TOTAL - at) < 0.08


def test_what_has_passed_is_not_reported() -> None:
    history = training(
        3,
        check__diversity_pixels=lambda x: np.where((x > 0.4) & (x < 0.5), 0.05, 0.9),
        check__diversity_features=lambda x: np.where((x > 0.4) & (x < 0.5), 0.05, 0.9),
    )
    assert named(diagnose(history.until(0.49 * TOTAL))) == ["mode_collapse"]
    assert named(diagnose(history)) == []


@pytest.mark.parametrize("ailment", [one for one in AILMENTS if not one.at_end], ids=lambda one: one.name)
def test_a_score_knows_nothing_of_what_comes_later(ailment: Any) -> None:
    dice = np.random.default_rng(1)
    for facts in ILL[ailment.name]:
        whole = training(3, **facts)
        scores = ailment.scores(whole)
        for row in dice.integers(0, len(scores), 6):
            then = ailment.scores(whole.until(scores.seen[row]))
            assert then.seen[-1] == scores.seen[row]
            assert then.values[-1] == pytest.approx(scores.values[row])


@pytest.mark.parametrize("ailment", AILMENTS, ids=lambda one: one.name)
def test_scores_are_numbers_from_nothing_up(ailment: Any) -> None:
    for facts in (*ILL[ailment.name], *LOOKS_ILL[ailment.name], {}):
        values = ailment.scores(training(1, **facts)).values
        assert np.isfinite(values).all() and (values >= 0).all() and values.max(initial=0) <= 10
