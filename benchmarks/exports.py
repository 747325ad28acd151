"""How near exported graphs come to their runs, how large they are, and how fast beside PyTorch: a row for each run.

    python benchmarks/exports.py RUN [RUN ...] [--pairs 7]

One thread each. Times are medians of interleaved pairs; a ratio above 1 means that ONNX Runtime is faster.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from pathlib import Path
from statistics import median

import torch

from gansmith.runs.model import load
from gansmith.verbs.export import export
from gansmith.verbs.graphs import needed, portable, session

BATCHES = (1, 64)
HEADINGS = (
    "run",
    "samples",
    "ONNX, apart",
    "pt2, apart",
    "MB",
    "ms, batch 1",
    "PyTorch",
    "ratio",
    "ms, 64",
    "PyTorch",
    "ratio",
)


def row(path: Path, pairs: int) -> list[str]:
    """The figures of one run."""
    with tempfile.TemporaryDirectory() as aside:
        found = {kind: export(path, kind, folder=Path(aside) / kind) for kind in ("onnx", "pt2")}
        file = Path(aside) / "onnx" / "model.onnx"
        model = load(path, device="cpu")
        model = replace(model, engine=replace(model.engine, precision="32"))
        module = portable(model)
        run = session(needed(), file, [one.name for one in module.inputs], threads=1)
        shape = "x".join(map(str, model.spec.shape))
        cells = [f"{model.config.family} ({path.name})", shape]
        cells += [f"{max(one.errors.values()):.1e}" for one in found.values()] + [f"{file.stat().st_size / 1e6:.2f}"]
        for count in BATCHES:
            chance = torch.Generator().manual_seed(count)
            given = [one.example(count, chance) for one in module.inputs]
            ours, theirs = timed(partial(run, given), partial(module, *given), pairs)
            ratio = median(b / a for a, b in zip(ours, theirs, strict=True))
            cells += [*(f"{1e3 * median(times) / count:.3g}" for times in (ours, theirs)), f"{ratio:.2f}"]
    return cells


@torch.no_grad()
def timed(one: Callable[[], object], other: Callable[[], object], pairs: int) -> tuple[list[float], list[float]]:
    """Seconds of each, in turns, after one of each that does not count."""
    found: tuple[list[float], list[float]] = ([], [])
    for number in range(pairs + 1):
        for work, times in zip((one, other), found, strict=True):
            begun = time.perf_counter()
            work()
            if number:
                times.append(time.perf_counter() - begun)
    return found


def main() -> None:
    words = argparse.ArgumentParser(description=__doc__)
    words.add_argument("runs", nargs="+", type=Path)
    words.add_argument("--pairs", type=int, default=7)
    asked = words.parse_args()
    torch.set_num_threads(1)
    print("| " + " | ".join(HEADINGS) + " |\n|" + " --- |" * len(HEADINGS), flush=True)
    for path in asked.runs:
        try:
            print("| " + " | ".join(row(path.resolve(), asked.pairs)) + " |", flush=True)
        except Exception as error:  # the others are worth their rows
            print(f"{path}: {error}", file=sys.stderr, flush=True)


if __name__ == "__main__":
    main()
