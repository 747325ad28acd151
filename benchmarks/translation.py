"""A step of Pix2Pix beside a plain script of equal arithmetic: seconds and memory.

python benchmarks/translation.py [--pairs 3] [--size 256] [--batch 1] [--steps 4] [--precision auto]

The plain side is written the way the well-known implementation works, and nothing of gansmith is in it: side-by-side
PNG files read, enlarged, cut and mirrored by a worker process, float32 in rows of channels, default Adam, losses read
and printed. Both sides run in turn, each in a process of its own on one thread, and are measured in seconds of
processor time, which other work on the machine hardly moves. First their losses are compared, from equal weights.
"""

from __future__ import annotations

import argparse
import itertools
import json
import random
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import torch
from cycle_speed import Clock
from PIL import Image
from torch import Tensor, nn
from torch.utils.data import DataLoader, Dataset

PICTURES, WIDTH = 24, 64


class Level(nn.Module):
    """One level of the U-Net around the next finer one's inside: down, inner, up, and the skip beside it."""

    def __init__(self, outer: int, inner: int, deeper: nn.Module | None, dropout: bool = False, last: int = 0) -> None:
        super().__init__()
        down: list[nn.Module] = [] if last else [nn.LeakyReLU(0.2, True)]
        down.append(nn.Conv2d(last or outer, inner, 4, 2, 1, bias=False))
        if deeper and not last:
            down.append(nn.BatchNorm2d(inner))
        up: list[nn.Module] = [nn.ReLU(True)]
        up.append(nn.ConvTranspose2d(2 * inner if deeper else inner, outer, 4, 2, 1, bias=bool(last)))
        up += [nn.Tanh()] if last else [nn.BatchNorm2d(outer), *([nn.Dropout(0.5)] if dropout else [])]
        self.layers, self.last = nn.Sequential(*down, *([deeper] if deeper else []), *up), bool(last)

    def forward(self, x: Tensor) -> Tensor:
        made: Tensor = self.layers(x)
        return made if self.last else torch.cat([made, x], 1)


def unet(size: int) -> nn.Module:
    """Halves until a pixel is left; the innermost three levels drop half of what they make."""
    widths = [WIDTH * min(2**level, 8) for level in range(size.bit_length() - 1)]
    level: Level | None = None
    for place in range(len(widths) - 1, 0, -1):
        level = Level(widths[place - 1], widths[place], level, dropout=place > len(widths) - 4)
    return Level(3, WIDTH, level, last=3)


def patches() -> nn.Sequential:
    """The 70x70 discriminator of a source and an image."""
    width = WIDTH
    layers: list[nn.Module] = [nn.Conv2d(6, width, 4, 2, 1), nn.LeakyReLU(0.2, True)]
    for stride in (2, 2, 1):
        layers += [nn.Conv2d(width, 2 * width, 4, stride, 1, bias=False), nn.BatchNorm2d(2 * width)]
        layers += [nn.LeakyReLU(0.2, True)]
        width *= 2
    return nn.Sequential(*layers, nn.Conv2d(width, 1, 4, 1, 1))


class Pictures(Dataset[tuple[Tensor, Tensor]]):
    """The halves of a picture, enlarged by 286 / 256, cut and mirrored alike."""

    def __init__(self, folder: Path, size: int) -> None:
        self.paths, self.size = sorted(folder.glob("*.png")), size

    def __len__(self) -> int:
        return len(self.paths)

    def __getitem__(self, index: int) -> tuple[Tensor, Tensor]:
        large = round(self.size * 286 / 256)
        with Image.open(self.paths[index]) as image:
            both = image.convert("RGB")
        left, top = (random.randint(0, large - self.size) for _ in "xy")
        mirrored = random.random() < 0.5
        halves = []
        for start in (0, both.width // 2):
            half = both.crop((start, 0, start + both.width // 2, both.height))
            half = half.resize((large, large), Image.Resampling.BICUBIC)
            half = half.crop((left, top, left + self.size, top + self.size))
            half = half.transpose(Image.Transpose.FLIP_LEFT_RIGHT) if mirrored else half
            halves.append(torch.from_numpy(np.array(half)).permute(2, 0, 1).float().div(255).sub(0.5).div(0.5))
        return halves[0], halves[1]


class Training:
    """Two networks, their optimizers, and one step of both."""

    def __init__(self, size: int) -> None:
        self.g, self.d = unet(size), patches()
        for module in itertools.chain(self.g.modules(), self.d.modules()):
            if isinstance(module, nn.Conv2d | nn.ConvTranspose2d):
                nn.init.normal_(module.weight, 0.0, 0.02)
        self.g_adam, self.d_adam = (torch.optim.Adam(n.parameters(), lr=2e-4, betas=(0.5, 0.999)) for n in self.players)
        self.says, self.distance = nn.BCEWithLogitsLoss(), nn.L1Loss()

    @property
    def players(self) -> tuple[nn.Module, nn.Module]:
        return self.g, self.d

    def step(self, source: Tensor, target: Tensor) -> list[float]:
        """The discriminator's loss, the generator's two."""
        fake = self.g(source)
        self.d.requires_grad_(True)
        self.d_adam.zero_grad()
        wrong = self.d(torch.cat([source, fake.detach()], 1))
        right = self.d(torch.cat([source, target], 1))
        d_loss = (self.says(wrong, torch.zeros_like(wrong)) + self.says(right, torch.ones_like(right))) / 2
        d_loss.backward()
        self.d_adam.step()
        self.d.requires_grad_(False)
        self.g_adam.zero_grad()
        seen = self.d(torch.cat([source, fake], 1))
        g_loss, l1 = self.says(seen, torch.ones_like(seen)), 100 * self.distance(fake, target)
        (g_loss + l1).backward()
        self.g_adam.step()
        return [2 * d_loss.item(), g_loss.item(), l1.item()]


def plain(folder: Path, options: argparse.Namespace) -> dict[str, Any]:
    """The plain side: seconds of every step."""
    training = Training(options.size)
    loader = DataLoader(Pictures(folder, options.size), options.batch, shuffle=True, num_workers=1, drop_last=True)
    clock = Clock()
    for source, target in itertools.islice(itertools.chain.from_iterable(itertools.repeat(loader)), options.steps):
        print(*(f"{loss:.3f}" for loss in training.step(source, target)), file=sys.stderr)
        clock.tick()
    return clock.found([p for network in training.players for p in network.parameters()])


def ours(folder: Path, options: argparse.Namespace) -> dict[str, Any]:
    """gansmith's side: the game as the command plays it."""
    from gansmith import engine as engines
    from gansmith.data.open import open_data
    from gansmith.data.options import DataOptions
    from gansmith.game.averages import Averages
    from gansmith.game.loop import play
    from gansmith.game.optimizers import Optimizers

    engines.keep_memory()
    engine = engines.choose("cpu", options.precision)
    wanted = DataOptions(layout="paired", size=(options.size, options.size), cache=False)
    dataset = open_data(str(folder), wanted)
    game = built(dataset.spec, options)
    batches = dataset.batches(options.batch, seed=0, seen=0)
    clock = Clock()
    for _ in itertools.islice(play(game, batches, Optimizers(game), Averages(game), engine=engine), options.steps):
        clock.tick()
    return clock.found([p for network in game.networks.values() for p in network.parameters()])


def built(spec: Any, options: argparse.Namespace, **settings: Any) -> Any:
    """The published game: batch normalisation, as on the plain side."""
    from gansmith.families import family
    from gansmith.verbs.plan import build

    chosen = family("pix2pix")
    values = {"batch": options.batch, "norm": "batch", **settings}
    return build(chosen, chosen.settings.read(values), spec, 1_000_000, 0, "cpu")


def losses_apart(options: argparse.Namespace) -> list[float]:
    """How far the losses of the first steps differ, from equal weights on equal pictures without dropout, float32."""
    from gansmith.data.batch import Batch
    from gansmith.data.spec import DataSpec
    from gansmith.game.averages import Averages
    from gansmith.game.loop import play
    from gansmith.game.optimizers import Optimizers

    spec = DataSpec(kind="images", shape=(3, 64, 64), count=9, fingerprint="", pairing="paired")
    game = built(spec, options, batch=2, dropout=0, jitter=0, flip=False)
    training = Training(64)
    with torch.no_grad():  # theirs nest the levels, ours list them: down in order, up in order
        for mine, theirs in zip(game.networks["discriminator"].parameters(), training.d.parameters(), strict=True):
            theirs.copy_(mine)
        theirs_down, theirs_up = [], []
        for module in training.g.modules():
            if isinstance(module, nn.Dropout):
                module.p = 0.0
            if isinstance(module, Level):
                inside = [layer for layer in module.layers if not isinstance(layer, Level)]
                cut = next(place for place, layer in enumerate(inside) if isinstance(layer, nn.ReLU))
                theirs_down += [p for layer in inside[:cut] for p in layer.parameters()]
                theirs_up.append([p for layer in inside[cut:] for p in layer.parameters()])
        generator = game.networks["generator"]
        for mine, theirs in zip(
            generator.parameters(), [*theirs_down, *itertools.chain(*reversed(theirs_up))], strict=True
        ):
            theirs.copy_(mine)
    image, source = torch.randn(2, 2, 3, 64, 64).clamp(-1, 1)
    step = play(game, [Batch(image, None, {"source": source})] * 3, Optimizers(game), Averages(game))
    apart = []
    for taken in step:
        mine = [float(taken.facts[name]) for name in ("discriminator/loss", "generator/loss", "generator/l1")]
        apart.append(max(abs(a / b - 1) for a, b in zip(mine, training.step(source, image), strict=True)))
    return apart


def paint(folder: Path, size: int) -> None:
    """Pairs of coloured blots and their negatives, side by side, as PNG files."""
    chance = np.random.default_rng(0)
    for number in range(PICTURES):
        coarse = Image.fromarray(chance.integers(0, 256, (8, 8, 3), dtype=np.uint8))
        blots = np.asarray(coarse.resize((size, size), Image.Resampling.BICUBIC))
        Image.fromarray(np.concatenate([255 - blots, blots], 1)).save(folder / f"{number}.png")


def pairs(folder: Path, options: argparse.Namespace) -> Iterator[tuple[dict[str, Any], dict[str, Any]]]:
    words = ["--folder", folder, "--size", options.size, "--batch", options.batch, "--steps", options.steps + 1]
    for _ in range(options.pairs):
        found = []
        for side in ("plain", "ours"):
            command = [sys.executable, __file__, "--side", side, *words, "--precision", options.precision]
            done = subprocess.run([*map(str, command)], check=True, capture_output=True, text=True)
            found.append(json.loads(done.stdout.splitlines()[-1]))
        yield found[0], found[1]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--pairs", type=int, default=3)
    parser.add_argument("--size", type=int, default=256, help="a power of two")
    parser.add_argument("--batch", type=int, default=1)
    parser.add_argument("--steps", type=int, default=4, help="of each side, after a first one")
    parser.add_argument("--precision", default="auto", help="of gansmith's side")
    parser.add_argument("--side", choices=("plain", "ours"), help=argparse.SUPPRESS)
    parser.add_argument("--folder", type=Path, help=argparse.SUPPRESS)
    options = parser.parse_args()
    torch.set_num_threads(1)
    if options.side:
        side = {"plain": plain, "ours": ours}[options.side]
        print(json.dumps(side(options.folder, options)))
        return
    print("losses of the first steps apart:", *(f"{share:.2e}" for share in losses_apart(options)), flush=True)
    ratios, memory = [], []
    with tempfile.TemporaryDirectory() as temporary:
        paint(Path(temporary), options.size)
        for theirs, mine in pairs(Path(temporary), options):
            assert theirs["parameters"] == mine["parameters"], "not the same networks"
            a, b = (statistics.median(side["steps"]) for side in (theirs, mine))
            ratios.append(a / b)
            memory.append(mine["peak_mb"] / theirs["peak_mb"])
            print(f"plain {a:.2f} s, ours {b:.2f} s a step: {a / b:.2f} x; memory {memory[-1]:.2f} x", flush=True)
    spread = f"{min(ratios):.2f} to {max(ratios):.2f}"
    what = f"at {options.size} pixels, batch {options.batch}, precision {options.precision}"
    print(f"median {statistics.median(ratios):.2f} x ({spread}, n = {len(ratios)}) {what}")
    print(f"peak memory {statistics.median(memory):.2f} x")


if __name__ == "__main__":
    main()
