"""Whether pictures show what their captions say: a small net learns real pairs, then has to find the right caption.

Of every picture it ranks the right caption among 15 wrong ones (as in Reed et al. 2016b, arXiv:1605.05395; Xu et al.
2018, section 4.1, R-precision). Real held-out pictures say how well that can be done at all; chance is one in sixteen.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn.functional import cross_entropy, interpolate, normalize

from gansmith.measure.bootstrap import NORMAL, clipped
from gansmith.measure.own import BATCH, RATE, WIDTHS, Watch, convolution, crops, one_thread, shrunk

AMONG = 16  # captions of which one is right
DRAWS = 8  # of the wrong ones, per picture
SIZE = 64  # of the space pictures and captions meet in
SHOWN, EPOCHS = 32_000, 40  # pictures shown in all, at most so often each
GRID = 4
CHUNK = 256
SHARPEST = math.log(50)  # of the temperature's inverse


class Matcher(nn.Module):
    """Pictures (N, C, H, W) and captions (N, L) -> unit vectors (N, SIZE), nearest where they belong together.

    text: captions -> (N, d), learnt anew with the rest.
    """

    def __init__(self, channels: int, text: nn.Module, size: int) -> None:
        super().__init__()
        low, middle, high = WIDTHS
        self.body = nn.Sequential(
            *convolution(channels, low), nn.AvgPool2d(2), *convolution(low, middle), nn.AvgPool2d(2),
            *convolution(middle, high), nn.AvgPool2d(2, ceil_mode=True), *convolution(high, high),
        )  # fmt: skip
        # Where something is tells what it is: a top from a background of its colour.
        self.picture = nn.Linear(high * GRID**2, SIZE)
        self.text = text
        self.caption = nn.Linear(size, SIZE)
        self.sharpness = nn.Parameter(torch.tensor(math.log(10.0)))

    def pictures(self, images: Tensor) -> Tensor:
        cells = interpolate(self.body(shrunk(images)), (GRID, GRID), mode="area")
        return normalize(self.picture(cells.flatten(1)), dim=1)

    def captions(self, captions: Tensor) -> Tensor:
        return normalize(self.caption(self.text(captions)), dim=1)


def learn(
    images: Callable[[Tensor], Tensor],
    captions: Tensor,
    reader: Callable[[], nn.Module],
    size: int,
    *,
    seed: int = 0,
    watch: Watch = lambda done, total: None,
) -> Matcher:
    """A matcher of real pairs: images(rows) gives their pictures, captions (n, L) all captions; a minute on one core.

    reader: makes an untrained encoder, captions -> (N, size). In every batch each picture is to be nearest to its
    caption, and the reverse (InfoNCE: Radford et al. 2021, figure 3); equal captions are not held against each other.
    """
    with torch.random.fork_rng(devices=[]), one_thread():
        torch.manual_seed(seed)
        matcher = Matcher(images(torch.zeros(1, dtype=torch.int64)).shape[1], reader(), size)
        optimizer = torch.optim.AdamW(matcher.parameters(), lr=RATE, weight_decay=0.05, fused=True)
        steps = max(1, min(SHOWN, EPOCHS * len(captions)) // BATCH)
        schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, RATE, total_steps=steps + 1)
        chance = torch.Generator().manual_seed(seed)
        for step in range(steps):
            rows = torch.randperm(len(captions), generator=chance)[:BATCH]
            told = captions[rows]
            seen = matcher.pictures(crops(images(rows), chance, least=0.85, contrast=0.0))
            alike = seen @ matcher.captions(told).T * matcher.sharpness.clamp(max=SHARPEST).exp()
            same = (told[:, None] == told[None]).all(2) & ~torch.eye(len(told), dtype=torch.bool)
            alike = alike.masked_fill(same, -math.inf)
            right = torch.arange(len(told))
            loss = cross_entropy(alike, right) + cross_entropy(alike.T, right)
            optimizer.zero_grad()
            torch.autograd.backward(loss)
            optimizer.step()
            schedule.step()
            watch(step + 1, steps)
    return matcher.eval().requires_grad_(False)


def ranks(pictures: Tensor, captions: Tensor, texts: Tensor, *, seed: int = 0) -> Tensor:
    """Ranks (N, DRAWS), 1 the best, of each picture's caption among AMONG: it and others that say something else.

    pictures, captions: unit vectors (N, d), in pairs; texts: (N, L), what the captions say. Ties count half.
    Raises ValueError where some caption is not told from AMONG - 1 others.
    """
    alike = pictures @ captions.T
    other = (texts[:, None] != texts[None]).any(2)
    if int(other.sum(1).min()) < AMONG - 1:
        raise ValueError(f"fewer than {AMONG} captions say different things")
    chance = torch.Generator().manual_seed(seed)
    own = alike.diagonal()[:, None]
    found = []
    for _ in range(DRAWS):
        order = torch.rand(alike.shape, generator=chance).masked_fill(~other, -1)
        wrong = alike.gather(1, order.topk(AMONG - 1, dim=1).indices)
        found.append(1 + (wrong > own).sum(1) + 0.5 * (wrong == own).sum(1))
    return torch.stack(found, 1)


@dataclass(frozen=True)
class Found:
    """Of all ranks: the share that is 1, its 95 % interval, and the median."""

    first: float
    around: tuple[float, float]
    median: float


def found(matcher: Matcher, images: Callable[[Tensor], Tensor], texts: Tensor, *, seed: int = 0) -> Found:
    """How well a matcher finds the captions (n, L) of pictures images(rows)."""
    chunks = torch.split(torch.arange(len(texts)), CHUNK)
    with torch.no_grad(), one_thread():
        pictures = torch.cat([matcher.pictures(images(rows)) for rows in chunks])
        captions = torch.cat([matcher.captions(texts[rows]) for rows in chunks])
    return summed_up(ranks(pictures, captions, texts, seed=seed))


def summed_up(ranks: Tensor) -> Found:
    """Ranks (N, draws) in three figures; the interval is of other pictures."""
    first = (ranks == 1).double().mean(1)
    error = NORMAL * float(first.std() / math.sqrt(len(first)))
    share = float(first.mean())
    return Found(share, clipped((share - error, share + error), 0.0, 1.0), float(ranks.flatten().float().quantile(0.5)))
