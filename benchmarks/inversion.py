"""A model's own samples looked for again: how many are found, in what time, with and without a trained encoder.

python -m benchmarks.inversion RUN [RUN ...] [--runs FOLDER] [-n 1000] [--reals 100] [--pairs 60000] [--again 4].

One thread. Samples are rounded to 8 bits, as a file would hold them. An image counts as found where the root mean
square difference of its pixels is at most .02 of their range, a latent where that of its coordinates is at most .1 of
their deviation; "own" is the share of samples whose own latent, of all, is nearest to the one found. With --pairs an
encoder is trained, and the same is measured with what it reads as the only start. Held-out images, where the run's data
is there, are looked for in the same way: PSNR in decibels, mean and 5th percentile.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable

import torch
from torch import Tensor

from gansmith.data.gather import as_floats
from gansmith.editing.inversion import AGAIN, Inverted, invert
from gansmith.editing.reading import read, trained
from gansmith.editing.space import Space
from gansmith.runs.model import Model, load
from gansmith.runs.pictures import to_uint8
from gansmith.verbs.known import held_out
from gansmith.verbs.latents import space_of

SEED = 2_718_281_828  # not that of the samples a search begins from
IMAGE, LATENT = 0.02, 0.1


def row(name: str, found: Inverted, points: Tensor, seconds: float, processor: float) -> str:
    """A line of the table."""
    off = (found.points - points).square().mean(1).sqrt()
    own = torch.cdist(found.points, points).argmin(1) == torch.arange(len(points))
    image = found.errors
    cells = [
        name,
        f"{int((image <= IMAGE).sum())} of {len(image)}",
        *(f"{image.quantile(q):.4f}" for q in (0.5, 0.99, 1.0)),
        f"{float((off <= LATENT).float().mean()):.1%}",
        f"{off.median():.2f}",
        f"{float(own.float().mean()):.1%}",
        f"{seconds:.2f}",
        f"{processor:.2f}",
    ]
    return f"| {' | '.join(cells)} |"


def timed(work: Callable[[], Inverted], count: int) -> tuple[Inverted, float, float]:
    """What it found, seconds by the wall for each image, and seconds of the processor."""
    wall, busy = time.monotonic(), time.process_time()
    found = work()
    return found, (time.monotonic() - wall) / count, (time.process_time() - busy) / count


def reals(space: Space, images: Tensor, name: str) -> str:
    """How near held-out images come, in words."""
    if not len(images):
        return f"{name}: its data is not there"
    found = invert(space, images)
    decibels = -20 * found.errors.log10()
    typical = (found.points / space.scale).flatten(1).square().mean(1).sqrt()
    return (
        f"{name}, {len(images)} held-out images: PSNR {decibels.mean():.1f} dB (5th percentile "
        f"{decibels.quantile(0.05):.1f}), deviation of the latents {typical.mean():.2f}"
    )


def main() -> None:
    words = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    words.add_argument("run", nargs="+")
    words.add_argument("--runs", default="runs")
    words.add_argument("-n", type=int, default=1000)
    words.add_argument("--reals", type=int, default=100)
    words.add_argument("--pairs", type=int, default=0)
    words.add_argument("--again", type=int, default=AGAIN)
    asked = words.parse_args()
    torch.set_num_threads(1)
    print("| run | found | error: median | 99 % | worst | latents found | off, median | own | s, wall | s, processor |")
    print("|---|---|---|---|---|---|---|---|---|---|", flush=True)
    for name in asked.run:
        measured(load(name, out=asked.runs, device="cpu"), asked.n, asked.reals, asked.pairs, asked.again)


def measured(model: Model, count: int, unseen: int, pairs: int, again: int) -> None:
    """The lines of a run."""
    space = space_of(model, "z")
    points = space.points(count, SEED, {})
    images = as_floats(to_uint8(space.images(points, {})))
    found, wall, busy = timed(lambda: invert(space, images, again=again), count)
    print(row(model.run, found, points, wall, busy), flush=True)
    if pairs:
        began = time.process_time()
        reader = trained(space, pairs=pairs)
        name = f"{model.run}, encoder ({time.process_time() - began:.0f} s)"
        found, wall, busy = timed(
            lambda: invert(space, images, begin=read(reader, space, images), starts=0, again=again), count
        )
        print(row(name, found, points, wall, busy), flush=True)
    if unseen:
        print(reals(space, held_out(model, unseen), model.run), flush=True)


if __name__ == "__main__":
    main()
