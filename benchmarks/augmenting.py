"""What augmentation costs: milliseconds per batch of 64, alone and as a share of a whole step.

python -m benchmarks.augmenting [--sizes 32,64] [--families robust,stylegan2] [--rounds 5]; one thread, processor time.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable
from itertools import islice, repeat
from typing import Any

import torch
from torch import Tensor

from gansmith import engine as engines
from gansmith.data.batch import Batch
from gansmith.data.spec import DataSpec
from gansmith.families import family as find_family
from gansmith.game.averages import Averages
from gansmith.game.loop import play
from gansmith.game.optimizers import Optimizers
from gansmith.losses.augmentation import steadily
from gansmith.verbs.plan import build

BATCH = 64
KINDS = {
    "DiffAugment": ("colour,translation,cutout", (1.0,)),
    "blit": ("blit", (0.2, 0.8)),
    "geom": ("geom", (0.2, 0.8)),
    "bgc": ("bgc", (0.2, 0.8)),
    "bgcfnc": ("bgcfnc", (0.2, 0.8)),
}
STEPS = 2  # of a training, per measurement


def least(rounds: int, work: Callable[[], object]) -> float:
    """Milliseconds of processor time, the least of several: what others do at the same time only ever adds."""
    found = []
    for _ in range(rounds):
        begin = time.process_time()
        work()
        found.append((time.process_time() - begin) * 1000)
    return min(found)


def alone(kinds: str, p: float, size: int, rounds: int) -> tuple[float, float]:
    """Of the images themselves, and of the images with their gradient."""
    image = torch.rand(BATCH, 3, size, size) * 2 - 1
    augment = steadily(kinds, p)

    def learning() -> Tensor:
        free = image.clone().requires_grad_(True)
        return torch.autograd.grad(augment(free).square().sum(), free)[0]

    return least(rounds, lambda: augment(image)), least(rounds, learning)


def step(family: str, size: int, rounds: int, **settings: Any) -> float:
    """Of a step of the family's recipe at a batch of 64 on colour images, lazy turns left out."""
    chosen = find_family(family)
    spec = DataSpec(kind="images", shape=(3, size, size), count=10_000, fingerprint="0" * 64)
    values = {**chosen.recipe(spec).values, "batch": BATCH, "augment": "", **settings}
    game = build(chosen, chosen.settings.read(values), spec, 10**6, 0, "cpu")
    batch = Batch((torch.rand(BATCH, 3, size, size) * 2 - 1).contiguous(memory_format=torch.channels_last))
    steps = play(game, repeat(batch), Optimizers(game), Averages(game), engine=engines.choose("cpu", "32"), number=1)
    next(steps)
    return least(rounds, lambda: list(islice(steps, STEPS))) / STEPS


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sizes", default="32,64")
    parser.add_argument("--families", default="robust,stylegan2")
    parser.add_argument("--rounds", type=int, default=5)
    options = parser.parse_args()
    torch.set_num_threads(1)
    sizes = [int(size) for size in options.sizes.split(",")]
    print(
        "| images of 3 channels, batch 64 | p | " + " | ".join(f"{size} px: ms, with gradient" for size in sizes) + " |"
    )
    print("|---|---" + "|---" * len(sizes) + "|")
    for name, (kinds, shares) in KINDS.items():
        for p in shares:
            cells = ["{:.1f}, {:.1f}".format(*alone(kinds, p, size, 4 * options.rounds)) for size in sizes]
            print(f"| {name} | {p:g} | {' | '.join(cells)} |", flush=True)
    print(
        "\n| step of | size | ms | with DiffAugment | with bgc at 0.5 | with bgcfnc at 0.5 |\n|---|---|---|---|---|---|"
    )
    for family in options.families.split(","):
        for size in sizes:
            ways: list[dict[str, Any]] = [{}, {"augment": KINDS["DiffAugment"][0]}]
            ways += [{"augment": kinds, "augment_p": 0.5} for kinds in ("bgc", "bgcfnc")]
            found = [step(family, size, options.rounds, **way) for way in ways]
            cells = [f"{found[0]:.0f}", *(f"{one:.0f} (x{one / found[0]:.2f})" for one in found[1:])]
            print(f"| {family} | {size} | {' | '.join(cells)} |", flush=True)


if __name__ == "__main__":
    main()
