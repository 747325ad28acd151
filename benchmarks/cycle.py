"""Does an unpaired translation keep what an image means? Digits into a second style, where the right answer is known.

python benchmarks/cycle.py [--size 32] [--duration 3kimg] [--apart] [key=value ...]

Side A is MNIST, grey on black; side B other digits of MNIST, thickened, dark blue on yellow, so that the right
translation of every digit is known and no digit is on both sides. --apart: A holds only digits 0 to 4, B only 5 to 9.
cyclegan is trained by the command; then 2 000 test digits of each style are translated and read by a classifier of the
other style that no training has seen.
"""

from __future__ import annotations

import argparse
import gzip
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn.functional import cross_entropy, interpolate, max_pool2d

from gansmith.runs.model import Model, load

HERE = Path(__file__).resolve().parent
MNIST = Path(os.environ.get("GANSMITH_SHARED", HERE.parents[1] / "shared")) / "data" / "mnist"
PAPER, INK = (250, 214, 120), (40, 30, 110)
SIDE, TESTED, TAUGHT = 8000, 2000, 20_000  # images of a side; test digits; digits each classifier learns from
SMALL = ["batch=4", "width=16", "d_width=16"]  # for two cores
SETTINGS = [*SMALL, "flip=false", "jitter=0"]  # a mirrored digit is another, or none


def digits(part: str) -> tuple[Tensor, Tensor]:
    """MNIST's "train" or "t10k": (N, 1, 28, 28) in [0, 1] and labels (N,)."""
    images = gzip.decompress((MNIST / f"{part}-images-idx3-ubyte.gz").read_bytes())[16:]
    labels = gzip.decompress((MNIST / f"{part}-labels-idx1-ubyte.gz").read_bytes())[8:]
    pixels = torch.frombuffer(bytearray(images), dtype=torch.uint8).view(-1, 1, 28, 28)
    return pixels / 255, torch.frombuffer(bytearray(labels), dtype=torch.uint8).long()


def in_style(ink: Tensor, style: str, size: int) -> Tensor:
    """Digits (N, 1, 28, 28) in [0, 1] as style A or B: (N, 3, size, size) uint8."""
    ink = interpolate(ink, (size, size), mode="bilinear", antialias=True)
    if style == "A":
        return (ink * 255).round().byte().expand(-1, 3, -1, -1)
    reach = 2 * round(size / 32) + 1
    ink = max_pool2d(ink, reach, 1, reach // 2)
    paper, dark = (torch.tensor(colour, dtype=torch.float32).view(3, 1, 1) for colour in (PAPER, INK))
    return (paper + ink * (dark - paper)).round().byte()


def as_seen(images: Tensor) -> Tensor:
    return images.float() / 127.5 - 1


def make(path: Path, size: int, apart: bool) -> None:
    """Both sides as an .npz file, from different digits of the training set."""
    ink, labels = digits("train")
    halves = {"A": slice(0, 30_000), "B": slice(30_000, 60_000)}
    arrays = {}
    for style, half in halves.items():
        wanted = labels[half] < 5 if style == "A" else labels[half] >= 5
        rows = torch.arange(60_000)[half][wanted if apart else slice(None)][:SIDE]
        arrays[style] = in_style(ink[rows], style, size).permute(0, 2, 3, 1).numpy()
        if not apart:
            arrays[f"labels_{style}"] = labels[rows].numpy()
    np.savez(path, **arrays)


def classifier(style: str, size: int) -> nn.Module:
    """A small convolutional network that has learnt to read one style, from 20 000 digits."""
    torch.manual_seed(0)
    layers: list[nn.Module] = []
    for inputs, outputs in ((3, 16), (16, 32), (32, 64)):
        layers += [nn.Conv2d(inputs, outputs, 3, 2, 1), nn.BatchNorm2d(outputs), nn.ReLU()]
    layers += [nn.AdaptiveMaxPool2d(4), nn.Flatten(), nn.Linear(64 * 16, 10)]
    network = nn.Sequential(*layers)
    ink, labels = digits("train")
    images, labels = in_style(ink[-TAUGHT:], style, size), labels[-TAUGHT:]
    adam = torch.optim.Adam(network.parameters(), 2e-3)
    for _ in range(3):
        for rows in torch.randperm(TAUGHT).split(64):  # type: ignore[no-untyped-call]
            adam.zero_grad()
            cross_entropy(network(as_seen(images[rows])), labels[rows]).backward()
            adam.step()
    return network.eval()


@torch.no_grad()
def read(network: nn.Module, images: Tensor) -> Tensor:
    return torch.cat([network(part).argmax(1) for part in torch.split(images, 500)])


def judge(model: Model, size: int) -> list[str]:
    """A table: for both ways, what is still read as what it was, beside reals and sources left as they are."""
    ink, labels = digits("t10k")
    ink, labels = ink[:TESTED], labels[:TESTED]
    styles = {style: as_seen(in_style(ink, style, size)) for style in "AB"}
    rows = ["| way | kept | real digits of that style | sources untouched | from the right answer | and back |"]
    rows.append("|---|---|---|---|---|---|")
    for start, end in (("A", "B"), ("B", "A")):
        reader, way, back = classifier(end, size), f"{start}to{end}", f"{end}to{start}"
        there = model.draw(TESTED, given={"source": styles[start]}, way=way)
        again = model.draw(TESTED, given={"source": there}, way=back)
        kept, real, untouched = (
            float((read(reader, images) == labels).float().mean()) for images in (there, styles[end], styles[start])
        )
        wrong, lost = float((there - styles[end]).abs().mean()), float((again - styles[start]).abs().mean())
        never = float((styles[start] - styles[end]).abs().mean())
        far = f"{wrong:.3f} (untouched {never:.3f})"
        rows.append(f"| {way} | **{kept:.1%}** | {real:.1%} | {untouched:.1%} | {far} | {lost:.3f} |")
    return rows


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--size", type=int, default=32)
    parser.add_argument("--duration", default="3kimg")
    parser.add_argument("--apart", action="store_true", help="no digit is on both sides, nor is its kind")
    parser.add_argument("--seed", default="0")
    parser.add_argument("--keep", type=Path, help="a folder for the data and the run")
    parser.add_argument("--run", type=Path, help="only judge this run")
    parser.add_argument("settings", nargs="*", help=f"of the family, on top of: {' '.join(SETTINGS)}")
    options = parser.parse_args()
    if options.run:
        print("\n".join(judge(load(options.run), options.size)))
        return
    with tempfile.TemporaryDirectory() as temporary:
        folder = options.keep or Path(temporary)
        folder.mkdir(parents=True, exist_ok=True)
        make(folder / "digits.npz", options.size, options.apart)
        began = time.monotonic()
        words = ["train", folder / "digits.npz", "-f", "cyclegan", "--layout", "unpaired", "-d", options.duration]
        words += ["--seed", options.seed, "--out", folder / "runs", *SETTINGS, *options.settings]
        subprocess.run([sys.executable, "-m", "gansmith", *map(str, words)], check=True)
        print(f"trained in {time.monotonic() - began:.0f} s")
        print("\n".join(judge(load("last", out=folder / "runs"), options.size)))


if __name__ == "__main__":
    main()
