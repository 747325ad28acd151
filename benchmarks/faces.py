"""How well directions and sums do what they say on faces: did glasses appear, and did all the rest stay?

python -m benchmarks.faces RUN --data pixelface_32_dev.npz [--repeats 5] [--out faces.json]

The judge (`benchmarks/attributes.py`) learns from real faces alone. It also plays the user who picks examples: groups
of 30 out of samples it reads. Nobody is a man or a woman in this data: bearded faces stand for men, faces with long
hair and no beard for women. A strength is chosen on some samples, the same for all, and tried on others.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from statistics import fmean

import torch
from torch import Tensor

from benchmarks.attributes import SIZES, Reader, learn, open_faces, read, right
from benchmarks.editing import drawn
from gansmith.editing.boundary import logistic
from gansmith.editing.careful import Wish, careful
from gansmith.editing.coordinates import coordinates, held, points_at
from gansmith.editing.directions import Direction, direction, moved, orthogonalised
from gansmith.editing.examples import classifier_from, classifier_of, rising, strength_of
from gansmith.editing.space import Space

TARGETS = ("glasses", "smile")
BY_ITSELF = {"glasses": ("glasses", "sunglasses"), "smile": ("smile",)}  # what cannot stay when the target comes
OTHERS = ("smile", "glasses", "beard", "hat", "long_hair")  # directions to be left alone, but for the target's
CHOSEN, POOL, USUAL = 30, 6000, 4000  # of a group; samples that groups are picked from, and that pictures are read of
CALIBRATED, TRIED, SUMS = 200, 1000, 200  # samples a strength is chosen on, and tried on; sums of means
TRIED_CAREFULLY, CAREFULLY = 128, 2  # samples, each of which takes a second; repeats
WANTED = 0.95
STRENGTHS = (0.5, 1.0, 1.5, 2.0, 2.5, 3.0, 4.0, 5.0, 6.0, 8.0)

Read = Mapping[str, Tensor]
Edit = Callable[[Tensor, float], Tensor]  # points, strength -> points


@dataclass(frozen=True)
class Row:
    """An edit, tried. got: share that show the target then; kept: share that show another attribute as before."""

    edit: str
    target: str
    repeat: int
    strength: float
    got: float
    kept: dict[str, float]


@dataclass(frozen=True)
class Bench:
    space: Space
    judge: Reader
    points: Tensor
    images: Tensor
    seen: Read

    def read(self, points: Tensor) -> Read:
        return read(self.judge, drawn(self.space, points))

    def group(self, chance: torch.Generator, **shown: int) -> Tensor:
        """Rows of CHOSEN samples that show this."""
        rows = meeting(self.seen, shown).nonzero()[:, 0]
        return rows[torch.randperm(len(rows), generator=chance)[:CHOSEN]]


def meeting(seen: Read, shown: Mapping[str, int]) -> Tensor:
    return torch.stack([seen[name] == value for name, value in shown.items()]).all(0)


def bench_of(space: Space, judge: Reader) -> Bench:
    points = space.points(POOL, 1, {})
    images = drawn(space, points)
    return Bench(space, judge, points, images, read(judge, images))


def fresh(bench: Bench, count: int, seed: int, shown: Mapping[str, int]) -> tuple[Tensor, Read]:
    """That many samples that show this, and what they show."""
    points, seen, found = [], [], 0
    while found < count:
        some = bench.space.points(2 * count, seed, {})
        told = bench.read(some)
        rows = meeting(told, shown)
        points.append(some[rows])
        seen.append({name: values[rows] for name, values in told.items()})
        found, seed = found + int(rows.sum()), seed + 10_000
    return torch.cat(points)[:count], {name: torch.cat([one[name] for one in seen])[:count] for name in SIZES}


# ---------------------------------------------------------------------------------------------- edits


def from_pictures(bench: Bench, name: str, have: Tensor, lack: Tensor) -> Direction:
    labels = torch.arange(len(have) + len(lack)) < len(have)
    told = classifier_of(bench.images[torch.cat([have, lack])], labels)
    usual = coordinates(bench.space, bench.points[:USUAL])
    vector = rising(usual, told(bench.images[:USUAL]), normal=bool(bench.space.prior))
    return direction(name, vector, bench.space, classifier=told.tensors())


def from_latents(bench: Bench, name: str, have: Tensor, lack: Tensor) -> Direction:
    labels = torch.arange(len(have) + len(lack)) < len(have)
    coords = coordinates(bench.space, bench.points[torch.cat([have, lack])])
    return direction(name, logistic(coords, labels), bench.space)


def along(bench: Bench, one: Direction) -> Edit:
    return lambda points, strength: moved(bench.space, points, [(one, strength)])


def offset(bench: Bench, have: Tensor, lack: Tensor) -> Edit:
    """The difference of two groups' means, added, at the length that latents have."""
    coords = coordinates(bench.space, bench.points)
    vector = coords[have].mean(0) - coords[lack].mean(0)

    def add(points: Tensor, strength: float) -> Tensor:
        start = coordinates(bench.space, points)
        return points_at(bench.space, held(start + strength * vector, start.norm(dim=1)))

    return add


def edits(bench: Bench, target: str, repeat: int) -> Iterator[tuple[str, dict[str, int], Edit]]:
    """Name, whom it is tried on, and the edit."""
    anyone, without = {target: 0}, {target: 0, "long_hair": 1, "beard": 0}
    chance = torch.Generator().manual_seed(100 + repeat)
    for words, find in (("pictures", from_pictures), ("latents", from_latents)):
        ones = {
            name: find(bench, name, bench.group(chance, **{name: 1}), bench.group(chance, **{name: 0}))
            for name in dict.fromkeys((target, *OTHERS))
        }
        one = ones.pop(target)
        yield f"direction by {words}", anyone, along(bench, one)
        yield f"direction by {words}, against others", anyone, along(bench, orthogonalised(one, list(ones.values())))
    men = {"beard": 1}
    have, lack = bench.group(chance, **men, **{target: 1}), bench.group(chance, **men, **{target: 0})
    yield f"men with {target} - men, added to women", without, offset(bench, have, lack)


def one_by_one(bench: Bench, target: str, repeat: int) -> Row:
    """Careful edits, as `gansmith edit --careful` makes them: each image by itself, from where the direction led."""
    space, chance = bench.space, torch.Generator().manual_seed(100 + repeat)
    have, lack = (bench.group(chance, **{target: value}) for value in (1, 0))
    one = from_pictures(bench, target, have, lack)
    told = classifier_from(one.classifier)
    strength = strength_of(space, one, told, space.points(CALIBRATED, 500 + repeat, {}), {})
    points, seen = fresh(bench, TRIED_CAREFULLY, 600 + repeat, {target: 0})
    ends = []
    for some in torch.split(points, 64):
        led = moved(space, some, [(one, strength)])
        ends.append(careful(space, space.images(some, {}), led, [Wish(told, float(told.typical))], given={}))
    return row("careful edit", target, repeat, strength, seen, bench.read(torch.cat(ends)))


# ---------------------------------------------------------------------------------------------- trials


def tried(bench: Bench, target: str, repeat: int) -> Iterator[Row]:
    whom: dict[str, tuple[tuple[Tensor, Read], ...]] = {}
    for name, shown, edit in edits(bench, target, repeat):
        if str(shown) not in whom:
            few, many = fresh(bench, CALIBRATED, 500 + repeat, shown), fresh(bench, TRIED, 600 + repeat, shown)
            whom[str(shown)] = few, many
        few, many = whom[str(shown)]
        strength = least(bench, edit, target, few[0])
        yield row(name, target, repeat, strength, many[1], bench.read(edit(many[0], strength)))
        if not repeat:
            for gentler in [weak for weak in STRENGTHS if weak < strength]:
                seen = bench.read(edit(many[0], gentler))
                yield row(f"{name}, as a curve", target, repeat, gentler, many[1], seen)


def least(bench: Bench, edit: Edit, target: str, points: Tensor) -> float:
    """The least strength after which WANTED of the points show the target; if there is none, the best."""
    shares: dict[float, float] = {}
    for strength in STRENGTHS:
        shares[strength] = share(bench.read(edit(points, strength))[target] == 1)
        if shares[strength] >= WANTED:
            return strength
    return max(shares, key=lambda strength: shares[strength])


def sums(bench: Bench, target: str) -> Iterator[Row]:
    """The textbook's: mean(men with it) - mean(men) + mean(women), beside mean(women), many times.

    Free, as `gansmith arithmetic` leaves them, as short as means are; held, at the length that latents have.
    """
    chance = torch.Generator().manual_seed(7)
    coords = coordinates(bench.space, bench.points)
    lengths = coords.norm(dim=1).mean().expand(SUMS)
    means = []
    for shown in ({"beard": 1, target: 1}, {"beard": 1, target: 0}, {"beard": 0, "long_hair": 1, target: 0}):
        means.append(torch.stack([coords[bench.group(chance, **shown)].mean(0) for _ in range(SUMS)]))
    having, men, women = means
    for hold in (True, False):
        before, after = (
            bench.read(points_at(bench.space, held(one, lengths) if hold else one))
            for one in (women, having - men + women)
        )
        name = f"sum of means, {'held' if hold else 'free'}"
        yield row(f"{name} (mean of women: {share(before[target] == 1):.0%})", target, 0, 1.0, before, after)


def row(edit: str, target: str, repeat: int, strength: float, before: Read, after: Read) -> Row:
    rest = [name for name in SIZES if name not in BY_ITSELF[target]]
    kept = {name: share(after[name] == before[name]) for name in rest}
    return Row(edit, target, repeat, strength, share(after[target] == 1), kept)


def share(values: Tensor) -> float:
    return float(values.double().mean())


def table(rows: list[Row]) -> list[str]:
    names = list(SIZES)
    lines = [
        f"| edit | target | n | strength | shown: mean (worst) | {' | '.join(names)} |",
        "|" + "---|" * (5 + len(names)),
    ]
    for edit, target, strength in dict.fromkeys(
        (one.edit, one.target, one.strength if "curve" in one.edit else None) for one in rows
    ):
        some = [one for one in rows if (one.edit, one.target) == (edit, target) and strength in (None, one.strength)]
        got = [one.got for one in some]
        cells = [edit, target, str(len(some)), f"{fmean(one.strength for one in some):.1f}"]
        cells.append(f"{fmean(got):.1%} ({min(got):.1%})")
        cells += [f"{fmean(one.kept[name] for one in some):.0%}" if name in some[0].kept else "" for name in names]
        lines.append(f"| {' | '.join(cells)} |")
    return lines


def main() -> None:
    parse = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parse.add_argument("run")
    parse.add_argument("--runs", default="runs", help="the folder of runs")
    parse.add_argument("--data", type=Path, required=True)
    parse.add_argument("--judge", type=Path, default=Path("judge.safetensors"), help="kept here, once it has learnt")
    parse.add_argument("--repeats", type=int, default=5)
    parse.add_argument("--careful", action="store_true", help="nothing but sums of means and careful edits")
    parse.add_argument("--out", type=Path, default=Path("faces.json"))
    asked = parse.parse_args()
    torch.set_num_threads(1)
    from safetensors.torch import load_file, save_file

    from gansmith.runs.model import load
    from gansmith.verbs.latents import space_of

    faces = open_faces(asked.data)
    if asked.judge.exists():
        judge = Reader()
        judge.load_state_dict(load_file(asked.judge))
        judge.eval().requires_grad_(False)
    else:
        judge = learn(faces)
        save_file({name: value.contiguous() for name, value in judge.state_dict().items()}, asked.judge)
    print("right on held-out real faces:", {name: f"{value:.1%}" for name, value in right(judge, faces).items()})
    bench = bench_of(space_of(load(asked.run, out=asked.runs)), judge)
    rows = [one for target in TARGETS for one in sums(bench, target)]
    for repeat in range(asked.repeats):
        for target in TARGETS:
            if not asked.careful:
                rows += tried(bench, target, repeat)
            if repeat < CAREFULLY:
                rows.append(one_by_one(bench, target, repeat))
            asked.out.write_text(json.dumps([asdict(one) for one in rows]), "utf-8")
        print("\n".join(table(rows)), flush=True)


if __name__ == "__main__":
    main()
