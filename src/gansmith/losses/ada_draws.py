"""What chance decides for each image of a batch: which operations of ADA it meets, and how strongly."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from dataclasses import dataclass

import torch
from torch import Tensor

ROTATIONS = ("rotate", "rotate after")  # before and after the change of aspect
BANDS = tuple(f"imgfilter {band}" for band in range(4))
ROWS = (
    *("xflip", "rotate90", "xint", "scale", *ROTATIONS, "aniso", "xfrac"),
    *("brightness", "contrast", "lumaflip", "hue", "saturation"),
    *(*BANDS, "noise", "cutout"),
)
PLACE = {name: place for place, name in enumerate(ROWS)}
PARTS = {"rotate": ROTATIONS, "imgfilter": BANDS}  # of the operations that are decided in several rows


@dataclass(frozen=True)
class Draws:
    """A row of ROWS per decision, for N images; on the CPU, and of no size in pixels, so that they fit any.

    on: (rows, N), whether it is applied. uniform: (2, rows, N) in [0, 1). normal: (2, rows, N), standard.
    """

    on: Tensor
    uniform: Tensor
    normal: Tensor

    def touched(self, *names: str) -> Tensor:
        """Which images any of these is applied to, (N,)."""
        return self.on[[PLACE[name] for name in names]].any(0)

    def when(self, name: str, value: Tensor, otherwise: float = 0.0) -> Tensor:
        """The value (..., N) where the operation is applied, what changes nothing elsewhere."""
        return torch.where(self.on[PLACE[name]], value, otherwise)

    def share(self, name: str, which: int = 0) -> Tensor:
        """Uniform in [0, 1), (N,)."""
        return self.uniform[which, PLACE[name]]

    def gauss(self, name: str, which: int = 0) -> Tensor:
        """Standard normal, (N,)."""
        return self.normal[which, PLACE[name]]

    def factor(self, name: str, octaves: float) -> Tensor:
        """Lognormal, of that many octaves' standard deviation where it is applied; 1 elsewhere. (N,)"""
        return self.when(name, torch.exp2(octaves * self.gauss(name)), 1.0)

    def angle(self, name: str) -> Tensor:
        """Uniform in [-pi, pi) where it is applied, 0 elsewhere. (N,)"""
        return self.when(name, (2 * self.share(name) - 1) * math.pi)


def draw(names: Iterable[str], count: int, p: float) -> Draws:
    """Decide for `count` images, from torch's global generator: the same numbers whatever the names and p are.

    Each rotation has the probability 1 - sqrt(1 - p), so that p of the images meet one (Karras et al. 2020, B).
    """
    rows = len(ROWS)
    chance, uniform, normal = torch.rand(rows, count), torch.rand(2, rows, count), torch.randn(2, rows, count)
    limit = torch.zeros(rows, 1)
    for name in names:
        for row in PARTS.get(name, (name,)):
            limit[PLACE[row]] = 1 - math.sqrt(1 - p) if row in ROTATIONS else p
    return Draws(chance < limit, uniform, normal)


def applied(image: Tensor, touched: Tensor, change: Callable[[Tensor, Tensor], Tensor]) -> Tensor:
    """`change(images, places)` to the touched images only, (N,) bool; the others stay as they are, bit for bit."""
    places = touched.nonzero()[:, 0]
    if not len(places):
        return image
    if len(places) == len(image):
        return change(image, places)
    there = places.to(image.device)
    return image.index_copy(0, there, change(image[there], places))
