"""A step of CycleGAN beside a plain script of equal arithmetic: seconds and memory.

python benchmarks/cycle_speed.py [--pairs 3] [--size 256] [--steps 4]

The plain side is written the way the well-known implementation works, and nothing of gansmith is in it: PNG files read,
enlarged, cut and mirrored by worker processes, float32 in rows of channels, default Adam, six passes through the
generators at every step, losses read and printed. Both sides run in turn, each in a process of its own on one thread,
and are measured in seconds of processor time, which other work on the machine hardly moves.
"""

from __future__ import annotations

import argparse
import itertools
import json
import random
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import torch
from PIL import Image
from torch import Tensor, nn
from torch.utils.data import DataLoader, Dataset

PICTURES = 24  # on each side


class Translator(nn.Sequential):
    """Nine residual blocks between two halvings and two doublings."""

    def __init__(self, width: int = 64) -> None:
        norm, relu = nn.InstanceNorm2d, nn.ReLU
        layers: list[nn.Module] = [nn.ReflectionPad2d(3), nn.Conv2d(3, width, 7), norm(width), relu(True)]
        for wide in (width, 2 * width):
            layers += [nn.Conv2d(wide, 2 * wide, 3, 2, 1), norm(2 * wide), relu(True)]
        layers += [Residual(4 * width) for _ in range(9)]
        for wide in (4 * width, 2 * width):
            layers += [nn.ConvTranspose2d(wide, wide // 2, 3, 2, 1, 1), norm(wide // 2), relu(True)]
        super().__init__(*layers, nn.ReflectionPad2d(3), nn.Conv2d(width, 3, 7), nn.Tanh())


class Residual(nn.Module):
    def __init__(self, width: int) -> None:
        super().__init__()
        half = [nn.ReflectionPad2d(1), nn.Conv2d(width, width, 3), nn.InstanceNorm2d(width)]
        other = [nn.ReflectionPad2d(1), nn.Conv2d(width, width, 3), nn.InstanceNorm2d(width)]
        self.layers = nn.Sequential(*half, nn.ReLU(True), *other)

    def forward(self, x: Tensor) -> Tensor:
        return x + self.layers(x)


def patches(width: int = 64) -> nn.Sequential:
    """The 70x70 discriminator."""
    layers: list[nn.Module] = [nn.Conv2d(3, width, 4, 2, 1), nn.LeakyReLU(0.2, True)]
    for stride in (2, 2, 1):
        layers += [nn.Conv2d(width, 2 * width, 4, stride, 1, bias=False), nn.InstanceNorm2d(2 * width, affine=True)]
        layers += [nn.LeakyReLU(0.2, True)]
        width *= 2
    return nn.Sequential(*layers, nn.Conv2d(width, 1, 4, 1, 1))


class Pool:
    """Fifty earlier fakes; half of the time one of them is shown instead."""

    def __init__(self) -> None:
        self.images: list[Tensor] = []

    def query(self, image: Tensor) -> Tensor:
        if len(self.images) < 50:
            self.images.append(image.detach().clone())
            return image
        if random.random() < 0.5:
            place = random.randrange(50)
            image, self.images[place] = self.images[place].clone(), image.detach().clone()
        return image


class Pictures(Dataset[tuple[Tensor, Tensor]]):
    """A picture of each folder, enlarged by 286 / 256, cut and mirrored at random."""

    def __init__(self, folder: Path, size: int) -> None:
        self.sides = [sorted((folder / side).glob("*.png")) for side in ("A", "B")]
        self.size = size

    def __len__(self) -> int:
        return len(self.sides[0])

    def __getitem__(self, index: int) -> tuple[Tensor, Tensor]:
        return self.one(self.sides[0][index]), self.one(random.choice(self.sides[1]))

    def one(self, path: Path) -> Tensor:
        large = round(self.size * 286 / 256)
        with Image.open(path) as image:
            picture = image.convert("RGB").resize((large, large), Image.Resampling.BICUBIC)
        left, top = (random.randint(0, large - self.size) for _ in "xy")
        picture = picture.crop((left, top, left + self.size, top + self.size))
        if random.random() < 0.5:
            picture = picture.transpose(Image.Transpose.FLIP_LEFT_RIGHT)
        return torch.from_numpy(np.array(picture)).permute(2, 0, 1).float().div(255).sub(0.5).div(0.5)


def plain(folder: Path, size: int, steps: int) -> dict[str, Any]:
    """The plain side: seconds of every step."""
    g_a, g_b, d_a, d_b = Translator(), Translator(), patches(), patches()
    for network in (g_a, g_b, d_a, d_b):
        for module in network.modules():
            if isinstance(module, nn.Conv2d | nn.ConvTranspose2d):
                nn.init.normal_(module.weight, 0.0, 0.02)
    makers, judges = ([*itertools.chain(a.parameters(), b.parameters())] for a, b in ((g_a, g_b), (d_a, d_b)))
    g_adam, d_adam = (torch.optim.Adam(side, lr=2e-4, betas=(0.5, 0.999)) for side in (makers, judges))
    square, distance, pools = nn.MSELoss(), nn.L1Loss(), (Pool(), Pool())
    loader = DataLoader(Pictures(folder, size), 1, shuffle=True, num_workers=1)
    clock = Clock()
    for real_a, real_b in itertools.islice(itertools.chain.from_iterable(itertools.repeat(loader)), steps):
        fake_b, fake_a = g_a(real_a), g_b(real_b)
        back_a, back_b = g_b(fake_b), g_a(fake_a)
        for weight in judges:
            weight.requires_grad = False
        g_adam.zero_grad()
        seen_b, seen_a = d_a(fake_b), d_b(fake_a)
        losses = [square(seen, torch.ones_like(seen)) for seen in (seen_b, seen_a)]
        losses += [10 * distance(back_a, real_a), 10 * distance(back_b, real_b)]
        losses += [5 * distance(g_a(real_b), real_b), 5 * distance(g_b(real_a), real_a)]
        sum(losses, torch.zeros(())).backward()
        g_adam.step()
        for weight in judges:
            weight.requires_grad = True
        d_adam.zero_grad()
        for judge, real, fake, pool in ((d_a, real_b, fake_b, pools[0]), (d_b, real_a, fake_a, pools[1])):
            right, wrong = judge(real), judge(pool.query(fake.detach()))
            loss = (square(right, torch.ones_like(right)) + square(wrong, torch.zeros_like(wrong))) / 2
            loss.backward()
            losses.append(loss)
        d_adam.step()
        print(" ".join(f"{loss.item():.3f}" for loss in losses), file=sys.stderr)
        clock.tick()
    return clock.found(makers + judges)


def ours(folder: Path, size: int, steps: int) -> dict[str, Any]:
    """gansmith's side: the game of `cyclegan -f` as the command plays it, at the precision it would choose."""
    from gansmith import engine as engines
    from gansmith.data.open import open_data
    from gansmith.data.options import DataOptions
    from gansmith.families import family
    from gansmith.game.averages import Averages
    from gansmith.game.loop import play
    from gansmith.game.optimizers import Optimizers
    from gansmith.verbs.plan import build

    engine = engines.choose("cpu")
    dataset = open_data(str(folder), DataOptions(layout="unpaired", size=(size, size), cache=False))
    chosen = family("cyclegan")
    game = build(chosen, chosen.settings.read({"blocks": 9}), dataset.spec, 1_000_000, 0, "cpu")
    batches = dataset.batches(1, seed=0, seen=0, channels_last=chosen.channels_last)
    clock = Clock()
    for _ in itertools.islice(play(game, batches, Optimizers(game), Averages(game), engine=engine), steps):
        clock.tick()
    return clock.found([p for name in game.optimizers for p in game.networks[name].parameters()])


class Clock:
    """Processor seconds from tick to tick."""

    def __init__(self) -> None:
        self.last, self.steps = time.process_time(), list[float]()

    def tick(self) -> None:
        now = time.process_time()
        self.steps.append(now - self.last)
        self.last = now

    def found(self, parameters: list[nn.Parameter]) -> dict[str, Any]:
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
        return {"steps": self.steps[1:], "peak_mb": peak, "parameters": sum(p.numel() for p in parameters)}


def paint(folder: Path, size: int) -> None:
    """Pictures of coloured blots, as PNG files below A and B."""
    chance = np.random.default_rng(0)
    for side, number in itertools.product("AB", range(PICTURES)):
        (folder / side).mkdir(exist_ok=True)
        coarse = Image.fromarray(chance.integers(0, 256, (8, 8, 3), dtype=np.uint8))
        coarse.resize((size, size), Image.Resampling.BICUBIC).save(folder / side / f"{side}{number}.png")


def pairs(folder: Path, size: int, steps: int, count: int) -> Iterator[tuple[dict[str, Any], dict[str, Any]]]:
    for _ in range(count):
        found = []
        for side in ("plain", "ours"):
            words = [sys.executable, __file__, "--side", side, "--folder", folder, "--size", size, "--steps", steps + 1]
            done = subprocess.run([*map(str, words)], check=True, stdout=subprocess.PIPE, text=True)
            found.append(json.loads(done.stdout.splitlines()[-1]))
        yield found[0], found[1]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--pairs", type=int, default=3)
    parser.add_argument("--size", type=int, default=256)
    parser.add_argument("--steps", type=int, default=4, help="of each side, after a first one")
    parser.add_argument("--side", choices=("plain", "ours"), help=argparse.SUPPRESS)
    parser.add_argument("--folder", type=Path, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.side:
        torch.set_num_threads(1)
        side = {"plain": plain, "ours": ours}[options.side]
        print(json.dumps(side(options.folder, options.size, options.steps)))
        return
    ratios, memory = [], []
    with tempfile.TemporaryDirectory() as temporary:
        paint(Path(temporary), options.size)
        for theirs, mine in pairs(Path(temporary), options.size, options.steps, options.pairs):
            assert theirs["parameters"] == mine["parameters"], "not the same networks"
            a, b = (statistics.median(side["steps"]) for side in (theirs, mine))
            ratios.append(a / b)
            memory.append(mine["peak_mb"] / theirs["peak_mb"])
            print(f"plain {a:.2f} s, ours {b:.2f} s a step: {a / b:.2f} x; memory {memory[-1]:.2f} x", flush=True)
    spread = f"{min(ratios):.2f} to {max(ratios):.2f}"
    print(f"median {statistics.median(ratios):.2f} x ({spread}, n = {len(ratios)}) at {options.size} pixels, batch 1")
    print(f"peak memory {statistics.median(memory):.2f} x")


if __name__ == "__main__":
    main()
