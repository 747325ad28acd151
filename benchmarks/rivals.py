"""Every family that needs no labels on the same pictures: equal processor time, equal data and scores, several seeds.

python -m benchmarks.rivals DATA --minutes 20 --seeds 3 [--size 64] [--families robust,vae] [--out build/rivals]

`gansmith compare` with one difference: a training's length is its share of processor seconds, measured of one thread,
not what a clock says, so that trainings may run on a busy machine. Labels are left out. What is finished in the folder
is not trained again; the table tells of all trainings that are there, and is written down with --title.
"""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Mapping
from datetime import date
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
import torch

from benchmarks.speed import write_section
from gansmith.data.dataset import Dataset
from gansmith.data.open import open_data
from gansmith.data.options import DataOptions
from gansmith.engine import choose, keep_memory
from gansmith.families import family
from gansmith.game.acts import remaining
from gansmith.game.averages import Averages
from gansmith.game.loop import play
from gansmith.game.optimizers import Optimizers
from gansmith.runs.comparison import COLUMNS, Candidate, Comparison
from gansmith.runs.quantities import measure
from gansmith.verbs.classical import CLASSICAL
from gansmith.verbs.compare import FEATURES, classical, finished, trained
from gansmith.verbs.plan import build

FAMILIES = (
    *("robust", "stylegan2", "msg-gan", "progressive", "dcgan", "gan", "infogan"),
    *("vae", "vae-gan", "naive-bayes", "mixture"),
)
TRIED, STEPS, WARM = 1_000_000, 24, 2  # images of a game that is only timed, its steps per act, steps before
COUNTS = {"naive-bayes": 1}  # passes over the data of what counts instead of learning


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data")
    parser.add_argument("--minutes", type=float, default=20.0, help="of one processor, per training")
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--families", default=",".join(FAMILIES))
    parser.add_argument("--size")
    parser.add_argument("--count", type=int, default=2000, help="samples that are scored")
    parser.add_argument("--out", type=Path, default=Path("build/rivals"))
    parser.add_argument("--title", default="", help="write the table under this title into RESULTS.md")
    options = parser.parse_args()
    torch.set_num_threads(1)
    keep_memory()
    data = unlabelled(options.data, options.size, options.out)
    dataset = open_data(str(data), DataOptions())
    names = options.families.split(",")
    lengths = {name: length(name, dataset, options) for name in names if name not in CLASSICAL}
    for seed in range(options.seeds):  # seed after seed, so that an early end leaves whole rounds
        for name, duration in lengths.items():
            print(f"{name}, seed {seed}: {duration}", flush=True)
            finished(name, data, duration, seed, DataOptions(), options.out, "cpu", quiet)
    found = [candidate(name, dataset, data, lengths, options) for name in names]
    ordered = tuple(sorted(found, key=lambda one: one.figures[COLUMNS[0]].value if one.figures else np.inf))
    words = f"{options.minutes:g} minutes of one processor"
    real = f"{len(dataset.held)} held-out images and others"
    comparison = Comparison(
        str(options.data), words, options.seeds, options.count, real, FEATURES, ordered, options.out
    )
    comparison.write()
    lines = table(comparison, lengths)
    print("\n".join(lines))
    if options.title:
        write_section(options.title, lines)


def quiet(report: Mapping[str, Any]) -> None:
    if "warning" in report:
        print(f"  {report['warning']}", flush=True)


def unlabelled(source: str, size: str | None, out: Path) -> Path:
    """The prepared images of a source alone, without labels or captions, as one .npz."""
    kept = out / "images.npz"
    if not kept.exists():
        out.mkdir(parents=True, exist_ok=True)
        values = open_data(source, DataOptions.read({"size": size, "holdout": 0.0})).values
        np.savez(kept, images=values[..., 0] if values.shape[3] == 1 else values)
    return kept


def length(name: str, dataset: Dataset, options: argparse.Namespace) -> str:
    """The duration that takes so much processor time; measured once and then kept."""
    kept = options.out / "lengths.json"
    known: dict[str, str] = json.loads(kept.read_text("utf-8")) if kept.exists() else {}
    if name not in known:
        images = COUNTS[name] * dataset.spec.count if name in COUNTS else 60 * options.minutes / cost(name, dataset)
        known[name] = f"{max(1, round(images / 1000))}kimg"
        kept.write_text(json.dumps(known, indent=2) + "\n", "utf-8")
    return known[name]


def cost(name: str, dataset: Dataset) -> float:
    """Processor seconds of a training image of a family by its own recipe, averaged over its acts."""
    chosen, engine = family(name), choose("cpu")
    settings = chosen.settings.read(dict(chosen.recipe(dataset.spec).values))
    game = build(chosen, settings, dataset.spec, TRIED, 0, "cpu")
    seconds = 0.0
    for act, end in remaining(game.acts, 0):
        batches = dataset.at(act.size).batches(act.batch or settings.batch, seed=0, seen=0)
        learners = (Optimizers(game), Averages(game))
        steps = play(game.during(act), batches, *learners, number=1, seen=end - act.images // 2, engine=engine)
        for _ in islice(steps, WARM):
            pass
        begin = time.process_time()
        taken = sum(len(step.batch) for step in islice(steps, STEPS))
        seconds += (time.process_time() - begin) / taken * act.images / TRIED
    return seconds


def candidate(
    name: str, dataset: Dataset, data: Path, lengths: Mapping[str, str], options: argparse.Namespace
) -> Candidate:
    if name in CLASSICAL:
        return classical(name, dataset, str(data), options.count, options.seeds, quiet)
    return trained(name, data, lengths[name], options.seeds, options.count, DataOptions(), options.out, "cpu", quiet)


def table(comparison: Comparison, lengths: Mapping[str, str]) -> list[str]:
    """The comparison as Markdown: means over the seeds, and between which values they lie."""
    floor = [measure(comparison.floor[column]) if column in comparison.floor else "" for column in COLUMNS]
    lines = [
        f"`python -m benchmarks.rivals {Path(comparison.source).name}`, {comparison.duration} per training, "
        f"{comparison.seeds} seeds, {comparison.count} samples, {date.today()}; {comparison.features}; best KID first, "
        "mean (lowest to highest seed).",
        "",
        f"| family | images | {' | '.join(COLUMNS)} |",
        f"|---|---|{'---|' * len(COLUMNS)}",
        f"| real images | | {' | '.join(floor)} |",
    ]
    for one in comparison.candidates:
        cells = [one.figures[column].text() if column in one.figures else one.failed for column in COLUMNS]
        lines.append(f"| {one.name} | {lengths.get(one.name, '')} | {' | '.join(cells)} |")
    return lines


if __name__ == "__main__":
    main()
