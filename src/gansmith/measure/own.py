"""Features learnt from the user's own real pictures, and from nothing else: never from a generator.

With labels a small classifier learns them, as what separates classes is what people see in the pictures. Without, the
same network learns to recognise a picture by another crop of it (SimCLR, Chen et al. 2020, arXiv:2002.05709), turned
copies being other pictures (Tack et al. 2020, arXiv:2007.08176). Blur and noise are no part of the crops: a score has
to notice them. Figures in such features are compared within one data set only, and their name tells the weights.
"""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn.functional import affine_grid, avg_pool2d, cross_entropy, grid_sample, normalize

from gansmith.measure.features import Features, Standardised, fingerprint, standardised

Take = Callable[[NDArray[np.int64]], Tensor]  # row numbers -> images (n, C, H, W) in [-1, 1]
Watch = Callable[[int, int], None]  # (steps done, of all)

VERSION = 1  # raised when training changes, so that kept features are not mistaken for new ones
WIDTHS, SIZE = (24, 48, 96), 64  # channels per level; number of features
SIDE = 32  # larger pictures are seen at about this many pixels: fine detail is the random network's part
MOST = 10_000  # pictures learnt from
SHOWN, EPOCHS = 48_000, 60  # pictures shown in all, at most so often each; without labels a third less, twice as dear
BATCH, RATE = 64, 2e-3
LEAST_PER_CLASS = 10  # on average; with fewer a classifier learns single pictures
TEMPERATURE = 0.2


def learn(
    take: Take,
    rows: NDArray[np.int64],
    labels: NDArray[np.int64] | None = None,
    *,
    seed: int = 0,
    watch: Watch = lambda done, total: None,
) -> Features:
    """Train features of 64 dimensions on the real pictures `rows`, at most 10 000 of them; half a minute on one core.

    labels: (N,) whole numbers by row number, used where there are two classes of ten samples or more. The same rows and
    seed give the same features on one kind of machine. Raises ValueError for fewer than two pictures.
    """
    if len(rows) < 2:
        raise ValueError(f"{len(rows)} pictures are too few to learn from")
    rows = np.random.default_rng(seed).permutation(rows)[:MOST]
    images = torch.cat([shrunk(take(rows[start : start + 256])) for start in range(0, len(rows), 256)])
    chosen = None if labels is None else torch.from_numpy(np.unique(labels[rows], return_inverse=True)[1])
    if chosen is not None and not worth_learning(chosen):
        chosen = None
    with torch.random.fork_rng(devices=[]), one_thread():
        torch.manual_seed(seed)
        network = Small(images.shape[1])
        _train(network, images, chosen, seed, watch)
    network.eval().requires_grad_(False)
    return _named(standardised(network, images))


@contextmanager
def one_thread() -> Iterator[None]:
    """Sums in one order on any machine; and so small a network only waits for a second thread."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(threads)


def worth_learning(labels: Tensor) -> bool:
    """Whether labels (N,), numbered from 0, tell a classifier anything: two classes, ten samples in each on average."""
    classes = int(labels.max()) + 1
    return classes >= 2 and len(labels) >= LEAST_PER_CLASS * classes


def save(features: Features, path: Path) -> None:
    """Write learnt features as safetensors. Raises OSError."""
    from safetensors.torch import save as packed

    path.parent.mkdir(parents=True, exist_ok=True)
    tensors = {name: tensor.contiguous() for name, tensor in features.network.state_dict().items()}
    notes = {"gansmith": json.dumps({"version": VERSION, "name": features.name})}
    unfinished = path.with_name(f".{path.name}")
    unfinished.write_bytes(packed(tensors, notes))
    unfinished.replace(path)


def load(path: Path, channels: int) -> Features | None:
    """What `save` wrote; None where there is nothing, or nothing that fits and is whole."""
    from safetensors import safe_open

    network = Standardised(Small(channels), torch.zeros(SIZE), torch.ones(SIZE))
    try:
        with safe_open(path, "pt") as file:
            notes = json.loads((file.metadata() or {})["gansmith"])
            network.load_state_dict({name: file.get_tensor(name) for name in file.keys()})  # noqa: SIM118
    except Exception:  # missing, torn, of another shape: it is learnt anew
        return None
    features = _named(network.eval().requires_grad_(False))
    return features if notes == {"version": VERSION, "name": features.name} else None


def _named(network: nn.Module) -> Features:
    return Features(f"own-{fingerprint(network)[:8]}", network)


def shrunk(images: Tensor) -> Tensor:
    """Images averaged over whole squares of pixels, so that the short side has about SIDE of them."""
    return avg_pool2d(images, max(1, round(min(images.shape[2:]) / SIDE)))


class Small(nn.Module):
    """Images (N, C, H, W) of any size from 8 pixels -> (N, SIZE): 3x3 convolutions, pooling, one linear layer."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        low, middle, high = WIDTHS
        self.body = nn.Sequential(
            *convolution(channels, low), nn.AvgPool2d(2), *convolution(low, middle), nn.AvgPool2d(2),
            *convolution(middle, high), nn.AvgPool2d(2, ceil_mode=True), *convolution(high, high),
        )  # fmt: skip
        self.out = nn.Linear(2 * high, SIZE)
        self.to(memory_format=torch.channels_last)  # type: ignore[call-overload]

    def forward(self, images: Tensor) -> Tensor:
        # The standardisation is made from pictures shrunk before; shrinking those again changes nothing.
        found = self.body(shrunk(images).contiguous(memory_format=torch.channels_last))
        return self.out(torch.cat([found.mean((2, 3)), found.amax((2, 3))], dim=1))


def convolution(channels: int, wide: int) -> tuple[nn.Module, ...]:
    return nn.Conv2d(channels, wide, 3, padding=1, bias=False), nn.BatchNorm2d(wide), nn.ReLU()


def _train(network: nn.Module, images: Tensor, labels: Tensor | None, seed: int, watch: Watch) -> None:
    classes = SIZE * 2 if labels is None else int(labels.max()) + 1
    head = nn.Sequential(nn.BatchNorm1d(SIZE), nn.ReLU(), nn.Linear(SIZE, classes))
    optimizer = torch.optim.Adam([*network.parameters(), *head.parameters()], lr=RATE, fused=True)
    shown = SHOWN if labels is not None else SHOWN * 2 // 3
    steps = max(1, min(shown, EPOCHS * len(images)) // BATCH)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, RATE, total_steps=steps + 1)
    chance = torch.Generator().manual_seed(seed)
    for step in range(steps):
        picks = torch.randint(len(images), (BATCH,), generator=chance)
        if labels is None:
            loss = contrast(network, head, images[picks], chance)
        else:
            seen = crops(images[picks], chance, least=0.8, contrast=0.0)
            loss = cross_entropy(head(network(seen)), labels[picks], label_smoothing=0.1)
        optimizer.zero_grad()
        torch.autograd.backward(loss)
        optimizer.step()
        schedule.step()
        watch(step + 1, steps)


def contrast(network: nn.Module, head: nn.Module, images: Tensor, chance: torch.Generator) -> Tensor:
    """Each of two crops of a picture is to be nearest to the other, among all crops (SimCLR, equation 1).

    Half of the pictures are seen, and each of them turned, too, as another picture: what is up and down then counts.
    """
    images = images[: len(images) // 2]
    quarters = int(torch.randint(1, 4, (), generator=chance)) if images.shape[2] == images.shape[3] else 2
    images = torch.cat([images, images.rot90(quarters, (2, 3))])
    crop = torch.cat([holed(crops(images, chance), chance) for _ in range(2)])
    lying = normalize(head(network(crop)), dim=1)
    alike = (lying @ lying.T / TEMPERATURE).fill_diagonal_(-math.inf)
    return cross_entropy(alike, torch.arange(len(crop)).roll(len(images)))


def crops(images: Tensor, chance: torch.Generator, least: float = 0.5, contrast: float = 0.3) -> Tensor:
    """A random part of each image (N, C, H, W), at least `least` of each side, stretched back; other light."""
    count, channels = images.shape[:2]

    def dice(*shape: int) -> Tensor:
        return torch.rand(count, *shape, generator=chance)

    side = least + (1 - least) * dice()
    wider = ((dice() - 0.5) * 0.3).exp()
    where = torch.zeros(count, 2, 3)
    where[:, 0, 0], where[:, 1, 1] = side * wider, side / wider
    where[:, :, 2] = (2 * dice(2) - 1) * (1 - side)[:, None]
    grid = affine_grid(where, list(images.shape), align_corners=False)
    part = grid_sample(images, grid, padding_mode="border", align_corners=False)
    mean = part.mean((1, 2, 3), keepdim=True)
    stronger = 1 + contrast * (2 * dice(1, 1, 1) - 1)
    return (part - mean) * stronger + mean + contrast / 2 * (2 * dice(channels, 1, 1) - 1)


def holed(images: Tensor, chance: torch.Generator) -> Tensor:
    """Images with a square of a quarter of their area somewhere, cut by the edges, in their mean colour."""
    count, _, height, width = images.shape
    half = min(height, width) / 4
    inside = torch.ones(count, 1, height, width, dtype=torch.bool)
    for axis, length in ((2, height), (3, width)):
        centre = torch.rand(count, 1, 1, 1, generator=chance) * length
        along = torch.arange(length).view([-1 if axis == place else 1 for place in range(4)])
        inside &= (along - centre).abs() < half
    return torch.where(inside, images.mean((2, 3), keepdim=True), images)
