"""Every score of two sides: of images, of points, with labels where both sides have them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace

import numpy as np
import torch
from torch import Tensor

from gansmith.data.synthetic import GRID_SIGMA, RING_SIGMA, grid_centres, ring_centres
from gansmith.measure import labels as by_label
from gansmith.measure.bins import Bins, Missing, bins_for, missing
from gansmith.measure.bootstrap import interval
from gansmith.measure.kernel import kid
from gansmith.measure.manifold import manifold
from gansmith.measure.minimum import too_few
from gansmith.measure.modes import coverage, perfect
from gansmith.measure.neighbours import Pair, memorisation
from gansmith.measure.outside import INCEPTION
from gansmith.measure.score import Score
from gansmith.measure.table import measure, measure_images
from gansmith.verbs.sides import Samples, Sides
from gansmith.verbs.spaces import Space

IMAGE_FLOATS = 2**26  # of each side, for the scores that need all pixels at once
COLUMNS = 12  # at most so many are listed one by one
MODES = {"ring": (ring_centres, RING_SIGMA), "grid": (grid_centres, GRID_SIGMA)}
FEWEST_UNSEEN = 200  # held-out samples, from which on what was learnt from fakes is tested on them
MEMORISED = ("memorisation", "copying z")


def without_features(sides: Sides, seed: int) -> list[Score]:
    """SWD, checkerboard and spectrum of images; modes and marginals of points."""
    if sides.spec.kind == "points":
        return [*_modes(sides), *_columns(sides, seed)]
    most = max(1, IMAGE_FLOATS // int(np.prod(sides.spec.shape)))
    real, floor, fake = (_first(side, most) for side in (sides.real, sides.floor, sides.fake))
    return measure_images(real, floor, fake, seed)


def in_space(space: Space, seed: int) -> list[Score]:
    """All scores of one feature space. Memorisation is asked of what was trained on, whatever the real side is."""
    scores = measure(space.real, space.floor, space.fake, space.name, seed=seed)
    if space.train is not space.floor:
        again = {s.name: s for s in measure(space.held, space.train, space.fake, space.name, seed=seed)}
        scores = [again[s.name] if s.name in MEMORISED else s for s in scores]
    if space.name == INCEPTION:  # the one name reserved for these features
        scores = [replace(s, name="FID") if s.name == "FD" else s for s in scores]
    return scores


def absent(space: Space, seed: int) -> tuple[Missing, float]:
    """The rows of `floor` that lie where fakes are too few, and what share lies where as many reals are, by chance.

    Nothing where there are too few rows to tell.
    """
    n = min(len(space.real), len(space.fake))
    count = bins_for(len(space.floor), n)
    if count < 2 or not space.fake.isfinite().all():
        nothing = torch.zeros(0, dtype=torch.int64)
        return Missing(nothing, nothing, 0.0), 0.0
    bins = Bins.of(space.floor, count, seed)
    return missing(bins, space.floor, space.fake[:n]), missing(bins, space.floor, space.real[:n]).share


def closest(space: Space) -> tuple[Pair, ...]:
    """The ten pairs of a fake and a training row that lie nearest to each other."""
    if not space.fake.isfinite().all():
        return ()
    return memorisation(space.train, space.held[: len(space.fake)], space.fake).closest


def with_labels(space: Space, sides: Sides) -> tuple[list[Score], dict[str, dict[str, float]]]:
    """Scores that need labels on both sides, and figures for each class by its name; nothing where there are none."""
    real, floor, fake = (side.labels for side in (sides.real, sides.floor, sides.fake))
    if real is None or floor is None or fake is None or len(set(fake.tolist())) < 2:
        return [], {}
    asked, told, taught = (torch.from_numpy(np.array(labels)) for labels in (fake, real, floor))
    n = min(len(asked), len(taught))
    fakes, learned, tested = (space.fake[:n], asked[:n]), (space.floor[:n], taught[:n]), (space.real, told)
    unseen = tested
    if sides.held.labels is not None and len(sides.held) >= FEWEST_UNSEEN:  # the real side may have been trained on
        unseen = (space.held, torch.from_numpy(np.array(sides.held.labels)))
    scores = []
    for name, compare in (("CAS", by_label.classification_accuracy), ("1-NN TSTR", by_label.nearest_neighbour)):
        found = compare(*fakes, *learned, *unseen)
        scores.append(_or_why(Score(name, found.fakes, n, space.name, floor=found.reals, better="high")))
    judged = by_label.faithfulness(*learned, *tested, *fakes)
    scores.append(
        _or_why(Score("faithfulness", judged.share, n, space.name, floor=judged.ceiling, better="near the floor"))
    )
    figures: dict[str, Callable[[Tensor, Tensor], float]] = {
        "KID": kid,
        "coverage": lambda a, b: manifold(a, b).coverage,
    }
    classes = {name: by_label.per_class(score, *tested, *fakes) for name, score in figures.items()}
    classes["faithfulness"] = judged.by_class
    names = sides.spec.classes
    return scores, {
        names[label]: {name: found[label] for name, found in classes.items() if label in found}
        for label in sorted(classes["KID"])
    }


def _or_why(score: Score) -> Score:
    why = too_few(score.name, score.n)
    return replace(score, value=None, floor=None, why=why) if why else score


def _first(side: Samples, most: int) -> Tensor:
    return side.tensor(np.arange(min(most, len(side))))


def _modes(sides: Sides) -> Iterator[Score]:
    """Beside the perfect sampler's figures, which stand in the floor's place."""
    if sides.source not in MODES:
        return
    centres, sigma = MODES[sides.source]
    n = len(sides.fake)
    found = coverage(sides.spec.in_units(sides.fake.values), centres(), sigma)
    best = perfect(n, found.total)
    yield Score(f"modes of {found.total}", found.modes, n, floor=best.modes, better="high")
    yield Score("high quality", found.high_quality, n, floor=best.high_quality, better="high")
    yield Score("reverse KL", found.reverse_kl, n, floor=best.reverse_kl, better="low")


def _columns(sides: Sides, seed: int) -> Iterator[Score]:
    """How far each column, and how the columns hang together, in standard deviations and correlations."""
    n = min(len(sides.real), len(sides.floor), len(sides.fake))
    real, floor, fake = (_first(side, n).double() for side in (sides.real, sides.floor, sides.fake))
    if why := too_few("SWD", n):
        yield Score("marginals", None, n, why=why)
        return
    if not fake.isfinite().all():
        yield Score("marginals", None, n, why="generated samples hold numbers that are not finite")
        return
    names = sides.spec.columns if 1 < len(sides.spec.columns) <= COLUMNS else ()
    yield _marginal("marginals", real, floor, fake, seed)
    for column, name in enumerate(names):
        one = [side[:, column : column + 1] for side in (real, floor, fake)]
        yield _marginal(f"marginal of {name}", one[0], one[1], one[2], seed)
    if real.shape[1] > 1:
        value = _correlation(real, fake)
        low, high = interval(lambda a, b: _correlation(real[a], fake[b]), value, n, n, seed=seed)
        yield Score("correlations", value, n, "", max(low, 0.0), high, _correlation(real, floor))


def _marginal(name: str, real: Tensor, floor: Tensor, fake: Tensor, seed: int) -> Score:
    n, value = len(real), _shift(real, fake)
    low, high = interval(lambda a, b: _shift(real[a], fake[b]), value, n, n, seed=seed)
    return Score(name, value, n, "", max(low, 0.0), high, _shift(real, floor))


def _shift(a: Tensor, b: Tensor) -> float:
    """Mean over the columns of the 1-Wasserstein distance of a (n, D) and b (n, D)."""
    return float((a.sort(dim=0).values - b.sort(dim=0).values).abs().mean())


def _correlation(a: Tensor, b: Tensor) -> float:
    """The largest difference between two columns' correlation in a (n, D) and in b (n, D): 0..2."""
    return float((torch.corrcoef(a.T) - torch.corrcoef(b.T)).nan_to_num().abs().max())
