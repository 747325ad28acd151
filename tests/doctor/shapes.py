"""Histories drawn by hand: the curves of trainings that are healthy, ill, or only look ill."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from gansmith.doctor.history import History

Array = NDArray[np.float64]

TOTAL = 400_000.0
ROBUST: dict[str, Any] = {"objective": "relativistic", "penalty": "r1+r2", "lr": 2.5e-3, "batch": 64, "beta1": 0.0}
PLAIN: dict[str, Any] = {"objective": "non-saturating", "penalty": "none", "lr": 2e-4, "batch": 64, "beta1": 0.5}


def rise(x: Array, low: float, high: float, speed: float = 6.0) -> Array:
    """From low towards high, fast at first."""
    return high + (low - high) * np.exp(-speed * x)


def step(x: Array, at: float, before: float, after: float, steep: float = 60.0) -> Array:
    """From one level to another around a moment."""
    return before + (after - before) / (1 + np.exp(-np.clip((x - at) * steep, -60, 60)))


def healthy(x: Array, dice: np.random.Generator) -> dict[str, Array]:
    """The facts of a good training on images at shares x of its budget, noise and all."""

    def noisy(curve: Array, share: float) -> Array:
        return curve * np.exp(share * dice.normal(size=len(x)))

    ones = np.ones_like(x)
    return {
        "discriminator/loss": noisy(rise(x, 0.69, 0.5), 0.1),
        "generator/loss": noisy(rise(x, 0.9, 1.2), 0.12),
        "accuracy/real": np.clip(0.72 + 0.15 * x + 0.03 * dice.normal(size=len(x)), 0, 1),
        "accuracy/fake": np.clip(0.75 + 0.15 * x + 0.03 * dice.normal(size=len(x)), 0, 1),
        "logits/real": 0.3 + 0.3 * x + 0.1 * dice.normal(size=len(x)),
        "logits/fake": -0.2 - 0.3 * x + 0.1 * dice.normal(size=len(x)),
        "gradient/generator": noisy(2 * ones, 0.3),
        "gradient/discriminator": noisy(1.5 * ones, 0.3),
        "distance": noisy(rise(x, 0.5, 0.05), 0.05),
        "skipped": 0 * x,
        "check/train": 0.4 + 0.2 * dice.normal(size=len(x)) * 0.3,
        "check/held": 0.35 + 0.2 * dice.normal(size=len(x)) * 0.3,
        "check/fake": -0.3 + 0.2 * dice.normal(size=len(x)) * 0.3,
        "check/accuracy train": np.clip(0.78 + 0.05 * dice.normal(size=len(x)), 0, 1),
        "check/accuracy held": np.clip(0.75 + 0.05 * dice.normal(size=len(x)), 0, 1),
        "check/accuracy fake": np.clip(0.80 + 0.05 * dice.normal(size=len(x)), 0, 1),
        "check/slope": noisy(0.05 * ones, 0.3),
        "check/diversity pixels": noisy(rise(x, 0.3, 0.97, 15), 0.03),
        "check/diversity features": noisy(rise(x, 0.2, 0.95, 15), 0.04),
        "check/diversity discriminator": noisy(rise(x, 0.2, 0.9, 15), 0.08),
        "check/sensitivity": noisy(0.05 * ones, 0.1),
        "check/drift": noisy(rise(x, 0.8, 0.1, 5), 0.1),
        "check/dead generator": 0.02 * ones,
        "check/dead discriminator": 0.01 * ones,
        "check/saturated": 0.02 * dice.normal(size=len(x)),
        "check/nyquist": 0.5 + 0.7 * dice.normal(size=len(x)),
        "eval/kid": noisy(rise(x, 0.4, 0.004, 14), 0.08),
        "eval/kid floor": 0.0005 * ones,
        "eval/precision": np.clip(rise(x, 0.0, 0.75, 8) + 0.02 * dice.normal(size=len(x)), 0, 1),
        "eval/recall": np.clip(rise(x, 0.0, 0.7, 8) + 0.02 * dice.normal(size=len(x)), 0, 1),
        "eval/coverage": np.clip(rise(x, 0.0, 0.9, 8) + 0.02 * dice.normal(size=len(x)), 0, 1),
        "eval/coverage floor": 0.95 + 0.01 * dice.normal(size=len(x)),
        "eval/memorised": rise(x, 2.0, 1.02, 10) + 0.02 * dice.normal(size=len(x)),
    }


def shares(rows: int = 300, until: float = 1.0) -> Array:
    return np.linspace(until / rows, until, rows)


def training(
    seed: int = 0, *, rows: int = 300, until: float = 1.0, about: dict[str, Any] | None = None, **changed: Any
) -> History:
    """A training like `healthy` with some facts replaced: each a number or a function of the shares of the budget.

    In a name "__" stands for "/" and "_" for a space. Check-ups are every third row, evaluations every fifteenth.
    """
    dice, x = np.random.default_rng(seed), shares(rows, until)
    facts = healthy(x, dice)
    for name, value in changed.items():
        curve = value(x) if callable(value) else np.full(rows, float(value))
        facts[name.replace("__", "/").replace("_", " ")] = np.asarray(curve, dtype=np.float64)
    for name, values in facts.items():
        every = 15 if name.startswith("eval/") else 3 if name.startswith("check/") else 1
        values[np.arange(rows) % every != every - 1] = np.nan
    settings = {**ROBUST, **(about or {}).get("settings", {})}
    data = {"shape": (1, 28, 28), "count": 8000, **(about or {}).get("data", {})}
    kind = (about or {}).get("kind", "images")
    return History(x * TOTAL, facts, TOTAL, "robust", kind, settings, data)
