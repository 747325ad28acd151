"""The honest table: every score of one feature space, or of the pixels, with its interval and its floor."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import asdict

import torch
from torch import Tensor

from gansmith.errors import GansmithError
from gansmith.measure import bins, neighbours
from gansmith.measure.bootstrap import REPLICATES, Interval, clipped, intervals
from gansmith.measure.distances import Matrices, distances, features, nearest, within
from gansmith.measure.frechet import frechet_distance
from gansmith.measure.kernel import from_kernels, kernel
from gansmith.measure.manifold import NEIGHBOURS, from_matrices
from gansmith.measure.minimum import too_few
from gansmith.measure.pyramid import swd
from gansmith.measure.score import Score
from gansmith.measure.spectrum import of_radial, of_spectra, power

FRECHET_REPLICATES = 20  # an eigenvalue problem each
MOST_VALUES, LEAST_IMAGES = 2**27, 256  # of the images of a side: more of large ones cost minutes
SPECTRA = 16  # groups of images a side, whose mean spectra vary by chance

BETTER = {
    "FD": "low",
    "KID": "low",
    "precision": "high",
    "recall": "high",
    "density": "near 1",
    "coverage": "high",
    "1-NN accuracy": "near 0.5",
    "1-NN reals": "near 0.5",
    "1-NN fakes": "near 0.5",
    "NDB": "low",
    "JS": "low",
    "memorisation": "near 1",
    "copying z": "above -3",
    "distinct samples": "high",
}
"""The scores of a feature space, in the order of the table, and where a good generator's figure lies."""

SHARES = {"precision", "recall", "coverage", "1-NN accuracy", "1-NN reals", "1-NN fakes", "NDB", "JS"}
Figures = Mapping[str, float]
Part = tuple[dict[str, float], dict[str, float], dict[str, Interval]]
"""Some scores by name: their values, floors and intervals."""


def measure(
    real_held: Tensor,
    real_train: Tensor,
    fake: Tensor,
    features_name: str,
    replicates: int = REPLICATES,
    seed: int = 0,
) -> list[Score]:
    """All scores of features (n, d) of held-out, training and generated samples, named as in BETTER.

    Real is the held-out side; training samples serve the bins, memorisation and the floors. All sides are cut to equal
    n, at random. A score that would mean nothing at this n, or whose generated samples are not finite, has no value but
    says why. Raises GansmithError where a real sample is not finite.
    """
    train, held = features(real_train, "training"), features(real_held, "held-out")
    n = min(len(held), len(train), len(fake))
    try:
        fake = features(fake, "generated")
    except GansmithError as broken:
        return [Score(name, None, n, features_name, better=better, why=broken.what) for name, better in BETTER.items()]
    held, fake, train = _some(held, n, seed), _some(fake, n, seed + 1), _some(train, len(train), seed + 2)
    why = {name: too_few(name, n, held.shape[1]) for name in BETTER}
    values: dict[str, float] = {}
    floors: dict[str, float] = {}
    ranges: dict[str, Interval] = {}
    parts = [_neighbourly, _kernel, _binned, _memorised, *([] if why["FD"] else [_frechet])]
    for part in parts if n > 2 * NEIGHBOURS else []:  # below that no score has a value
        found, floor, around = part(held, train, fake, replicates, seed)
        values |= found
        floors |= floor
        ranges |= around
    return [
        _score(name, n, features_name, values.get(name, math.nan), floors.get(name), ranges.get(name), why[name])
        for name in BETTER
    ]


def _neighbourly(held: Tensor, train: Tensor, fake: Tensor, replicates: int, seed: int) -> Part:
    """Precision, recall, density, coverage, two-sample accuracy and the birthday estimate: all from distances."""

    def figures(matrices: Matrices) -> Figures:
        told = neighbours.told(matrices)
        by_side = {"1-NN accuracy": told.accuracy, "1-NN reals": told.real, "1-NN fakes": told.fake}
        return asdict(from_matrices(matrices)) | by_side | {"rate": _rate(matrices.fake, same)}

    n = len(held)
    matrices = Matrices.of(held, fake)
    perfect = Matrices(matrices.real, distances(held, train[:n]), within(train[:n]))
    same = neighbours.alike(matrices.real)
    values, floors = dict(figures(matrices)), dict(figures(perfect))
    ranges = intervals(lambda a, b: figures(matrices.rows(a, b)), values, n, n, replicates, seed)
    low, high = ranges.pop("rate")
    ranges["distinct samples"] = (1 / high if high else math.inf, 1 / low if low > 0 else math.inf)
    for found in (values, floors):
        found["distinct samples"] = 1 / max(found.pop("rate"), 2 / (n * (n - 1)))
    return values, floors, ranges


def _rate(among: Tensor, same: float) -> float:
    """Share of pairs that are one picture: one over the birthday estimate."""
    return float((among <= same).double().sum()) / (len(among) * (len(among) - 1))


def _kernel(held: Tensor, train: Tensor, fake: Tensor, replicates: int, seed: int) -> Part:
    n = len(held)
    reals, cross, fakes = kernel(held, held), kernel(held, fake), kernel(fake, fake)
    perfect = train[:n]

    def kid(a: Tensor, b: Tensor) -> Figures:
        return {"KID": from_kernels(reals[a][:, a], cross[a][:, b], fakes[b][:, b])}

    values = {"KID": from_kernels(reals, cross, fakes)}
    floors = {"KID": from_kernels(reals, kernel(held, perfect), kernel(perfect, perfect))}
    return values, floors, intervals(kid, values, n, n, replicates, seed)


def _frechet(held: Tensor, train: Tensor, fake: Tensor, replicates: int, seed: int) -> Part:
    n = len(held)

    def fd(a: Tensor, b: Tensor) -> Figures:
        return {"FD": frechet_distance(held[a], fake[b])}

    values, floors = {"FD": frechet_distance(held, fake)}, {"FD": frechet_distance(held, train[:n])}
    return values, floors, intervals(fd, values, n, n, min(replicates, FRECHET_REPLICATES), seed)


def _binned(held: Tensor, train: Tensor, fake: Tensor, replicates: int, seed: int) -> Part:
    n = len(fake)
    found = bins.Bins.of(train[: 2 * n], max(2, bins.bins_for(2 * n, n)), seed)
    count = len(found.centres)
    reals, fakes = found.home[1 : 2 * n : 2], distances(fake, found.centres).argmin(dim=1)

    def figures(real: Tensor, made: Tensor) -> Figures:
        real, made = torch.bincount(real, minlength=count), torch.bincount(made, minlength=count)
        return {"NDB": bins.ndb(real, made), "JS": bins.divergence(real, made)}

    values, floors = dict(figures(reals, fakes)), dict(figures(reals, distances(held, found.centres).argmin(dim=1)))
    halves = intervals(lambda a, b: figures(reals[a], fakes[b]), values, len(reals), n, replicates, seed)
    return values, floors, halves


def _memorised(held: Tensor, train: Tensor, fake: Tensor, replicates: int, seed: int) -> Part:
    """Floors: one half of the held-out samples in the place of the fakes."""
    fakes, helds = nearest(fake, train)[0], nearest(held, train)[0]
    half = len(helds) // 2

    def figures(made: Tensor, fresh: Tensor) -> Figures:
        return {"memorisation": neighbours.ratio_of_medians(made, fresh)}

    values, floors = dict(figures(fakes, helds)), dict(figures(helds[:half], helds[half:]))
    ranges = intervals(lambda a, b: figures(fakes[b], helds[a]), values, len(helds), len(fakes), replicates, seed)
    values["copying z"] = neighbours.mann_whitney(fakes, helds)
    floors["copying z"] = neighbours.mann_whitney(helds[:half], helds[half:])
    return values, floors, ranges


def measure_images(real_held: Tensor, real_train: Tensor, fake: Tensor, seed: int = 0) -> list[Score]:
    """What needs no features: images (n, C, H, W) in -1..1 of one size, from 8 pixels on, held out, training, made.

    All sides are cut to equal n, at random, and n to some hundreds for images of 256 pixels or more.
    SWD x 1000, its mean and by scale ("SWD at 28 px"); checkerboard and spectrum in decibels.
    """
    n = min(len(real_held), len(real_train), len(fake), max(LEAST_IMAGES, MOST_VALUES // real_held[0].numel()))
    held, fake, train = _some(real_held, n, seed), _some(fake, n, seed + 1), _some(real_train, n, seed + 2)
    names = {"SWD": "low", "checkerboard": "near 0", "spectrum": "low"}
    why = {name: too_few(name, n) for name in names}
    if not fake.isfinite().all():
        why = dict.fromkeys(names, "generated samples hold numbers that are not finite")
    scores = [Score(name, None, n, better=names[name], why=reason) for name, reason in why.items() if reason]
    if not why["spectrum"]:
        scores = _spectral(held, train, fake, seed) + scores
    if not why["SWD"]:
        scores = _patchy(held, train, fake, seed) + scores
    return scores


def _patchy(held: Tensor, train: Tensor, fake: Tensor, seed: int) -> list[Score]:
    found, perfect, n = swd(held, fake, seed), swd(held, train, seed), len(held)
    rows = [("SWD", found.mean, found.error, perfect.mean)]
    if len(found.levels) > 1:
        rows += [
            (f"SWD at {side} px", level, found.errors[side], perfect.levels[side])
            for side, level in found.levels.items()
        ]
    return [
        Score(name, value, n, "", *clipped((value - 1.96 * error, value + 1.96 * error), 0.0), floor)
        for name, value, error, floor in rows
    ]


def _spectral(held: Tensor, train: Tensor, fake: Tensor, seed: int) -> list[Score]:
    n = len(held)
    reals, perfect, fakes = (torch.stack([power(part) for part in x.chunk(SPECTRA)]) for x in (held, train, fake))
    functions: dict[str, tuple[Callable[[Tensor, Tensor], float], str]] = {
        "checkerboard": (of_spectra, "near 0"),
        "spectrum": (of_radial, "low"),
    }
    floors = {name: f(reals.mean(dim=0), perfect.mean(dim=0)) for name, (f, _) in functions.items()}

    def figures(a: Tensor, b: Tensor) -> Figures:
        return {name: f(reals[a].mean(dim=0), fakes[b].mean(dim=0)) for name, (f, _) in functions.items()}

    every = torch.arange(len(reals))
    values = figures(every, every[: len(fakes)])
    around = intervals(figures, values, len(reals), len(fakes), seed=seed)
    return [
        Score(
            name, value, n, "", *clipped(around[name], 0.0 if name == "spectrum" else -math.inf), floors[name], better
        )
        for (name, value), (_, better) in zip(values.items(), functions.values())
    ]


def _score(
    name: str, n: int, space: str, value: float, floor: float | None, around: Interval | None, why: str
) -> Score:
    if not why and math.isnan(value):
        why = "held-out samples are copies of training samples" if name == "memorisation" else "it is not defined here"
    if why:
        return Score(name, None, n, space, better=BETTER[name], why=why)
    if around:
        around = clipped(around, -math.inf if name == "KID" else 0.0, 1.0 if name in SHARES else math.inf)
    low, high = around or (None, None)
    return Score(name, value, n, space, low, high, floor, BETTER[name])


def _some(rows: Tensor, count: int, seed: int) -> Tensor:
    return rows[torch.randperm(len(rows), generator=torch.Generator().manual_seed(seed))[:count]]
