"""How well directions from examples do what they say, on digits, whose slant, thickness and width follow by formulas.

python -m benchmarks.editing RUN [--data shared/data/mnist] [--repeats 5] [--out digits.json]

A user's part is played by the formulas: of 300 samples of a seed the 30 that lean furthest and the 30 that lean least
are the examples. A strength is chosen on samples of one seed, the same for all, and tried on others. Attributes of
faces, and sums of them: `python -m benchmarks.faces`.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from itertools import product
from pathlib import Path
from statistics import fmean
from typing import Literal, get_args

import torch
from torch import Tensor

from gansmith.editing.boundary import NORMALS
from gansmith.editing.coordinates import coordinates
from gansmith.editing.directions import Direction, direction, moved, orthogonalised
from gansmith.editing.examples import classifier_of, rising
from gansmith.editing.space import Space
from gansmith.measure.features import Features
from gansmith.measure.manifold import manifold
from gansmith.measure.strokes import strokes

ATTRIBUTES = ("slant", "thickness", "width")
By = Literal["mean", "logistic", "svm", "pictures"]
METHODS: tuple[By, ...] = get_args(By)
SHOWN, CHOSEN = 300, 30  # samples a user looks at, and takes of either end
MARGIN, WANTED = 0.5, 0.95  # deviations by which an attribute is to move, in which share of the samples
STRENGTHS = (0.5, 0.75, 1.0, 1.25, 1.5, 1.75, 2.0, 2.5, 3.0, 3.5, 4.0, 5.0)
USUAL, CALIBRATED, TRIED = 4000, 400, 1000  # samples: that say what is usual, that strengths are chosen and tried on


@dataclass(frozen=True)
class Bench:
    """A space, samples of it that say what is usual, and their attributes' means and deviations (3,)."""

    space: Space
    usual: Tensor
    images: Tensor
    mean: Tensor
    deviation: Tensor

    def read(self, images: Tensor) -> Tensor:
        """Attributes (N, 3), in deviations."""
        return (measured(images) - self.mean) / self.deviation


@dataclass(frozen=True)
class Row:
    """One direction, tried one way. moved: share that changed by MARGIN or more as meant. shift: the mean change.

    leak: what the others changed by in the mean, the absolute values' mean, and worst of the two; leak_each: the mean
    of what each sample's others changed by, absolutely. All in deviations.
    density, coverage: of the edited samples; before them of the same samples unedited.
    """

    method: By
    attribute: str
    against: bool
    repeat: int
    sign: int
    strength: float
    moved: float
    shift: float
    leak: float
    leak_worst: float
    leak_each: float
    density: float = 0.0
    coverage: float = 0.0
    density_before: float = 0.0
    coverage_before: float = 0.0


def measured(images: Tensor) -> Tensor:
    found = strokes(images)
    return torch.stack([getattr(found, name) for name in ATTRIBUTES], dim=1)


def drawn(space: Space, points: Tensor) -> Tensor:
    return torch.cat([space.images(some, {}) for some in torch.split(points, 500)])


def bench_of(space: Space, seed: int = 100) -> Bench:
    usual = space.points(USUAL, seed, {})
    images = drawn(space, usual)
    found = measured(images)
    written = found[found.isfinite().all(1)]
    return Bench(space, usual, images, written.mean(0), written.std(0))


def found_by(bench: Bench, method: By, place: int, seed: int) -> Direction:
    """The direction of an attribute, from the ends among what a user looked at."""
    space = bench.space
    points = space.points(SHOWN, seed, {})
    images = drawn(space, points)
    order = bench.read(images)[:, place].nan_to_num(0).argsort()
    rows, has = torch.cat([order[-CHOSEN:], order[:CHOSEN]]), torch.arange(2 * CHOSEN) < CHOSEN
    if method == "pictures":
        read = classifier_of(images[rows], has)
        vector = rising(coordinates(space, bench.usual), read(bench.images), normal=space.prior == "normal")
    else:
        vector = NORMALS[method](coordinates(space, points[rows]), has)
    return direction(ATTRIBUTES[place], vector, space)


def changes(bench: Bench, one: Direction, strength: float, points: Tensor, before: Tensor) -> tuple[Tensor, Tensor]:
    """(how far attributes moved (N, 3), the edited images)."""
    images = drawn(bench.space, moved(bench.space, points, [(one, strength)]))
    return bench.read(images) - before, images


def strength_of(bench: Bench, one: Direction, place: int, sign: int, points: Tensor, before: Tensor) -> float:
    """The least that moves WANTED of the points by MARGIN; if none does, the one that moves most of them."""
    shares: dict[float, float] = {}
    for strength in STRENGTHS:
        change, _ = changes(bench, one, sign * strength, points, before)
        shares[strength] = float((sign * change[:, place] > MARGIN).double().mean())
        if shares[strength] >= WANTED:
            return strength
    return max(shares, key=lambda strength: shares[strength])


def tried(bench: Bench, repeat: int, realism: Realism | None) -> Iterator[Row]:
    """Every method, with and without what the other two attributes take from it, both ways."""
    space = bench.space
    calibrated, points = space.points(CALIBRATED, 200 + repeat, {}), space.points(TRIED, 300 + repeat, {})
    read_calibrated, unedited = bench.read(drawn(space, calibrated)), drawn(space, points)
    read = bench.read(unedited)
    real_before = {f"{name}_before": value for name, value in realism(unedited).items()} if realism else {}
    for method in METHODS:
        raw = [found_by(bench, method, place, 1000 + 10 * repeat + place) for place in range(len(ATTRIBUTES))]
        for place, against, sign in product(range(len(ATTRIBUTES)), (False, True), (1, -1)):
            one = orthogonalised(raw[place], [*raw[:place], *raw[place + 1 :]]) if against else raw[place]
            strength = strength_of(bench, one, place, sign, calibrated, read_calibrated)
            change, images = changes(bench, one, sign * strength, points, read)
            others = change[:, [other for other in range(len(ATTRIBUTES)) if other != place]]
            yield Row(
                method,
                ATTRIBUTES[place],
                against,
                repeat,
                sign,
                strength,
                moved=float((sign * change[:, place] > MARGIN).double().mean()),
                shift=float(change[:, place].nanmean()),
                leak=float(others.nanmean(0).abs().mean()),
                leak_worst=float(others.nanmean(0).abs().max()),
                leak_each=float(others.abs().nanmean()),
                **real_before,
                **(realism(images) if realism else {}),
            )


@dataclass(frozen=True)
class Realism:
    """Density and coverage of images against the features of real digits."""

    features: Features
    real: Tensor

    def __call__(self, images: Tensor) -> dict[str, float]:
        found = manifold(self.real, self.features(images))
        return {"density": found.density, "coverage": found.coverage}


def realism_of(data: str) -> Realism:
    """In features learnt from real digits and their labels, against others."""
    from gansmith.data.open import open_data
    from gansmith.data.options import DataOptions
    from gansmith.measure.own import learn

    dataset = open_data(data, DataOptions())
    features = learn(dataset.tensor, dataset.train, dataset.labels)
    return Realism(features, features(dataset.tensor(dataset.held[:TRIED])))


def table(rows: list[Row]) -> list[str]:
    """A line per method, way and attribute, over the repeats."""
    head: tuple[str, ...] = (
        "method",
        "against the others",
        "attribute",
        "strength",
        "moved as meant: mean (worst)",
        "mean change",
    )
    head += ("leak: mean (worst)", "change of the others", "density before, after", "coverage before, after")
    lines = [f"| {' | '.join(head)} |", "|" + "---|" * len(head)]
    for method, against in product(METHODS, (False, True)):
        for attribute, sign in product((*ATTRIBUTES, "all"), (1, -1)):
            some = [row for row in rows if (row.method, row.against, row.sign) == (method, against, sign)]
            some = [row for row in some if attribute in (row.attribute, "all")]
            said = f"{'more' if sign > 0 else 'less'} {attribute}"
            lines.append(f"| {method} | {'yes' if against else 'no'} | {said} | {summary(some)} |")
    return lines


def summary(rows: list[Row]) -> str:
    def of(name: str) -> list[float]:
        return [getattr(row, name) for row in rows]

    return " | ".join(
        (
            f"{fmean(of('strength')):.2f}",
            f"{fmean(of('moved')):.1%} ({min(of('moved')):.1%})",
            f"{fmean(of('shift')):+.2f}",
            f"{fmean(of('leak')):.3f} ({max(of('leak_worst')):.3f})",
            f"{fmean(of('leak_each')):.2f}",
            f"{fmean(of('density_before')):.2f}, {fmean(of('density')):.2f}",
            f"{fmean(of('coverage_before')):.2f}, {fmean(of('coverage')):.2f}",
        )
    )


def main() -> None:
    parse = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parse.add_argument("run")
    parse.add_argument("--runs", default="runs", help="the folder of runs")
    parse.add_argument("--data", help="real digits; without them realism is not measured")
    parse.add_argument("--repeats", type=int, default=5)
    parse.add_argument("--out", type=Path, default=Path("digits.json"))
    asked = parse.parse_args()
    torch.set_num_threads(1)
    from gansmith.runs.model import load
    from gansmith.verbs.latents import space_of

    bench = bench_of(space_of(load(asked.run, out=asked.runs)))
    realism = realism_of(asked.data) if asked.data else None
    rows: list[Row] = []
    for repeat in range(asked.repeats):
        rows += tried(bench, repeat, realism)
        asked.out.write_text(json.dumps([asdict(row) for row in rows]), "utf-8")
        print("\n".join(table(rows)), flush=True)


if __name__ == "__main__":
    main()
