"""Which features for style transfer need no download: the same pictures painted with each, judged by others.

python benchmarks/style_features.py PICTURES.zip OUT --judge IMAGES.zip [--run RUN --runs FOLDER] [--only a,b]

PICTURES.zip holds `content/*.jpg` and `style/*.jpg`. Every candidate paints the same photos in the same styles, from
the photo on, with the same content loss (brightness at an eighth to a sixteenth of the resolution), the same optimizer
and number of steps. Its own is the style loss: Wasserstein distances of its maps, as shares of the photo's. Judged by
a network of another kind that learnt to tell the classes of IMAGES.zip (class folders of 32-pixel JPEGs), one of random
weights, and sliced Wasserstein distances of patches at every scale, which need no network: of each what is left of the
photo's own distance to the style, so lower is better. And how much of the photo is left: SSIM of its brightness at a
quarter of the resolution, the correlation of its edges. A table; OUT/rows.json, OUT/sheet.png (a row a candidate).
"""

from __future__ import annotations

import argparse
import io
import json
import math
import time
import zipfile
from collections.abc import Callable, Mapping
from itertools import pairwise
from pathlib import Path

import numpy as np
import torch
from PIL import Image, ImageOps
from torch import Tensor, nn
from torch.nn.functional import (
    avg_pool2d,
    conv2d,
    cross_entropy,
    elu,
    interpolate,
    max_pool2d,
    mse_loss,
    normalize,
    pad,
    unfold,
)

from gansmith.losses.style import Moments, StyleLoss, moments, variation, wasserstein
from gansmith.measure.pyramid import pyramid
from gansmith.networks.residual import ResidualDiscriminator
from gansmith.networks.vgg import VGG, random_vgg
from gansmith.runs.model import load
from gansmith.runs.pictures import grid, to_uint8
from gansmith.styling.selftrained import learn, sample_photos

Maps = Mapping[str, Tensor]
Looks = Callable[[Tensor], Maps]
STYLE = tuple(f"relu{grid}_1" for grid in range(1, 6))
CONTENTS, STYLES = ("astronaut", "chelsea"), ("starry_night_google", "the_scream", "shipwreck")
CONTENT, ROUGH, RATE = 0.3, 0.5, 0.03
GREY = torch.tensor([0.299, 0.587, 0.114])[None, :, None, None]


def picture(data: bytes, side: int) -> Tensor:
    """The middle square, (1, 3, side, side) in [-1, 1]."""
    image = ImageOps.fit(Image.open(io.BytesIO(data)).convert("RGB"), (side, side), Image.Resampling.LANCZOS)
    return torch.from_numpy(np.asarray(image, np.float32)).permute(2, 0, 1)[None] / 127.5 - 1


def seen_by(network: VGG) -> Looks:
    return lambda image: network(image, STYLE)


def balanced(network: VGG) -> VGG:
    """Maps scaled and shifted to mean 0, deviation 1 before their ReLU, over the sample photos; filters stay random."""
    maps = sample_photos()
    for place, (name, layer) in enumerate(network.convolutions.items()):
        if place and name.endswith("_1"):
            maps = [network.pooled(x) for x in maps]
        maps = [conv2d(pad(x, (1,) * 4, "constant" if place else "replicate"), layer.weight) for x in maps]
        values = torch.cat([x[0].flatten(1) for x in maps], 1)
        mean, deviation = values.mean(1), values.std(1) + 1e-6
        layer.weight.div_(deviation[:, None, None, None])
        layer.bias.copy_(-mean / deviation)
        maps = [((x - mean[:, None, None]) / deviation[:, None, None]).relu() for x in maps]
    return network


def contrasted(network: VGG, seconds: float, seed: int = 0) -> VGG:
    """Trained to know a patch of the sample photos by another view: moved, mirrored, in another light (SimCLR)."""
    photos, chance = sample_photos(427), torch.Generator().manual_seed(seed)
    torch.manual_seed(seed)
    network.requires_grad_(True)
    heads = nn.ModuleList(nn.LazyLinear(64) for _ in STYLE[2:])

    def view(photo: Tensor, top: int, left: int) -> Tensor:
        down, right = (int(n) for n in torch.randint(17, (2,), generator=chance))
        patch = photo[:, :, top + down : top + down + 48, left + right : left + right + 48]
        patch = patch.flip(3) if torch.rand((), generator=chance) < 0.5 else patch
        return patch * (1 + 0.3 * torch.randn((), generator=chance)) + 0.15 * torch.randn(1, 3, 1, 1, generator=chance)

    optimizer, began, count = None, time.process_time(), 32
    while time.process_time() - began < seconds:
        places = [
            (photos[k % 2], *(int(torch.randint(s - 64, (), generator=chance)) for s in photos[k % 2].shape[2:]))
            for k in range(count)
        ]
        maps = network(torch.cat([view(*place) for _ in range(2) for place in places]), STYLE)
        loss = torch.zeros(())
        for head, name in zip(heads, STYLE[2:], strict=True):
            lying = normalize(head(torch.cat([maps[name].mean((2, 3)), maps[name].std((2, 3))], 1)), dim=1)
            alike = (lying @ lying.T / 0.2).fill_diagonal_(-math.inf)
            loss = loss + cross_entropy(alike, torch.arange(2 * count).roll(count))
        optimizer = optimizer or torch.optim.Adam([*network.parameters(), *heads.parameters()], 5e-4)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    return balanced(network.requires_grad_(False))


def bank(seed: int = 0, size: int = 9) -> Looks:
    """One layer of Gabor, colour and random filters at five scales, both signs (Ustyuzhaninov et al. 2016)."""
    chance, middle = torch.Generator().manual_seed(seed), torch.arange(size) - size // 2.0
    down, across = torch.meshgrid(middle, middle, indexing="ij")
    colours = normalize(torch.tensor([[1.0, 1, 1], [1, -1, 0], [0.5, 0.5, -1]]), dim=1)[:, :, None, None]
    planes = []
    for turn in range(8):
        along = across * math.cos(turn * math.pi / 8) + down * math.sin(turn * math.pi / 8)
        for wave in (3.0, 6.0):
            bell = torch.exp(-(across**2 + down**2) / (wave**2 / 2))
            for phase in (0.0, math.pi / 2):
                plane = bell * torch.cos(2 * math.pi * along / wave + phase)
                planes.append((plane - bell * plane.mean() / bell.mean()) * colours[0])
    bell = torch.exp(-(across**2 + down**2) / 8)
    planes += [form * colour for colour in colours[1:] for form in (bell, bell * across, bell * down)]
    noise = torch.randn(16, 3, size, size, generator=chance) * bell
    filters = torch.cat([torch.stack(planes), noise - noise.mean((1, 2, 3), keepdim=True)])
    filters = filters / filters.flatten(1).norm(dim=1)[:, None, None, None]

    def looks(image: Tensor) -> Maps:
        found = {}
        for level in range(5):
            answers = conv2d(pad(image, (size // 2,) * 4, "reflect"), filters)
            found[f"level{level}"] = torch.cat([answers.relu(), (-answers).relu()], 1)
            image = avg_pool2d(image, 2)
        return found

    return looks


def discriminator(run: str, runs: str) -> Looks:
    """Every grid of a robust run's discriminator."""
    network = load(run, out=runs).game.networks["discriminator"]
    if not isinstance(network, ResidualDiscriminator):
        raise SystemExit(f"{run} has another kind of discriminator")
    network.requires_grad_(False)

    def looks(image: Tensor) -> Maps:
        x = network.stages[0](network.first(image))
        found = {"grid0": x}
        for place, (widen, stage) in enumerate(zip(network.widen, list(network.stages)[1:], strict=True), 1):
            found[f"grid{place}"] = x = stage(widen(avg_pool2d(x, 2)))
        return found

    return looks


def candidates(run: str | None, runs: str) -> dict[str, Callable[[], Looks]]:
    known: dict[str, Callable[[], Looks]] = {
        "random": lambda: seen_by(random_vgg(32)),
        "balanced": lambda: seen_by(balanced(random_vgg(16, "average"))),
        "learnt": lambda: seen_by(learn(sample_photos(), 16)),
        "contrast": lambda: seen_by(contrasted(balanced(random_vgg(16, "average")), 60)),
        "bank": bank,
    }
    return known | ({"discriminator": lambda: discriminator(run, runs)} if run else {})


def layout(image: Tensor) -> list[Tensor]:
    """Brightness at a quarter, an eighth and a sixteenth of the resolution."""
    line = torch.tensor([1.0, 4, 6, 4, 1]) / 16
    found, grey = [], (image * GREY).sum(1, keepdim=True)
    for _ in range(4):
        grey = conv2d(pad(grey, (2,) * 4, "reflect"), (line[:, None] * line)[None, None], stride=2)
        found.append(grey)
    return found[1:]


def distances(looks: Looks, style: Tensor) -> Callable[[Tensor], dict[str, Tensor]]:
    """Wasserstein distances to a style, by layer; the picture's own colours count as one."""

    def maps(image: Tensor) -> dict[str, Moments]:
        return {name: moments(x) for name, x in {"colours": image, **looks(image)}.items()}

    with torch.no_grad():
        wanted: dict[str, StyleLoss] = {name: wasserstein(found) for name, found in maps(style).items()}
    return lambda image: {name: wanted[name](found) for name, found in maps(image).items()}


def painted(looks: Looks, content: Tensor, style: Tensor, steps: int) -> Tensor:
    """Adam on the pixels, the last pictures averaged."""
    apart, wanted = distances(looks, style), layout(content)
    with torch.no_grad():
        unit = apart(content)
    canvas, average = content.clone().requires_grad_(), torch.zeros_like(content)
    optimizer = torch.optim.Adam([canvas], 2 * RATE, (0.9, 0.99))
    for _ in range(steps):
        shares = [value / unit[name] for name, value in apart(canvas).items()]
        kept = [mse_loss(a, b) / b.var() for a, b in zip(layout(canvas), wanted, strict=True)]
        loss = sum(shares) / len(shares) + CONTENT * sum(kept) / len(kept) + ROUGH * variation(canvas)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        with torch.no_grad():
            average.mul_(0.95).add_(canvas.clamp_(-1, 1), alpha=0.05)
    return (average / (1 - 0.95**steps)).clamp(-1, 1)


class Judge(nn.Module):
    """None of the candidates' kind: batch normalisation, four grids; maps, or logits of ten classes."""

    def __init__(self) -> None:
        super().__init__()
        widths = (3, 24, 48, 96, 128)
        self.grids = nn.ModuleList(
            nn.Sequential(
                *(
                    layer
                    for inputs in (before, after)
                    for layer in (
                        nn.Conv2d(inputs, after, 3, padding=1, padding_mode="replicate", bias=False),
                        nn.BatchNorm2d(after),
                        nn.ReLU(),
                    )
                )
            )
            for before, after in pairwise(widths)
        )
        self.last = nn.Linear(widths[-1], 10)

    def maps(self, image: Tensor) -> dict[str, Tensor]:
        found: dict[str, Tensor] = {}
        for place, stage in enumerate(self.grids):
            first, rest = stage[:3], stage[3:]
            found[f"grid{place}"] = image = first(max_pool2d(image, 2) if place else image)
            image = rest(image)
        found["last"] = image
        return found

    def forward(self, image: Tensor) -> Tensor:
        return self.last(self.maps(image)["last"].mean((2, 3)))


def trained_judge(archive: Path, kept: Path, epochs: int = 5) -> Judge:
    """Learns to tell the classes of a zip of class folders of 32-pixel images; kept for the next time."""
    judge = Judge()
    if kept.exists():
        judge.load_state_dict(torch.load(kept, weights_only=True))
        return judge.eval().requires_grad_(False)
    torch.manual_seed(5)
    with zipfile.ZipFile(archive) as file:
        names = sorted(name for name in file.namelist() if name.endswith(".jpg"))
        images = torch.cat([picture(file.read(name), 32) for name in names])
    classes = sorted({name.split("/")[-2] for name in names})
    labels = torch.tensor([classes.index(name.split("/")[-2]) for name in names])
    order, steps = torch.randperm(len(images)), epochs * len(images) // 64
    images, labels, cut = images[order], labels[order], len(images) - 1000
    optimizer = torch.optim.AdamW(judge.parameters(), 2e-3, weight_decay=0.05)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, 2e-3, total_steps=steps + 1)
    for step in range(steps):
        rows = torch.randint(cut, (64,))
        shift = tuple(int(n) for n in torch.randint(-3, 4, (2,)))
        shown = images[rows].roll(shift, (2, 3))
        loss = cross_entropy(judge(shown.flip(3) if step % 2 else shown), labels[rows], label_smoothing=0.1)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        schedule.step()
    judge.eval().requires_grad_(False)
    right = (judge(images[cut:]).argmax(1) == labels[cut:]).float().mean()
    print(f"the judge is right about {float(right):.1%} of 1,000 held-out images", flush=True)
    torch.save(judge.state_dict(), kept)
    return judge


def random_judge() -> Looks:
    """Random weights of another kind: 5x5 kernels, ELU, max pooling, one convolution a grid."""
    chance, layers, before = torch.Generator().manual_seed(77), [], 3
    for width in (24, 48, 96, 96):
        layers.append(torch.randn(width, before, 5, 5, generator=chance) * (2 / (25 * before)) ** 0.5)
        before = width

    def looks(image: Tensor) -> Maps:
        found = {}
        for place, weight in enumerate(layers):
            image = elu(conv2d(pad(max_pool2d(image, 2) if place else image, (2,) * 4, "replicate"), weight))
            found[f"grid{place}"] = image
        return found

    return looks


def sliced(a: Tensor, b: Tensor, seed: int = 0) -> float:
    """Sliced Wasserstein distance of 7x7 patches, the mean of all scales, in deviations of b's."""
    chance, found = torch.Generator().manual_seed(seed), []
    for one, two in zip(pyramid(a), pyramid(b), strict=True):
        rows = [unfold(x, 7)[0].T for x in (one, two)]
        rows = [x[torch.randperm(len(x), generator=chance)[:8192]] for x in rows]
        axes = normalize(torch.randn(rows[0].shape[1], 128, generator=chance), dim=0)
        first, second = ((x @ axes).sort(0).values for x in rows)
        found.append(float((first - second).abs().mean() / rows[1].std()))
    return sum(found) / len(found)


@torch.no_grad()
def left(looks: Looks, image: Tensor, content: Tensor, style: Tensor) -> float:
    """The distance to the style, without the colours', as a share of the photo's own: the mean over layers."""
    apart = distances(looks, style)
    after, before = apart(image), apart(content)
    return sum(float(after[name] / before[name]) for name in after if name != "colours") / (len(after) - 1)


def similarity(a: Tensor, b: Tensor) -> tuple[float, float]:
    """SSIM (7-pixel windows) of brightness at a quarter of the resolution; correlation of edges at half of it."""
    one, two = ((x * GREY).sum(1, keepdim=True) for x in (a, b))

    def means(x: Tensor) -> Tensor:
        return avg_pool2d(x, 7, 1)

    x, y = avg_pool2d(one, 4), avg_pool2d(two, 4)
    mx, my = means(x), means(y)
    vx, vy, both = means(x * x) - mx**2, means(y * y) - my**2, means(x * y) - mx * my
    ssim = (2 * mx * my + 4e-4) * (2 * both + 3.6e-3) / ((mx**2 + my**2 + 4e-4) * (vx + vy + 3.6e-3))

    def edges(x: Tensor) -> Tensor:
        x = avg_pool2d(x, 2)
        return (x.diff(dim=2)[..., :-1].square() + x.diff(dim=3)[..., :-1, :].square()).sqrt().flatten()

    return float(ssim.mean()), float(torch.corrcoef(torch.stack([edges(one), edges(two)]))[0, 1])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("pictures", type=Path)
    parser.add_argument("out", type=Path)
    parser.add_argument("--judge", type=Path, required=True, help="a zip of class folders of 32-pixel JPEG images")
    parser.add_argument("--run", help="a robust run, whose discriminator is a candidate, too")
    parser.add_argument("--runs", default="runs")
    parser.add_argument("--only", default="", help="candidates, with commas")
    parser.add_argument("--side", type=int, default=160)
    parser.add_argument("--steps", type=int, default=45)
    asked = parser.parse_args()
    asked.out.mkdir(parents=True, exist_ok=True)
    with zipfile.ZipFile(asked.pictures) as file:
        photos = {name: picture(file.read(f"content/{name}.jpg"), asked.side) for name in CONTENTS}
        styles = {name: picture(file.read(f"style/{name}.jpg"), asked.side) for name in STYLES}
    judges = {"trained": trained_judge(asked.judge, asked.out / "judge.pt").maps, "other": random_judge()}
    rows, cells = [], []
    known = candidates(asked.run, asked.runs)
    print("candidate       seconds  trained  random  patches |  SSIM  edges", flush=True)
    for name in asked.only.split(",") if asked.only else known:
        looks, mine = known[name](), []
        for photo, content in photos.items():
            for style, wanted in styles.items():
                began = time.process_time()
                made = painted(looks, content, wanted, asked.steps)
                seconds = time.process_time() - began
                shares = [left(judge, made, content, wanted) for judge in judges.values()]
                shares.append(sliced(made, wanted) / sliced(content, wanted))
                mine.append([seconds, *shares, *similarity(made, content)])
                rows.append({"candidate": name, "photo": photo, "style": style, "figures": mine[-1]})
                cells.append(interpolate(made, 160, mode="bilinear", antialias=True))
        means = np.mean(mine, 0)
        print(
            f"{name:15} {means[0]:7.1f}  {'  '.join(f'{x:6.3f}' for x in means[1:4])} | {means[4]:.3f}  {means[5]:.3f}",
            flush=True,
        )
        (asked.out / "rows.json").write_text(json.dumps(rows, indent=1))
        grid(to_uint8(torch.cat(cells)), len(photos) * len(styles), scale=1).save(asked.out / "sheet.png")


if __name__ == "__main__":
    main()
