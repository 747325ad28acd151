"""Mode coverage by PacGAN's protocol: robust and the plain GAN on ring and grid, through the product's own verbs.

python benchmarks/modes.py [--seeds 10] [--workers 2] [--images N] ...; results go to benchmarks/RESULTS.md.
"""

from __future__ import annotations

import argparse
import os
import statistics
import sys
import tempfile
import time
from concurrent.futures import ProcessPoolExecutor
from dataclasses import asdict
from datetime import date
from multiprocessing import get_context
from pathlib import Path
from typing import Any

RESULTS = Path(__file__).with_name("RESULTS.md")
SAMPLES = 2500
LIMIT = {"ring": 5.0, "grid": 10.0}  # CPU-minutes a run may take


def one(data: str, family: str, seed: int, duration: str) -> dict[str, Any]:
    """Train one run with nothing but family, length and seed given; score its samples."""
    import torch

    torch.set_num_threads(1)
    from gansmith import load, train
    from gansmith.data import synthetic
    from gansmith.measure.modes import coverage

    centres, sigma = {
        "ring": (synthetic.ring_centres(), synthetic.RING_SIGMA),
        "grid": (synthetic.grid_centres(), synthetic.GRID_SIGMA),
    }[data]

    began = time.process_time()
    with tempfile.TemporaryDirectory() as folder:
        run = train(data, family=family, duration=duration, seed=seed, out=folder, device="cpu")
        points = load(run.path).sample(SAMPLES, seed=12345 + seed)
    score = coverage(points, centres, sigma)
    minutes = (time.process_time() - began) / 60
    return {"data": data, "family": family, "seed": seed, "minutes": minutes, **asdict(score)}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", type=int, default=10)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--ring", default="", help="length of a ring run (default: the product's own)")
    parser.add_argument("--grid", default="", help="length of a grid run (default: the product's own)")
    parser.add_argument("--families", default="robust,gan")
    parser.add_argument("--first", type=int, default=0, help="first seed")
    options = parser.parse_args()
    os.environ["OMP_NUM_THREADS"] = "1"
    jobs = [
        (data, family, seed, getattr(options, data) or None)
        for data in ("ring", "grid")
        for family in options.families.split(",")
        for seed in range(options.first, options.first + options.seeds)
    ]
    with ProcessPoolExecutor(options.workers, mp_context=get_context("spawn")) as pool:
        results = []
        for result in pool.map(one, *zip(*jobs, strict=True)):
            results.append(result)
            print({k: round(v, 4) if isinstance(v, float) else v for k, v in result.items()}, flush=True)
    lines = table(results)
    print("\n".join(lines))
    command = " ".join(["python benchmarks/modes.py", *sys.argv[1:]])
    with RESULTS.open("a", encoding="utf-8") as file:
        file.write(
            "\n".join(["", f"## Mode coverage, {date.today()}", "", f"`{command}`, one thread a run", "", *lines, ""])
        )


def table(results: list[dict[str, Any]]) -> list[str]:
    """Markdown lines: a row per data set and family, mean (worst) over seeds."""
    lines = [
        "| data | family | n | modes: mean (worst) | seeds with all | high quality: mean (worst) |"
        " reverse KL: mean (worst) | CPU minutes: mean (most) |",
        "|---|---|---|---|---|---|---|---|",
    ]
    for data, family in dict.fromkeys((r["data"], r["family"]) for r in results):
        rows = [r for r in results if (r["data"], r["family"]) == (data, family)]

        def mean(key: str, rows: list[dict[str, Any]] = rows) -> float:
            return statistics.mean(r[key] for r in rows)

        lines.append(
            f"| {data} | {family} | {len(rows)} | {mean('modes'):.1f} ({min(r['modes'] for r in rows)}) of"
            f" {rows[0]['total']} | {sum(r['modes'] == r['total'] for r in rows)} of {len(rows)} |"
            f" {mean('high_quality'):.2%} ({min(r['high_quality'] for r in rows):.2%}) |"
            f" {mean('reverse_kl'):.4f} ({max(r['reverse_kl'] for r in rows):.4f}) |"
            f" {mean('minutes'):.1f} ({max(r['minutes'] for r in rows):.1f} of {LIMIT[data]:.0f}) |"
        )
    return lines


if __name__ == "__main__":
    main()
