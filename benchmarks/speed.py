"""Speed and memory beside a plain script: `make bench`, about ten minutes on two quiet cores.

python benchmarks/speed.py [--pairs 5] [--only training,sampling] [--anyway]; the table goes to benchmarks/RESULTS.md.

Every row is a median of ratios, each ratio of two processes run one after the other (A B A B ...), so that a machine
that slows down slows both. On a busy machine there is no verdict.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date
from itertools import pairwise
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent
RESULTS = HERE / "RESULTS.md"
SHARED = Path(os.environ.get("GANSMITH_SHARED", HERE.parents[1] / "shared")) / "data"
BUSY = 0.15  # share of the processors' time that others may take before a pair
WARM = 4  # steps not counted
COLD_SECONDS, LONG = 30.0, 600.0  # waiting for a quiet machine; the training that overheads are a share of


class Busy(Exception):
    """Something else is running: ratios would mean nothing."""


@dataclass(frozen=True)
class Row:
    """One line of the table. at_least, at_most: the goal, if there is one."""

    what: str
    ratios: list[float]
    at_least: float | None = None
    at_most: float | None = None
    note: str = ""
    form: str = "{:.2f}"

    @property
    def verdict(self) -> str:
        middle = statistics.median(self.ratios)
        if self.at_least is None and self.at_most is None:
            return ""
        met = middle >= self.at_least if self.at_least is not None else middle <= (self.at_most or 0)
        return "met" if met else "missed"

    def cells(self) -> list[str]:
        middle, form = statistics.median(self.ratios), self.form.format
        goal = "at least " + form(self.at_least) if self.at_least is not None else ""
        goal = "at most " + form(self.at_most) if self.at_most is not None else goal
        spread = [form(min(self.ratios)), f"**{form(middle)}**", form(max(self.ratios))]
        return [self.what, str(len(self.ratios)), *spread, goal, self.verdict, self.note]


class Bench:
    """Runs probes in fresh processes, in a folder of its own, while the machine is quiet."""

    def __init__(self, folder: Path, pairs: int, anyway: bool) -> None:
        self.folder, self.pairs, self.anyway = folder, pairs, anyway
        self.pictures = folder / "pictures"
        self.result = folder / "result.json"
        self.surroundings = os.environ | {
            "GANSMITH_CACHE": str(folder / "cache"),
            "PYTHONPATH": str(HERE.parent / "src"),
        }

    def quiet(self) -> None:
        """Wait until the machine is; raises Busy when it does not become so."""
        until = time.monotonic() + COLD_SECONDS
        while not self.anyway and (share := others()) > BUSY:
            if time.monotonic() > until:
                raise Busy(f"other processes take {share:.0%} of the processors")

    def run(self, *command: str | Path, cache: str = "cache") -> dict[str, Any]:
        """Run a script that writes the result; adds when it was begun and how long it took."""
        self.result.unlink(missing_ok=True)
        surroundings = self.surroundings | {"GANSMITH_CACHE": str(self.folder / cache)}
        begun = time.time()
        words = [sys.executable, *map(str, command)]
        done = subprocess.run(words, env=surroundings, capture_output=True, text=True, check=False)
        took = time.time() - begun
        if done.returncode:
            raise RuntimeError(f"{' '.join(words)}\n{done.stdout[-2000:]}\n{done.stderr[-4000:]}")
        found = json.loads(self.result.read_text()) if self.result.exists() else {}
        return {**found, "begun": begun, "took": took}

    def probe(self, name: str, *arguments: str | Path, cache: str = "cache") -> dict[str, Any]:
        return self.run(HERE / "probes.py", name, self.result, *arguments, cache=cache)

    def rounds(self) -> Iterator[int]:
        for number in range(self.pairs):
            self.quiet()
            yield number

    def train(self, *settings: str, steps: int, cache: str = "cache") -> dict[str, Any]:
        out = self.folder / "runs"
        shutil.rmtree(out, ignore_errors=True)
        return self.probe(
            "training", self.pictures, out, str(steps), "-b", "64", "prior=normal", *settings, cache=cache
        )


def others(seconds: float = 0.5) -> float:
    """Share of the processors' time in use, while this process sleeps."""

    def times() -> tuple[int, int]:
        fields = [int(field) for field in Path("/proc/stat").read_text().split("\n")[0].split()[1:9]]
        return sum(fields) - fields[3] - fields[4], sum(fields)

    busy, total = times()
    time.sleep(seconds)
    later_busy, later_total = times()
    return (later_busy - busy) / max(1, later_total - total)


def step_seconds(run: dict[str, Any]) -> float:
    moments = run["moments"][WARM:]
    return statistics.median(b - a for a, b in pairwise(moments))


def training(bench: Bench) -> Iterator[Row]:
    """The plain script, default precision and float32 in turn: speed, first step, memory, waiting."""
    fast, exact, first, cold, memory, waiting = [], [], [], [], [], []
    bench.train(steps=1)  # fills the cache: what a first start costs has a row of its own
    for number in bench.rounds():
        plain = bench.run(HERE / "yardstick.py", bench.pictures, "--steps", "16", "--result", bench.result)
        ours = bench.train(steps=40)
        bench.quiet()
        float32 = bench.train("--precision", "32", steps=20)
        assert plain["parameters"] == ours["parameters"] == float32["parameters"], "not the same networks"
        fast.append(step_seconds(plain) / step_seconds(ours))
        exact.append(step_seconds(plain) / step_seconds(float32))
        start = plain["moments"][0] - plain["begun"]
        first.append((ours["moments"][0] - ours["begun"]) / start)
        never = bench.train(steps=1, cache=f"cold{number}")
        cold.append((never["moments"][0] - never["begun"]) / start)
        memory.append(ours["peak_mb"] / plain["peak_mb"])
        waiting.append(sum(ours["clock"]["waiting"][WARM:]) / sum(ours["clock"]["step"][WARM:]))
    yield Row("training, default precision", fast, at_least=3.3, note="images/s, DCGAN 64x64, batch 64")
    yield Row("training, float32", exact, at_least=1.3, note="the same arithmetic")
    yield Row("command to first finished step", first, at_most=0.9, note="pictures seen before")
    yield Row("the same, pictures never seen before", cold, note="all are decoded and kept before the first step")
    yield Row("peak memory", memory, at_most=1.0, note="the plain script without its workers")
    yield Row("waiting for data, share of a step", waiting, at_most=0.01, form="{:.2%}")


def equal_work(bench: Bench) -> Iterator[Row]:
    """Both loops from equal weights on equal pictures and latents: the first losses agree."""
    losses = bench.probe("equal_work")

    def apart(precision: str) -> list[float]:
        return [abs(a - b) / abs(b) for a, b in zip(losses[precision][0], losses["plain"][0], strict=True)]

    yield Row(
        "first losses apart, float32", apart("32"), at_most=1e-3, form="{:.3%}", note="equal weights, pictures, latents"
    )
    yield Row("first losses apart, bfloat16", apart("bf16"), at_most=1e-2, form="{:.3%}")


def peak(bench: Bench) -> Iterator[Row]:
    """Arithmetic done per second against the quickest matrix products of the same process, at batch 128."""
    for precision, goal in (("bf16", 0.27), ("32", 0.70)):
        found = [bench.probe("share_of_peak", precision) for _ in bench.rounds()]
        words = "bfloat16" if precision == "bf16" else "float32"
        note = "batch 128; arithmetic as written, though some is avoided"
        yield Row(
            f"share of the matmul peak, {words}",
            [f["of_matmul"] for f in found],
            at_least=goal,
            form="{:.0%}",
            note=note,
        )
        best = [f["of_best"] for f in found]
        yield Row("  of the faster of matmul and 1x1 convolution", best, form="{:.0%}")


def overhead(bench: Bench) -> Iterator[Row]:
    """What keeping the run costs: shares of a ten-minute training with an average of the weights."""
    shares = []
    for _ in bench.rounds():
        clock = bench.train("ema=20", steps=40)["clock"]
        step = statistics.median(clock["step"][WARM:])
        each = {name: statistics.median(times) for name, times in clock.items() if times}
        now_and_then = 200 * each["tick"] + 40 * each["frame"] + 4 * each["checkpoint"]
        every_step = each["follow"] + 2 * each["_foreach_norm"]
        shares.append(now_and_then / LONG + every_step / step)
    yield Row(
        "journal, pictures, checkpoints, average and norms, share of the time",
        shares,
        at_most=0.05,
        form="{:.2%}",
        note="200 lines, 40 pictures and 4 checkpoints in ten minutes",
    )


def penalties(bench: Bench) -> Iterator[Row]:
    bench.quiet()
    pairs = bench.probe("robust_cost", "bf16" if bench.probe("precision")["bf16"] else "32")["pairs"]
    yield Row(
        "robust: time of a step over that without penalties", [b / a for a, b in pairs], note="the same networks, 64x64"
    )


def data(bench: Bench) -> Iterator[Row]:
    paths, seconds, opened = [], [], []
    first = bench.probe("opening", bench.pictures, cache="opening")
    assert first["opened"] >= first["count"]
    for _ in bench.rounds():
        rates = bench.probe("data_path", bench.pictures)
        paths.append(rates["ours"] / rates["theirs"])
        second = bench.probe("opening", bench.pictures, cache="opening")
        seconds.append(second["seconds"] / first["seconds"])
        opened.append(float(second["opened"]))
    yield Row(
        "pictures as batches", paths, at_least=12, form="{:.0f}", note="per second, against the best of 0, 1, 2 workers"
    )
    yield Row(
        "opening the folder again: pictures opened", opened, at_most=0, form="{:.0f}", note="only the map is read"
    )
    yield Row("  time, over the first opening", seconds, form="{:.3f}")


def sampling(bench: Bench) -> Iterator[Row]:
    bench.train(steps=1)
    (run,) = (bench.folder / "runs").iterdir()
    found = [bench.probe("sampling", run) for _ in bench.rounds()]
    note = "evaluation in float32 without gradients, against sampling to bytes"
    yield Row("sampling, 64 at once", [f["64"][0] / f["64"][1] for f in found], at_least=6, note=note)
    yield Row("sampling, one", [f["1"][0] / f["1"][1] for f in found], at_least=2.2, note=note)


def help_(bench: Bench) -> Iterator[Row]:
    ratios = []
    for _ in bench.rounds():
        torch = bench.run("-c", "import torch")
        ratios.append(bench.run("-m", "gansmith", "--help")["took"] / torch["took"])
    yield Row("gansmith --help, over `import torch`", ratios, at_most=0.15)


GROUPS: dict[str, Callable[[Bench], Iterator[Row]]] = {
    "equal": equal_work,
    "training": training,
    "peak": peak,
    "overhead": overhead,
    "robust": penalties,
    "data": data,
    "sampling": sampling,
    "help": help_,
}


def make_pictures(folder: Path, count: int = 3000) -> str:
    """64x64 colour PNG files: of the shared flowers, or drawn where those are absent. Returns which."""
    import numpy as np
    from PIL import Image

    folder.mkdir()
    archive = SHARED / "flowers" / "flowers_128_dev.zip"
    if archive.exists():
        with zipfile.ZipFile(archive) as zipped:
            names = [name for name in zipped.namelist() if name.lower().endswith((".jpg", ".jpeg", ".png"))][:count]
            for number, name in enumerate(names):
                with zipped.open(name) as file, Image.open(file) as image:
                    small = image.convert("RGB").resize((64, 64), Image.Resampling.BILINEAR)
                small.save(folder / f"{number:05d}.png")
        return f"{len(names)} photographs of flowers"
    chance = np.random.default_rng(0)
    for number in range(count):
        coarse = Image.fromarray(chance.integers(0, 256, (8, 8, 3), dtype=np.uint8))
        coarse.resize((64, 64), Image.Resampling.BICUBIC).save(folder / f"{number:05d}.png")
    return f"{count} drawn pictures"


def table(rows: list[Row]) -> list[str]:
    head = ["", "n", "least", "median", "most", "goal", "", ""]
    return ["| " + " | ".join(cells) + " |" for cells in (head, ["---"] * len(head), *(row.cells() for row in rows))]


def write_section(title: str, lines: list[str]) -> None:
    """Put the lines under a title in RESULTS.md, in place of what stood there."""
    text = RESULTS.read_text("utf-8") if RESULTS.exists() else ""
    text = re.sub(rf"(?ms)^## {title}\n.*?(?=^## |\Z)", "", text).rstrip()
    RESULTS.write_text("\n".join([*([text, ""] if text else []), f"## {title}", "", *lines]) + "\n", "utf-8")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--pairs", type=int, default=5)
    parser.add_argument("--only", default=",".join(GROUPS), help="comma-separated: %(default)s")
    parser.add_argument("--anyway", action="store_true", help="measure on a busy machine too; nothing is written")
    options = parser.parse_args()
    rows: list[Row] = []
    began = time.monotonic()
    with tempfile.TemporaryDirectory() as folder:
        bench = Bench(Path(folder), options.pairs, options.anyway)
        pictures = make_pictures(bench.pictures)
        try:
            for name in options.only.split(","):
                for row in GROUPS[name](bench):
                    rows.append(row)
                    print("  ".join(cell for cell in row.cells() if cell).replace("**", ""), flush=True)
        except Busy as busy:
            sys.exit(f"No verdict: {busy}. Wait until it is quiet, or look anyway with --anyway.")
    command = " ".join(["python benchmarks/speed.py", *sys.argv[1:]])
    lines = [
        f"`{command}`, {date.today()}: {pictures}; {os.cpu_count()} cores.",
        "Ratios to `benchmarks/yardstick.py`, run in turn, unless another is named.",
        "",
        *table(rows),
    ]
    print(f"{time.monotonic() - began:.0f} s")
    if options.anyway:
        print("Measured on a machine that may have been busy: not written down.")
    else:
        write_section("Speed", lines)


if __name__ == "__main__":
    main()
