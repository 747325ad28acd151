"""What an image costs in every family, beside dcgan: the same 32x32 colour images, each family as its recipe has it.

python benchmarks/families.py [--rounds 5] [--dry]; the medians are what `gansmith models` shows.
"""

from __future__ import annotations

import argparse
import json
import statistics
import time
from collections.abc import Callable, Iterator
from datetime import date
from itertools import islice, repeat
from pathlib import Path
from typing import Any

import torch
from speed import write_section

import gansmith.families as listed
from gansmith import engine as engines
from gansmith.data.batch import Batch
from gansmith.data.captions import encode
from gansmith.data.spec import DataSpec
from gansmith.families import Family, families
from gansmith.game.acts import remaining
from gansmith.game.averages import Averages
from gansmith.game.game import Step
from gansmith.game.loop import play
from gansmith.game.optimizers import Optimizers
from gansmith.verbs.plan import build

YARDSTICK, SIDE, IMAGES = "dcgan", 32, 1_000_000
SECONDS, WARM = 2.0, 2  # of each measurement; steps before it
CAPTIONS = ("a red heart", "two blue stars")
COMES: dict[str, dict[str, Any]] = {
    "labels": {"classes": tuple("abcdefghij")},
    "captions": {"captions": CAPTIONS, "words": ("heart",), "caption_bytes": 64},
    "paired": {"pairing": "paired"},
    "unpaired": {"pairing": "unpaired"},
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--dry", action="store_true", help="write nothing down")
    options = parser.parse_args()
    engines.keep_memory()
    measured = {family.name: per_image(family) for family in families().values() if "images" in family.kinds}
    ratios: dict[str, list[float]] = {name: [] for name in measured}
    last: dict[str, list[float]] = {name: [] for name in measured}  # its last act: of one that grows, at full size
    for _ in range(options.rounds):
        for name, seconds in measured.items():
            before, own, after = measured[YARDSTICK](), seconds(), measured[YARDSTICK]()
            for kept, took in ((ratios, own[0]), (last, own[1])):
                kept[name].append(2 * took / (before[0] + after[0]))
    medians = {name: round(statistics.median(found), 2) for name, found in ratios.items()}
    lines = [
        f"`python benchmarks/families.py`, {options.rounds} rounds, {torch.get_num_threads()} threads, "
        f"{date.today()}: processor time per training image of {SIDE}x{SIDE} in colour, each family by its own recipe, "
        f"over that of *{YARDSTICK}*, measured in turn; of a training in acts, over all of it and in the last alone.",
        "",
        "| family | median | spread | last act | batch |",
        "|---|---|---|---|---|",
    ]
    for name, found in ratios.items():
        batch = families()[name].settings.read(dict(families()[name].recipe(data(families()[name])).values)).batch
        spread, full = f"{min(found):.2f} to {max(found):.2f}", statistics.median(last[name])
        lines.append(f"| {name} | {medians[name]:.2f} | {spread} | {full:.2f} | {batch} |")
    print("\n".join(lines))
    if not options.dry:
        write_section("What an image costs in every family", lines)
        Path(listed.__file__).with_name("cost.json").write_text(json.dumps(medians, indent=2) + "\n")


def data(family: Family) -> DataSpec:
    comes = COMES.get(family.needs.partition(" or ")[0], {})
    return DataSpec(kind="images", shape=(3, SIDE, SIDE), count=10_000, fingerprint="0" * 64, **comes)


def per_image(family: Family) -> Callable[[], tuple[float, float]]:
    """A function that trains a while longer and says how many seconds an image took: over all acts, and in the last."""
    engine, spec = engines.choose("cpu", "auto"), data(family)
    settings = family.settings.read(dict(family.recipe(spec).values))
    game = build(family, settings, spec, IMAGES, 0, engine.device)
    ends = [end for _, end in remaining(game.acts, 0)]
    parts: list[tuple[float, int, Iterator[Step]]] = []
    for act, end in zip(game.acts, ends, strict=True):
        batch = batch_of(family, spec, act.batch or settings.batch, act.size or (SIDE, SIDE))
        learners = (Optimizers(game), Averages(game))
        steps = play(game.during(act), repeat(batch), *learners, seen=end - act.images // 2, engine=engine)
        for _ in islice(steps, WARM):
            pass
        parts.append((act.images / ends[-1], len(batch), steps))

    def seconds() -> tuple[float, float]:
        each = [per_step(steps, SECONDS / len(parts)) / size for _, size, steps in parts]
        return sum(share * took for (share, _, _), took in zip(parts, each, strict=True)), each[-1]

    return seconds


def batch_of(family: Family, spec: DataSpec, size: int, grid: tuple[int, int]) -> Batch:
    layout = torch.channels_last if family.channels_last else torch.contiguous_format
    image = (torch.rand(size, spec.shape[0], *grid) * 2 - 1).contiguous(memory_format=layout)
    caption = torch.from_numpy(encode(list(CAPTIONS), 64))[torch.arange(size) % len(CAPTIONS)]
    label = torch.arange(size) % max(1, len(spec.classes))
    return Batch(image, label, {"caption": caption, "source": image.flip(3)})


def per_step(steps: Iterator[Step], budget: float) -> float:
    """The processor's seconds for a step, watched for about `budget` of them; the clock's go by what else runs."""
    begin, taken = time.process_time(), 0
    while time.process_time() - begin < budget:
        next(steps)
        taken += 1
    return (time.process_time() - begin) / taken


if __name__ == "__main__":
    main()
