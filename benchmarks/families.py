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
    for _ in range(options.rounds):
        for name, seconds in measured.items():
            before, own, after = measured[YARDSTICK](), seconds(), measured[YARDSTICK]()
            ratios[name].append(2 * own / (before + after))
    medians = {name: round(statistics.median(found), 2) for name, found in ratios.items()}
    lines = [
        f"`python benchmarks/families.py`, {options.rounds} rounds, {torch.get_num_threads()} threads, "
        f"{date.today()}: time per training image of {SIDE}x{SIDE} in colour, each family by its own recipe, "
        f"over that of *{YARDSTICK}*, measured in turn.",
        "",
        "| family | median | spread | batch |",
        "|---|---|---|---|",
    ]
    for name, found in ratios.items():
        batch = families()[name].settings.read(dict(families()[name].recipe(data(families()[name])).values)).batch
        lines.append(f"| {name} | {medians[name]:.2f} | {min(found):.2f} to {max(found):.2f} | {batch} |")
    print("\n".join(lines))
    if not options.dry:
        write_section("What an image costs in every family", lines)
        Path(listed.__file__).with_name("cost.json").write_text(json.dumps(medians, indent=2) + "\n")


def data(family: Family) -> DataSpec:
    comes = COMES.get(family.needs.partition(" or ")[0], {})
    return DataSpec(kind="images", shape=(3, SIDE, SIDE), count=10_000, fingerprint="0" * 64, **comes)


def per_image(family: Family) -> Callable[[], float]:
    """A function that trains a while longer and says how many seconds an image took."""
    engine, spec = engines.choose("cpu", "auto"), data(family)
    settings = family.settings.read(dict(family.recipe(spec).values))
    game = build(family, settings, spec, IMAGES, 0, engine.device)
    layout = torch.channels_last if family.channels_last else torch.contiguous_format
    image = (torch.rand(settings.batch, *spec.shape) * 2 - 1).contiguous(memory_format=layout)
    caption = torch.from_numpy(encode(list(CAPTIONS), 64))[torch.arange(settings.batch) % len(CAPTIONS)]
    label = torch.arange(settings.batch) % max(1, len(spec.classes))
    batch = Batch(image, label, {"caption": caption, "source": image.flip(3)})
    steps: Iterator[Step] = play(game, repeat(batch), Optimizers(game), Averages(game), engine=engine)
    for _ in islice(steps, WARM):
        pass

    def seconds() -> float:
        begin, taken = time.perf_counter(), 0
        while time.perf_counter() - begin < SECONDS:
            next(steps)
            taken += 1
        return (time.perf_counter() - begin) / (taken * settings.batch)

    return seconds


if __name__ == "__main__":
    main()
