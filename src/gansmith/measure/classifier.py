"""A small classifier of the user's own pictures: learnt in seconds, and as sure of itself as it is right."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn.functional import cross_entropy, nll_loss

from gansmith.measure.features import batched
from gansmith.measure.own import BATCH, RATE, SIZE, Small, Take, Watch, one_thread

Vary = Callable[[Tensor, torch.Generator], Tensor]  # images (n, C, H, W) -> others of the same classes

SHOWN = (12_800, 32_000)  # images at least and at most; between them ten passes
PASSES = 10
SETTLED = 2048  # images whose statistics normalisation keeps: those of its training lag behind the weights
REACH = 14  # a shift moves an image by up to this part of its side


@dataclass(frozen=True)
class Classifier:
    """Called with images (N, C, H, W) in [-1, 1], gives how likely each class is: (N, classes), rows of sum 1.

    temperature: what the logits are divided by; see `calibrated`.
    """

    network: nn.Module
    temperature: float = 1.0

    def __call__(self, images: Tensor) -> Tensor:
        return (batched(self.network, images) / self.temperature).softmax(1)

    def right(self, take: Take, rows: NDArray[np.int64], labels: NDArray[np.int64], chunk: int = 512) -> Tensor:
        """Whether each of `rows` is taken for what it is: (n,) bool. labels: (N,) by row number."""
        parts = [rows[start : start + chunk] for start in range(0, len(rows), chunk)]
        told = [self(take(part)).argmax(1) == torch.from_numpy(labels[part]) for part in parts]
        return torch.cat([torch.zeros(0, dtype=torch.bool), *told])


def shown_for(count: int) -> int:
    """How many images are shown when `count` different ones are learnt from."""
    least, most = SHOWN
    return min(max(least, PASSES * count), most)


def learn(
    take: Take,
    rows: NDArray[np.int64],
    labels: NDArray[np.int64],
    classes: int,
    *,
    shown: int | None = None,
    vary: Vary | None = None,
    seed: int = 0,
    watch: Watch = lambda done, total: None,
) -> Classifier:
    """Learn which of `classes` each of `rows` shows. labels: (N,) whole numbers by row number.

    shown: images in all, by default `shown_for` their number. vary: what changes every batch before it is learnt from.
    The same arguments give the same classifier on one kind of machine. Raises ValueError where there is nothing.
    """
    if not len(rows):
        raise ValueError("no pictures to learn from")
    steps = max(1, (shown_for(len(rows)) if shown is None else shown) // BATCH)
    chance = np.random.default_rng(seed)
    passes = [chance.permutation(rows) for _ in range(-(-steps * BATCH // len(rows)))]
    picks = np.concatenate(passes)[: steps * BATCH].reshape(steps, BATCH)
    dice = torch.Generator().manual_seed(seed)
    with torch.random.fork_rng(devices=[]), one_thread():
        torch.manual_seed(seed)
        channels = take(picks[0, :1]).shape[1]
        network = nn.Sequential(Small(channels), nn.BatchNorm1d(SIZE), nn.ReLU(), nn.Linear(SIZE, classes))
        optimizer = torch.optim.Adam(network.parameters(), lr=RATE, fused=True)
        schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, RATE, total_steps=steps + 1)
        for step, some in enumerate(picks):
            images = take(some) if vary is None else vary(take(some), dice)
            loss = cross_entropy(network(images), torch.from_numpy(labels[some]))
            optimizer.zero_grad()
            torch.autograd.backward(loss)
            optimizer.step()
            schedule.step()
            watch(step + 1, steps)
        network.eval().requires_grad_(False)
        settle(network, [take(some) for some in picks[: SETTLED // BATCH]])
    return Classifier(network)


@torch.no_grad()
def settle(network: nn.Module, batches: Sequence[Tensor]) -> None:
    """Give batch normalisation the mean statistics of these batches (n, C, H, W), by the weights as they are now.

    After a short training the running ones still remember the first weights, and everything looks alike.
    """
    layers = [layer for layer in network.modules() if isinstance(layer, nn.BatchNorm1d | nn.BatchNorm2d)]
    for layer in layers:
        layer.reset_running_stats()
        layer.momentum = None  # of all batches equally
        layer.train()
    for images in batches:
        network(images)
    for layer in layers:
        layer.eval()


def calibrated(classifier: Classifier, take: Take, rows: NDArray[np.int64], labels: NDArray[np.int64]) -> Classifier:
    """The same with the temperature that makes it as sure of itself as it is right on `rows` it has not learnt from.

    Of all temperatures the one with the least negative log-likelihood there (Guo et al. 2017, section 4.2).
    """
    plain = replace(classifier, temperature=1.0)
    logs = plain(take(rows)).clamp_min(1e-12).log()
    truth = torch.from_numpy(labels[rows])
    temperatures = torch.logspace(-2, 4, 121, base=2.0).tolist()
    losses = [float(nll_loss((logs / temperature).log_softmax(1), truth)) for temperature in temperatures]
    return replace(classifier, temperature=temperatures[int(np.argmin(losses))])


def shifted(images: Tensor, chance: torch.Generator) -> Tensor:
    """Each image (N, C, H, W) moved by up to a fourteenth of its side, its edges going on."""
    count, _, high, wide = images.shape
    places = []
    for length in (high, wide):
        most = max(1, round(length / REACH))
        by = torch.randint(-most, most + 1, (count, 1), generator=chance)
        places.append((torch.arange(length) + by).clamp(0, length - 1))
    moved = images.gather(2, places[0][:, None, :, None].expand_as(images))
    return moved.gather(3, places[1][:, None, None, :].expand_as(images))


def flipped(images: Tensor, chance: torch.Generator) -> Tensor:
    """Each image (N, C, H, W) as it is or, as often, as in a mirror."""
    mirrored = torch.rand(len(images), 1, 1, 1, generator=chance) < 0.5
    return torch.where(mirrored, images.flip(3), images)
