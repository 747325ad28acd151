"""DoctorBench: how often the doctor notices a doomed training, names it, and saves it.

python -m benchmarks.doctor record|calibrate|treat|wild|table [--workers 2] [--only NAME,...]; work lies in
build/doctor, and what is there is not done again.
"""

from __future__ import annotations

import argparse
import json
import math
import os
import time
import traceback
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor, as_completed
from multiprocessing import get_context
from pathlib import Path
from typing import Any

from benchmarks.faults import CELLS, Trial, faults_of

WORK = Path(__file__).resolve().parents[1] / "build" / "doctor"
SEEDS, HEALTHY_SEEDS = 3, 6
FAULT_SEED = 1000  # seeds of spoiled trainings are others than those of healthy ones


def healthy() -> Iterator[Trial]:
    """Controls: every cell as it is and, as people differ, at learning rates from half to twice that."""
    from gansmith.families import family

    for seed in range(HEALTHY_SEEDS):
        for cell in CELLS:
            factor = (1.0, 0.5, 2.0)[seed % 3]
            settings = family(cell.family).settings.read(dict(cell.settings)).model_dump()
            rates = {name: settings[name] * factor for name in ("lr", "lr_end") if settings[name]}
            yield Trial(cell, None, seed, settings={} if factor == 1 else rates)


def spoiled() -> Iterator[Trial]:
    for seed in range(FAULT_SEED, FAULT_SEED + SEEDS):
        for cell in CELLS:
            for fault in faults_of(cell):
                yield Trial(cell, fault, seed)


def answer_path(trial: Trial) -> Path:
    return WORK / "answers" / f"{trial.name}.json"


def one(trial: Trial) -> str:
    """Train one trial unless its answer is there; returns a line about it."""
    from benchmarks.trials import train

    path = answer_path(trial)
    if path.exists():
        return ""
    try:
        answer = train(trial, WORK)
    except Exception:  # the benchmark goes on; whoever reads its log sees why one is missing
        return f"{trial.name}: {traceback.format_exc()}"
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_suffix(".part")
    part.write_text(json.dumps(answer, default=str), "utf-8")
    part.replace(path)
    return f"{trial.name}: {answer['last']} in {answer['cpu_seconds']:.0f} s, {answer['state']}"


def play(trials: list[Trial], workers: int, minutes: float) -> None:
    """Train what is missing, until the time is up."""
    waiting = [trial for trial in trials if not answer_path(trial).exists()]
    began, done = time.monotonic(), 0
    print(f"{len(waiting)} of {len(trials)} trainings to do", flush=True)
    with ProcessPoolExecutor(workers, mp_context=get_context("spawn")) as pool:
        left = iter(waiting)
        running = {pool.submit(one, trial) for trial, _ in zip(left, range(workers))}
        while running:
            finished = next(as_completed(running))
            running.remove(finished)
            done += 1
            spent = (time.monotonic() - began) / 60
            print(f"{done}/{len(waiting)} {spent:.1f} min  {finished.result()}", flush=True)
            if spent < minutes and (trial := next(left, None)):
                running.add(pool.submit(one, trial))


def known(trials: list[Trial]) -> dict[str, dict[str, Any]]:
    """The answers there are, by trial name."""
    return {
        trial.name: json.loads(answer_path(trial).read_text("utf-8")) for trial in trials if answer_path(trial).exists()
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("part", choices=("record",))
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--minutes", type=float, default=math.inf, help="begin no training after so long")
    parser.add_argument("--only", default="", help="substrings of names, comma-separated")
    options = parser.parse_args()
    os.environ["OMP_NUM_THREADS"] = "1"
    trials = [*healthy(), *spoiled()]
    if options.only:
        trials = [trial for trial in trials if any(word in trial.name for word in options.only.split(","))]
    play(trials, options.workers, options.minutes)


if __name__ == "__main__":
    main()
