"""What a run's images are worth to a classifier, at several shares of them and strictnesses of the filters.

python -m benchmarks.gain RUN DATA [--test TEST] [--sizes 50,all] [--ratios 1] [--confidences 0.5] [--repeats 3]

As `gansmith augment` measures it, one thread. A line of JSON per size, ratio and confidence goes to --to as soon as it
is there, and a row of a table to the screen; the table of a fair comparison has --sizes all and a RUN trained on DATA.
"""

from __future__ import annotations

import argparse
import json
import time
from dataclasses import asdict, replace
from pathlib import Path
from statistics import fmean

import numpy as np
import torch

from gansmith.cli.augment import read_sizes
from gansmith.measure import classifier
from gansmith.measure.gain import ARMS, COMPARED, LONGER, Size
from gansmith.runs.model import load
from gansmith.verbs.filtering import collect, filters_for, judge_of
from gansmith.verbs.sides import in_float32
from gansmith.verbs.suited import fitted
from gansmith.verbs.worth import measured, tests_for

TRIES = 10


def silent(what: str, done: int, total: int) -> None:
    pass


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("run")
    parser.add_argument("data")
    parser.add_argument("--test")
    parser.add_argument("--runs", type=Path, default=Path("runs"))
    parser.add_argument("--sizes", default="all")
    parser.add_argument("--ratios", default="1")
    parser.add_argument("--confidences", default="0.5")
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--shown", type=int, help="images that each classifier is shown, instead of what augment shows")
    parser.add_argument("--to", type=Path, default=Path("gain.jsonl"))
    options = parser.parse_args()
    torch.set_num_threads(1)
    if options.shown:
        classifier.SHOWN = (options.shown // LONGER, options.shown // LONGER)
    ratios = [float(word) for word in options.ratios.split(",")]
    model = in_float32(load(options.run, out=options.runs))
    plan = fitted(model, options.data, silent)
    tests, notes = tests_for(plan, options.test, silent)
    if tests is None or plan.train.labels is None:
        raise SystemExit("; ".join(notes))
    print(f"{model.run}, {plan.model.spec.count:,} images seen by the generator, tested on {len(tests):,}")
    most = int(np.ceil(max(ratios) * np.bincount(plan.train.labels).max()))
    wanted = np.full(len(plan.classes), most)
    strict = judge_of(plan.train, len(plan.classes), 0.0, options.seed, silent)
    filters = filters_for(plan.known, plan.held, strict, options.seed, silent)
    for confidence in (float(word) for word in options.confidences.split(",")):
        judge = None if strict is None else replace(strict, confidence=confidence)
        chosen = replace(filters, judge=judge)
        found = collect(plan.draw, chosen, wanted, told=plan.told, tries=TRIES, seed=options.seed)
        refused = {why: sum(tally.refused[why] for tally in found.tallies) for why in found.tallies[0].refused}
        print(f"confidence {confidence:g}: kept {len(found.images):,}, refused {refused}", flush=True)
        for ratio in ratios:
            for size in read_sizes(options.sizes):
                began = time.process_time()
                flips = judge is not None and judge.flips
                wish = ((size,), ratio, options.repeats, options.seed)
                result = measured(plan, found, tests, flips, silent, *wish)
                told = {"run": model.run, "ratio": ratio, "confidence": confidence, **asdict(result)}
                told["shown"] = options.shown
                told |= {"accuracy": None if judge is None else judge.accuracy, "refused": refused}
                told |= {"seconds": time.process_time() - began}
                with options.to.open("a", encoding="utf-8") as file:
                    file.write(json.dumps(told) + "\n")
                for one in result.sizes:
                    print(row(one, ratio, confidence), flush=True)


def row(size: Size, ratio: float, confidence: float) -> str:
    """A line of the table: real and synthetic images, mean accuracies, and what each addition gains."""
    cells = [f"{size.per_class or 'all'}", f"{size.real:,}", f"{size.synthetic:,}", f"{ratio:g}", f"{confidence:g}"]
    cells += [f"{100 * fmean(size.accuracies[arm]):.1f}" for arm in ARMS]
    cells += [f"{g.points:+.1f} ({g.low:+.1f} to {g.high:+.1f})" for g in (size.gains[name] for name in COMPARED)]
    return f"| {' | '.join(cells)} |"


if __name__ == "__main__":
    main()
