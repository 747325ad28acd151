"""DoctorBench: how often the doctor notices a doomed training, names it, and saves it.

python -m benchmarks.doctor record     train controls and spoiled trainings, and judge them from outside
python -m benchmarks.doctor bank       train more controls of the tuning cells: for a tighter bound
python -m benchmarks.doctor calibrate  thresholds from the healthy controls of the tuning cells
python -m benchmarks.doctor replay     what the detectors say of what was recorded
python -m benchmarks.doctor treat      the doomed again, with the doctor and with each baseline
python -m benchmarks.doctor wild       configurations drawn from wide ranges, without and with the doctor
python -m benchmarks.doctor table      the section in RESULTS.md
python -m benchmarks.doctor all        all of these but bank and calibrate, which change the doctor
python -m benchmarks.doctor mistakes   which recorded trainings the detectors get wrong

Work lies in build/doctor, and what is there is not done again. Ctrl-C loses what is being trained and nothing else.
"""

from __future__ import annotations

import argparse
import json
import math
import os
import signal
import sys
import time
import traceback
from collections.abc import Callable, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from itertools import islice
from multiprocessing import get_context
from pathlib import Path
from typing import Any

from benchmarks import bank, schedule
from benchmarks.counts import Seen, mistakes
from benchmarks.faults import CELLS, Trial
from benchmarks.replays import Replay, replayed, version
from benchmarks.spoils import there
from benchmarks.trials import answer_path, answered

ROOT = Path(__file__).resolve().parents[1]
THRESHOLDS = ROOT / "src" / "gansmith" / "doctor" / "thresholds.json"
PARTS = ("record", "replay", "treat", "wild", "table")
TUNERS = ("bank", "calibrate", "mistakes")


def attempt(function: Callable[..., Any], *args: Any) -> tuple[Any, str]:
    """What it returns, or why it does not: the benchmark goes on, and whoever reads its log sees what is missing."""
    try:
        return function(*args), ""
    except KeyboardInterrupt:
        return None, "stopped"
    except Exception:
        return None, traceback.format_exc()


def deaf() -> None:
    """Between trainings a worker leaves Ctrl-C to its parent; a training has its own way to stop."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)


def play(jobs: Sequence[tuple[str, tuple[Any, ...]]], workers: int, minutes: float = math.inf) -> None:
    """Run jobs (name, function and arguments) in processes, a line for each; begin none when the time is up."""
    began, done, left = time.monotonic(), 0, iter(jobs)
    with ProcessPoolExecutor(workers, mp_context=get_context("spawn"), initializer=deaf) as pool:
        running: dict[Future[Any], str] = {}

        def begin(count: int) -> None:
            for name, job in islice(left, count):
                running[pool.submit(attempt, *job)] = name

        try:
            begin(workers if minutes > 0 else 0)
            while running:
                for finished in wait(running, return_when=FIRST_COMPLETED).done:
                    done += 1
                    spent, (words, error) = (time.monotonic() - began) / 60, finished.result()
                    print(f"{done}/{len(jobs)} {spent:.1f} min  {running.pop(finished)}: {error or words}", flush=True)
                    if spent < minutes:
                        begin(1)
        except KeyboardInterrupt:
            pool.shutdown(wait=True, cancel_futures=True)
            raise


def record(work: Path, trials: Sequence[Trial], workers: int, minutes: float) -> None:
    """Train what has no answer yet."""
    missing = [trial for trial in trials if not answer_path(work, trial).exists()]
    print(f"{len(missing)} of {len(trials)} trainings to do", flush=True)
    play([(trial.name, (answered, work, trial)) for trial in missing], workers, minutes)


def replay(work: Path, trials: Sequence[Trial], workers: int) -> None:
    names = [trial.name for trial in trials if answer_path(work, trial).exists()]
    missing = [name for name in names if not (work / "replays" / version() / f"{name}.json").exists()]
    print(f"{len(missing)} of {len(names)} histories to replay with the doctor of version {version()}", flush=True)
    shares = [missing[start :: 8 * workers] for start in range(min(len(missing), 8 * workers))]
    play([(f"{len(share)} histories", (replay_all, work, share)) for share in shares], workers)


def replay_all(work: Path, names: Sequence[str]) -> str:
    for name in names:
        replayed(work, name)
    return "done"


def replays(work: Path, found: Sequence[bank.Record]) -> dict[str, Replay]:
    return {one.trial.name: replayed(work, one.trial.name) for one in found}


def treat(work: Path, trials: Sequence[Trial], workers: int, minutes: float) -> None:
    found = bank.records(work, trials, references(work))
    doomed = [one for one in found if one.outcome == "doomed"]
    healthy = [one for one in found if one.outcome == "healthy" and not one.trial.fault]
    record(work, schedule.treated(doomed, healthy, replays(work, [*doomed, *healthy])), workers, minutes)


def references(work: Path) -> dict[str, bank.Reference]:
    found = bank.references(work, {trial.name: trial for trial in [*schedule.controls(), *schedule.bank()]}.values())
    if schedule.LIKE_WIDE in found:
        found[schedule.WIDE.name] = found[schedule.LIKE_WIDE]
    return found


def calibrate(work: Path, into: Path) -> None:
    """Write the thresholds that the healthy controls of the tuning cells give."""
    from gansmith.doctor.calibrate import calibrate as thresholds_from
    from gansmith.doctor.thresholds import seeds

    found = bank.records(work, schedule.bank(), references(work))
    healthy = [one for one in found if one.outcome == "healthy"]
    names = sorted(one.trial.name for one in healthy)
    made = thresholds_from([bank.history_of_trial(work, name) for name in names], seeds())
    about = {"made by": "python -m benchmarks.doctor calibrate", "healthy runs": len(names)}
    about |= {"of cells": sorted({one.trial.cell.name for one in healthy})}
    into.write_text(written({**about, **made.to_json()}), "utf-8")
    print(f"{into}: from {len(names)} healthy runs, at most {made.bound:.1%} of those of any kin alarmed")


def written(table: dict[str, Any]) -> str:
    """JSON with a line for each row of thresholds."""
    limits = table["thresholds"]
    head = ",\n".join(f"  {json.dumps(key)}: {json.dumps(table[key])}" for key in table if key != "thresholds")
    ailments = [
        f"    {json.dumps(name)}: {{\n"
        + ",\n".join(f"      {json.dumps(kin)}: {json.dumps(row)}" for kin, row in rows.items())
        + "\n    }"
        for name, rows in limits.items()
    ]
    return "{\n" + head + ',\n  "thresholds": {\n' + ",\n".join(ailments) + "\n  }\n}\n"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("part", choices=(*PARTS, *TUNERS, "all"))
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--minutes", type=float, default=math.inf, help="begin no training after so long")
    parser.add_argument("--seeds", type=int, default=schedule.SEEDS, help="of each fault; of controls twice as many")
    parser.add_argument("--reverse", action="store_true", help="begin at the end: for a second worker elsewhere")
    parser.add_argument("--only", default="", help="substrings of names, comma-separated")
    parser.add_argument("--work", type=Path, default=ROOT / "build" / "doctor", help="where recordings lie")
    parser.add_argument("--into", type=Path, default=THRESHOLDS, help="where calibrate writes")
    options = parser.parse_args()
    os.environ["OMP_NUM_THREADS"] = "1"
    words, work, end = options.only.split(","), options.work, time.monotonic() + 60 * options.minutes

    def chosen(trials: Sequence[Trial]) -> list[Trial]:
        kept = [trial for trial in trials if there(trial.cell) and any(word in trial.name for word in words)]
        return kept[::-1] if options.reverse else kept

    if absent := [cell.name for cell in CELLS if not there(cell)]:
        print(f"left out, because their data is not here: {', '.join(absent)}")
    trials, drawn = chosen(schedule.watched(options.seeds)), chosen(list(schedule.wild()))
    wanted = PARTS if options.part == "all" else (options.part,)
    for part in wanted:
        left = max(0.0, end - time.monotonic()) / 60
        if part == "record":
            record(work, trials, options.workers, left)
        elif part == "bank":
            record(work, chosen(schedule.bank()), options.workers, left)
        elif part == "calibrate":
            calibrate(work, options.into)
        elif part == "replay":
            replay(work, trials, options.workers)
        elif part == "treat":
            treat(work, trials, options.workers, left)
        elif part == "wild":
            record(work, drawn, options.workers, left)
        elif part == "mistakes":
            found = bank.records(work, trials, references(work))
            print("\n".join(mistakes([Seen(one, replayed(work, one.trial.name)) for one in found])))
        elif part == "table":
            from benchmarks.tables import write

            limits = f" --only {options.only}" if options.only else ""
            command = f"python -m benchmarks.doctor all --seeds {options.seeds}{limits}"
            write(work, bank.records(work, trials, references(work)), command)


if __name__ == "__main__":
    try:
        main()
    except KeyboardInterrupt:
        sys.exit("Stopped; what is done is kept.")
