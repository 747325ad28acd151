"""InfoGAN on MNIST: the error of its 10-way code against the digits, over several seeds.

python benchmarks/infogan.py shared/data/mnist [--seeds 5] [--updates 5000] [--set agreement=3] [--out rows.jsonl]

Chen et al. 2016 report 5 %, of one training. Each training sees the 60 000 training images and no label; then its
reader names the 10 000 test digits, and values of the code are matched with digits one to one.
"""

from __future__ import annotations

import argparse
import json
import statistics
import time
from itertools import islice
from pathlib import Path
from typing import Any

MOMENTS = 5  # of a training at which the error is taken


def one(folder: Path, seed: int, updates: int, changes: dict[str, str]) -> dict[str, Any]:
    """Train from one seed; errors by updates, CPU seconds."""
    import torch

    torch.set_num_threads(1)
    from gansmith.data.open import open_data
    from gansmith.data.options import DataOptions
    from gansmith.engine import Engine, keep_memory
    from gansmith.families.infogan import INFOGAN
    from gansmith.game.averages import Averages
    from gansmith.game.loop import play
    from gansmith.game.optimizers import Optimizers
    from gansmith.verbs.plan import build

    keep_memory()
    dataset = open_data(str(folder / "train-images-idx3-ubyte.gz"), DataOptions(holdout=0))
    test = open_data(str(folder / "t10k-images-idx3-ubyte.gz"), DataOptions(holdout=0))
    settings = INFOGAN.settings.read(changes)
    game = build(INFOGAN, settings, dataset.spec, updates * settings.batch, seed, "cpu")
    batches = dataset.batches(settings.batch, seed=seed, seen=0)
    engine = Engine("cpu", "bf16")
    steps = play(game, batches, Optimizers(game), Averages(game), seed=seed, engine=engine)
    begun, errors = time.process_time(), {}
    for step in islice(steps, updates):
        if (step.number + 1) % max(1, updates // MOMENTS) == 0:
            errors[step.number + 1] = error(game, settings, test)
            print(f"seed {seed}: {step.number + 1} updates, {errors[step.number + 1]:.2%}", flush=True)
    return {"seed": seed, "settings": changes, "errors": errors, "cpu_seconds": round(time.process_time() - begun)}


def error(game: Any, settings: Any, test: Any) -> float:
    """Share of the test digits that the code names wrongly, under the best matching."""
    from gansmith.families.infogan import read
    from gansmith.measure.codes import matched

    game.networks.eval()
    told = read(game.networks, test.tensor(test.train), settings.codes)
    game.networks.train()
    (values,) = settings.codes.categorical(told)
    return matched(values.argmax(1).numpy(), test.labels[test.train]).error


def main() -> None:
    parse = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parse.add_argument("folder", type=Path)
    parse.add_argument("--seeds", type=int, default=5)
    parse.add_argument("--first", type=int, default=0, help="the first seed")
    parse.add_argument("--updates", type=int, default=5000)
    parse.add_argument("--set", nargs="*", default=[], metavar="KEY=VALUE")
    parse.add_argument("--out", type=Path, default=Path("infogan.jsonl"))
    asked = parse.parse_args()
    changes = dict(pair.split("=", 1) for pair in asked.set)
    ends = []
    for seed in range(asked.first, asked.first + asked.seeds):
        row = one(asked.folder, seed, asked.updates, changes)
        with asked.out.open("a") as file:
            file.write(json.dumps(row) + "\n")
        ends.append(row["errors"][max(row["errors"])])
        print(f"median of {len(ends)}: {statistics.median(ends):.2%}, {min(ends):.2%} to {max(ends):.2%}", flush=True)


if __name__ == "__main__":
    main()
