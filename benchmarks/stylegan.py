"""StyleGAN2 at 64 pixels beside a plain script of equal arithmetic: steps of both networks, samples, memory.

python -m benchmarks.stylegan [--pairs 3] [--steps 3] [--threads 1]

The plain side is `style_yardstick.py`. Both sides begin with the same weights, and their first losses are compared; the
loss of gansmith's side is that of its game, without penalty, path lengths, mixing, augmentation and average, which the
other has not. They run in turn, each measurement in a process of its own, in seconds of processor time. To be believed
it wants a quiet machine: a neighbour takes the memory both need.
"""

from __future__ import annotations

import argparse
import json
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from itertools import islice
from pathlib import Path
from typing import Any

import torch
from torch.nn.functional import softplus

from benchmarks import style_yardstick
from gansmith.data.batch import Batch
from gansmith.data.spec import DataSpec
from gansmith.engine import Engine, bf16_pays, keep_memory
from gansmith.families import family
from gansmith.game.averages import Averages
from gansmith.game.game import Game, Request
from gansmith.game.loop import play
from gansmith.game.optimizers import Optimizers
from gansmith.verbs.plan import build

SIZE, BATCH = 64, 8
ALONE = {"penalty": "none", "path_length": 0.0, "mixing": 0.0, "ema": 0.0}
GOALS = {"32": 1.6, "bf16": 4.5, "8 images": 4.0, "32 images": 8.0}


def game() -> Game:
    spec = DataSpec(kind="images", shape=(3, SIZE, SIZE), count=50_000, fingerprint="0" * 64)
    chosen = family("stylegan2")
    values = chosen.recipe(spec).values | {"batch": BATCH, "size_dial": 1.0} | ALONE
    return build(chosen, chosen.settings.read(values), spec, 1_000_000, 0, "cpu")


def widths(made: Game) -> list[int]:
    """Channels from fine to coarse."""
    convolutions = made.networks["generator"].get_submodule("synthesis.to_image").children()
    return [int(one.get_parameter("weight").shape[1]) for one in convolutions][::-1]


def write_weights(made: Game, path: Path) -> None:
    from safetensors.torch import save_file

    torch.manual_seed(1)
    more = {"z": torch.randn(BATCH, 512), "real": torch.rand(BATCH, 3, SIZE, SIZE) * 2 - 1}
    tensors = {**made.networks.state_dict(), **more}
    save_file({name: tensor.contiguous() for name, tensor in tensors.items()}, path)


def training(weights: Path, steps: int, precision: str) -> dict[str, Any]:
    """Gansmith's side: losses at the start, processor seconds of every step."""
    from safetensors.torch import load_file

    keep_memory()
    made, given = game(), load_file(weights)
    generator, discriminator = made.networks["generator"], made.networks["discriminator"]
    z, real = given["z"], given["real"].contiguous(memory_format=torch.channels_last)
    with torch.no_grad(), Engine("cpu", precision).autocast():
        fake = discriminator(generator(z)).float()
        first = [(softplus(fake) + softplus(-discriminator(real).float())).mean().item(), softplus(-fake).mean().item()]
    batches = iter(lambda: Batch(real), None)
    seconds, began = [], time.process_time()
    played = play(made, batches, Optimizers(made), Averages(made), engine=Engine("cpu", precision))
    for _ in islice(played, steps):
        seconds.append(time.process_time() - began)
        began = time.process_time()
    parameters = [sum(p.numel() for p in network.parameters()) for network in (generator, discriminator)]
    return {"first": first, "seconds": seconds, "parameters": parameters}


def sampling(count: int, times: int, precision: str) -> dict[str, Any]:
    """Gansmith's side: processor seconds of drawing `count` images."""
    keep_memory()
    made, seconds = game(), []
    made.networks.eval()
    for seed in range(times):
        began = time.process_time()
        with Engine("cpu", precision).autocast():
            made.draw(made.networks, Request(count, seed))
        seconds.append(time.process_time() - began)
    return {"seconds": seconds}


def one_side(arguments: argparse.Namespace) -> dict[str, Any]:
    torch.set_num_threads(arguments.threads)
    torch.manual_seed(0)
    weights, count = Path(arguments.weights), arguments.count
    if arguments.side == "plain":
        wide = json.loads(arguments.widths)
        if count:
            found = style_yardstick.sampling(wide, weights, count, arguments.steps)
        else:
            found = style_yardstick.training(wide, weights, arguments.steps)
    elif count:
        found = sampling(count, arguments.steps, arguments.side)
    else:
        found = training(weights, arguments.steps, arguments.side)
    return found | {"peak_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024}


def measured(side: str, arguments: argparse.Namespace, weights: Path, wide: list[int], count: int) -> dict[str, Any]:
    words = ["--side", side, "--weights", weights, "--widths", json.dumps(wide), "--count", count]
    words += ["--steps", arguments.steps + 1, "--threads", arguments.threads]
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks.stylegan", *map(str, words)], check=True, stdout=subprocess.PIPE, text=True
    )
    found: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return found | {"median": statistics.median(found["seconds"][1:])}  # the first warms up


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--pairs", type=int, default=3)
    parser.add_argument("--steps", type=int, default=3)
    parser.add_argument("--threads", type=int, default=1)
    for hidden in ("side", "weights", "widths"):
        parser.add_argument(f"--{hidden}", help=argparse.SUPPRESS)
    parser.add_argument("--count", type=int, default=0, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.side:
        print(json.dumps(one_side(arguments)))
        return
    sides = ["plain", "32"] + (["bf16"] if bf16_pays() else [])
    made = game()
    with tempfile.TemporaryDirectory() as folder:
        weights = Path(folder) / "weights.safetensors"
        write_weights(made, weights)
        wide = widths(made)
        for count in (0, 8, 32):
            rounds = [
                {side: measured(side, arguments, weights, wide, count) for side in sides}
                for _ in range(arguments.pairs)
            ]
            report(rounds, sides[1:], count)


def report(rounds: list[dict[str, dict[str, Any]]], sides: list[str], count: int) -> None:
    first = rounds[0]
    if not count:
        assert first["plain"]["parameters"] == first["32"]["parameters"], "unequal work"
        apart = max(abs(a - b) for a, b in zip(first["plain"]["first"], first["32"]["first"], strict=True))
        assert apart < 1e-3, f"first losses {first['plain']['first']} and {first['32']['first']}"
        print(f"{first['32']['parameters']} parameters, first losses {first['32']['first']}, {apart:.1e} apart")
    what, images = (f"{count} samples", count) if count else (f"G + D step, batch {BATCH}", BATCH)
    for side in sides:
        ratios = sorted(one["plain"]["median"] / one[side]["median"] for one in rounds)
        goal = GOALS.get(f"{count} images", GOALS[side]) if count else GOALS[side]
        rates = [statistics.median(images / one[who]["median"] for one in rounds) for who in ("plain", side)]
        peaks = [statistics.median(one[who]["peak_mb"] for one in rounds) for who in ("plain", side)]
        print(
            f"{what}, {side}: {rates[0]:.2f} -> {rates[1]:.2f} images/s, {statistics.median(ratios):.2f} times "
            f"({ratios[0]:.2f} to {ratios[-1]:.2f}; goal {goal:g}), {peaks[0]:.0f} -> {peaks[1]:.0f} MB at the peak"
        )


if __name__ == "__main__":
    main()
