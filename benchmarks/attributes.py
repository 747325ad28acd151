"""What a drawn face shows, read by a network that learnt it from real faces: the judge of edits.

The faces are of *pixelface*: 12 000 avatars whose attributes are known exactly. A tenth is held out to say how often
the judge is right; nothing generated is ever learnt from.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn.functional import avg_pool2d, cross_entropy

from gansmith.measure.own import crops

BINARY = ("glasses", "sunglasses", "smile", "beard", "hat", "long_hair")
MANY = {"hair_colour": 11, "skin_tone": 8, "background": 6}
SIZES = {**dict.fromkeys(BINARY, 2), **MANY}
WIDTHS = (24, 48, 96)
HELD_OUT, BATCH, RATE = 10, 64, 3e-3  # every tenth face


@dataclass(frozen=True)
class Faces:
    """images: (N, 3, 32, 32) in [-1, 1]; factors: attribute -> whole numbers (N,); held_out: (N,), to test on."""

    images: Tensor
    factors: Mapping[str, Tensor]
    held_out: Tensor


class Reader(nn.Module):
    """Faces (N, 3, 32, 32) in [-1, 1] -> logits (N, sum of SIZES), an attribute after another."""

    def __init__(self) -> None:
        super().__init__()
        layers: list[nn.Module] = []
        before = 3
        for number, width in enumerate(WIDTHS):
            layers += [nn.AvgPool2d(2)] if number else []
            for given in (before, width):
                layers += [nn.Conv2d(given, width, 3, padding=1, bias=False), nn.BatchNorm2d(width), nn.ReLU()]
            before = width
        self.trunk = nn.Sequential(*layers, nn.AvgPool2d(2), nn.Flatten())
        self.heads = nn.Linear(before * 16, sum(SIZES.values()))  # where things are counts

    def forward(self, images: Tensor) -> Tensor:
        return self.heads(self.trunk(images))


def open_faces(path: Path) -> Faces:
    with np.load(path, allow_pickle=False) as file:
        images = torch.from_numpy(file["images"]).permute(0, 3, 1, 2).float() / 127.5 - 1
        names = [str(name) for name in file["factor_names"]]
        columns = torch.from_numpy(file["factors"].astype(np.int64)).T
    factors = {name: columns[names.index(name)] for name in SIZES}
    return Faces(images, factors, torch.arange(len(images)) % HELD_OUT == 0)


def learn(faces: Faces, epochs: int = 22, seed: int = 0) -> Reader:
    """A reader taught by the faces that are not held out."""
    torch.manual_seed(seed)
    reader = Reader().train().to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    rows = (~faces.held_out).nonzero()[:, 0]
    steps = epochs * (len(rows) // BATCH)
    optimizer = torch.optim.AdamW(reader.parameters(), RATE, weight_decay=0.02, fused=True)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, RATE, total_steps=steps)
    chance = torch.Generator().manual_seed(seed)
    for chosen in shuffled(rows, epochs, chance):
        images = spoiled(faces.images[chosen], chance).contiguous(memory_format=torch.channels_last)
        with torch.autocast("cpu", torch.bfloat16):
            told = reader(images)
        loss = sum(
            (cross_entropy(logits, faces.factors[name][chosen]) for name, logits in parts(told.float()).items()),
            torch.zeros(()),
        )
        optimizer.zero_grad()
        torch.autograd.backward(loss)
        optimizer.step()
        schedule.step()
    return reader.eval().requires_grad_(False)


def shuffled(rows: Tensor, epochs: int, chance: torch.Generator) -> Iterator[Tensor]:
    for _ in range(epochs):
        order = rows[torch.randperm(len(rows), generator=chance)]
        yield from order[: len(order) // BATCH * BATCH].view(-1, BATCH)


def spoiled(images: Tensor, chance: torch.Generator) -> Tensor:
    """Half of a batch a little moved, blurred or noisy, for generated faces are never as crisp as drawn ones."""
    half = len(images) // 2
    moved = crops(images[:half], chance, least=0.9, contrast=0.0)
    blurred = avg_pool2d(moved, 3, 1, 1, count_include_pad=False)
    moved = moved.lerp(blurred, torch.rand(half, 1, 1, 1, generator=chance))
    moved = moved + 0.05 * torch.randn(moved.shape, generator=chance)
    return torch.cat([moved, images[half:]])


def parts(told: Tensor) -> dict[str, Tensor]:
    """Logits (N, sum of SIZES) by attribute, (N, values)."""
    return dict(zip(SIZES, torch.split(told, list(SIZES.values()), 1)))


@torch.no_grad()
def read(reader: Reader, images: Tensor) -> dict[str, Tensor]:
    """Attribute -> the likeliest value (N,) of each image (N, 3, 32, 32)."""
    told = torch.cat([reader(some) for some in torch.split(images, 500)])
    return {name: logits.argmax(1) for name, logits in parts(told).items()}


def right(reader: Reader, faces: Faces) -> dict[str, float]:
    """The share of held-out faces of which an attribute is read rightly."""
    told = read(reader, faces.images[faces.held_out])
    return {
        name: float((values == faces.factors[name][faces.held_out]).double().mean()) for name, values in told.items()
    }
