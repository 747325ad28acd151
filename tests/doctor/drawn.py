"""Logs of other tools, drawn by hand: losses and perhaps a metric, in every shape that people know, healthy and ill."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
Columns = Mapping[str, Array]
Drawing = Callable[[Array, np.random.Generator], Columns]

D, G = "d_loss", "g_loss"


def noise(dice: np.random.Generator, x: Array, share: float) -> Array:
    return np.exp(share * dice.normal(size=len(x)))


def rough(dice: np.random.Generator, x: Array, size: float) -> Array:
    return size * dice.normal(size=len(x))


def late(x: Array, at: float) -> Array:
    """0 before a moment, 1 after it."""
    return 1 / (1 + np.exp(-np.clip((x - at) * 40, -60, 60)))


def sparse(x: Array, dice: np.random.Generator, times: int, curve: Array, share: float = 0.05) -> Array:
    """A metric measured `times` times."""
    every = max(1, len(x) // times)
    values = curve * noise(dice, x, share)
    values[np.arange(len(x)) % every != every - 1] = np.nan
    return values


def _plain(x: Array, dice: np.random.Generator) -> dict[str, Array]:
    return {D: 0.7 * noise(dice, x, 0.3), G: 1.5 * noise(dice, x, 0.3)}


def _with(metric: str, curve: Callable[[Array], Array], times: int = 25, share: float = 0.05) -> Drawing:
    return lambda x, dice: {**_plain(x, dice), metric: sparse(x, dice, times, curve(x), share)}


HEALTHY: Mapping[str, Drawing] = {
    "level and noisy": lambda x, dice: {D: 1.2 + rough(dice, x, 0.15), G: 0.9 + rough(dice, x, 0.2)},
    "as a DCGAN": lambda x, dice: {
        D: (0.3 + np.exp(-20 * x)) * noise(dice, x, 0.6),
        G: (3 + 1.5 * x - 2 * np.exp(-20 * x)) * noise(dice, x, 0.3),
    },
    "generator's loss climbs slowly": lambda x, dice: {
        D: (1.3 - 0.9 * x) * noise(dice, x, 0.3),
        G: (0.8 + 2.5 * x) * noise(dice, x, 0.3),
    },
    "hinge from 2 to 1": lambda x, dice: {D: 1 + np.exp(-6 * x) + rough(dice, x, 0.2), G: 0.2 + rough(dice, x, 0.3)},
    "Wasserstein, shrinking": lambda x, dice: {
        D: -(30 * np.exp(-4 * x) + 2) * (1 - np.exp(-200 * x)) + rough(dice, x, 1.0),
        G: 20 * x + rough(dice, x, 2.0),
    },
    "Wasserstein, growing": lambda x, dice: {D: -np.minimum(40 * x + 2, 15) + rough(dice, x, 1.0), G: -50 * x},
    "least squares": lambda x, dice: {
        D: (0.15 + 0.2 * np.exp(-5 * x)) * noise(dice, x, 0.3),
        G: (0.45 + 0.2 * x) * noise(dice, x, 0.3),
    },
    "cyclic learning rate": lambda x, dice: {
        D: 0.9 * (1 + 0.35 * np.sin(38 * x)) * noise(dice, x, 0.15),
        G: 1.5 * (1 + 0.35 * np.sin(38 * x)) * noise(dice, x, 0.15),
    },
    "discriminator at 0.02 throughout": lambda x, dice: {
        D: 0.02 * noise(dice, x, 0.5) + 1.3 * np.exp(-300 * x),
        G: 5.5 * noise(dice, x, 0.25) - 4.5 * np.exp(-300 * x),
    },
    "discriminator at 0.02, metric falls": lambda x, dice: {
        D: 0.02 * noise(dice, x, 0.5),
        G: 7 * noise(dice, x, 0.25) + 2 * x,
        "fid": sparse(x, dice, 25, 20 + 180 * np.exp(-4 * x)),
    },
    "relativistic": lambda x, dice: {
        D: 0.6 - 0.2 * x + rough(dice, x, 0.03),
        G: 0.95 + 0.5 * x + rough(dice, x, 0.1),
    },
    "single spikes": lambda x, dice: {
        name: curve * np.where(dice.random(len(x)) < 0.01, 8.0, 1.0) for name, curve in _plain(x, dice).items()
    },
    "FID falls": _with("fid", lambda x: 20 + 180 * np.exp(-4 * x), 20, 0.1),
    "FID is noisy": _with("fid", lambda x: 10 + 190 * np.exp(-4 * x), 60, 0.15),
    "FID ends a little above its best": _with("fid", lambda x: 20 + 180 * np.exp(-8 * x) + 3 * x, 30),
    "inception score rises": _with("inception_score", lambda x: 8 - 6.5 * np.exp(-5 * x), 25, 0.03),
}


def _won(x: Array, dice: np.random.Generator, at: float = 0.45) -> dict[str, Array]:
    lost = late(x, at)
    return {D: (0.8 * (1 - lost) + 0.002) * noise(dice, x, 0.4), G: (1.2 + 11 * lost) * noise(dice, x, 0.15)}


def _blown(columns: Columns, x: Array) -> Columns:
    return {name: values * np.exp(np.clip(x - 0.6, 0, None) * 60) for name, values in columns.items()}


def _circling(x: Array, dice: np.random.Generator, times: float = 8) -> Columns:
    wave = (0.1 + 1.6 * x) * np.sin(2 * np.pi * times * x)
    return {D: np.exp(wave - 0.3) * noise(dice, x, 0.1), G: np.exp(0.5 - wave) * noise(dice, x, 0.1)}


ILL: Mapping[str, tuple[str, Drawing]] = {
    "not a number": (
        "explosion",
        lambda x, dice: {name: np.where(x > 0.7, np.nan, v) for name, v in _plain(x, dice).items()},
    ),
    "runs away": ("explosion", lambda x, dice: _blown(_plain(x, dice), x)),
    "a critic runs away": ("explosion", lambda x, dice: _blown({D: -2 - rough(dice, x, 0.3), G: 1 + 0 * x}, x)),
    "won early": (
        "discriminator_overpowers",
        lambda x, dice: {
            D: (1.3 * np.exp(-15 * x) + 0.003) * noise(dice, x, 0.5),
            G: (0.7 + 9 * (1 - np.exp(-7 * x))) * noise(dice, x, 0.1),
        },
    ),
    "won late": ("discriminator_overpowers", _won),
    "won, least squares": (
        "discriminator_overpowers",
        lambda x, dice: {
            D: (0.25 * np.exp(-25 * x) + 0.001) * noise(dice, x, 0.3),
            G: 1 - 0.7 * np.exp(-25 * x) + rough(dice, x, 0.01),
        },
    ),
    "won, hinge": (
        "discriminator_overpowers",
        lambda x, dice: {D: 2 * np.exp(-12 * x) + 0.001, G: 12 * x + 1 + rough(dice, x, 0.2)},
    ),
    "won, clipped": (
        "discriminator_overpowers",
        lambda x, dice: {
            D: np.where(x > 0.3, 0.0, 0.5 * noise(dice, x, 0.3)),
            G: np.where(x > 0.3, 27.631, 2 * noise(dice, x, 0.3)),
        },
    ),
    "won, metric bad": (
        "discriminator_overpowers",
        lambda x, dice: {**_won(x, dice), "fid": sparse(x, dice, 25, 30 + 300 * np.clip(x - 0.4, 0, None))},
    ),
    "metric past its best": (
        "over_trained",
        _with("fid", lambda x: 20 + 180 * np.exp(-10 * x) + 40 * np.clip(x - 0.35, 0, None), 40),
    ),
    "few metrics, past the best": (
        "over_trained",
        _with("fid", lambda x: 30 + 180 * np.exp(-15 * x) + 60 * np.clip(x - 0.3, 0, None), 12, 0.03),
    ),
    "inception score falls": (
        "over_trained",
        _with("inception_score", lambda x: np.where(x < 0.5, 8 - 6.5 * np.exp(-8 * x), 12.5 - 9 * x), 25, 0.03),
    ),
    "metric jumps": ("mode_collapse", _with("fid", lambda x: 20 + 180 * np.exp(-10 * x) + 120 * (x > 0.55), 40)),
    "all is taken for real": (
        "mode_collapse",
        lambda x, dice: {
            D: (1.2 + 2 * late(x, 0.4)) * noise(dice, x, 0.2),
            G: (1.01 - late(x, 0.4)) * noise(dice, x, 0.3),
        },
    ),
    "coins": (
        "discriminator_blind",
        lambda x, dice: {D: 1.3863 + rough(dice, x, 0.002), G: 0.6931 + rough(dice, x, 0.001)},
    ),
    "circles": ("oscillation", _circling),
    "circles, straight": (
        "oscillation",
        lambda x, dice: {
            name: level + share * (0.05 + 0.9 * x) * np.sin(60 * x) + rough(dice, x, 0.05)
            for name, level, share in ((D, 1.0, 0.9), (G, 1.5, -1.3))
        },
    ),
    "frozen": ("bad_init", lambda x, dice: {D: 50.0 + 0 * x, G: 0.4 + 0 * x}),
    "metric still falls": ("under_trained", _with("fid", lambda x: 300 - 220 * x, 20, 0.03)),
}
