"""BigGAN's residual pair at any size (Brock et al. 2019, appendix B): the latent and the class enter every block."""

from __future__ import annotations

import math
from itertools import pairwise

import torch
from torch import Tensor, nn
from torch.nn import functional

from gansmith.networks.attention import SelfAttention
from gansmith.networks.residual import pyramid
from gansmith.networks.smooth import SmoothConv2d

WIDEST = 16  # times the finest map's channels


def channels(width: int, blocks: int) -> list[int]:
    """Channels from coarse to fine, of the start and after each block: 4w, 4w, 2w, w for three (ibid., tables 4-9)."""
    return [width * min(2 ** (blocks - 1 - max(0, place - 1)), WIDEST) for place in range(blocks + 1)]


def attended(grids: list[tuple[int, int]], size: int | None) -> int | None:
    """Which of the grids, fine to coarse, attention is on: of about `size` cells on the shorter side, never the finest.

    None: of half the finest, as in the paper (64 of 128). 0: none.
    """
    if size == 0:
        return None
    wanted = min(grids[0]) / 2 if size is None else size
    return min(range(1, len(grids)), key=lambda place: abs(math.log(min(grids[place]) / wanted)))


def parts(z: int, blocks: int) -> list[int]:
    """How a latent is divided among the start and the blocks: equally, what is left over to the start."""
    each = z // (blocks + 1)
    return [z - blocks * each] + [each] * blocks


class ConditionalNorm(nn.Module):
    """x (N, C, H, W), vectors (N, size) -> x normalised by statistics of the batch, scaled and shifted as they say.

    Class-conditional BatchNorm, its gains and shifts linear in the vector.
    """

    def __init__(self, size: int, width: int) -> None:
        super().__init__()
        self.norm = nn.BatchNorm2d(width, affine=False)
        self.scale = nn.Linear(size, width, bias=False)
        self.shift = nn.Linear(size, width, bias=False)

    def forward(self, x: Tensor, vector: Tensor) -> Tensor:
        scale, shift = (layer(vector)[:, :, None, None] for layer in (self.scale, self.shift))
        return torch.addcmul(shift, self.norm(x), 1 + scale)


class Growing(nn.Module):
    """(N, inputs, h, w), vectors (N, size) -> (N, outputs, 2h, 2w)."""

    def __init__(self, inputs: int, outputs: int, size: int) -> None:
        super().__init__()
        self.before, self.between = ConditionalNorm(size, inputs), ConditionalNorm(size, outputs)
        self.first, self.second = SmoothConv2d(inputs, outputs, 3), SmoothConv2d(outputs, outputs, 3)
        self.skip = nn.Conv2d(inputs, outputs, 1)

    def forward(self, x: Tensor, vector: Tensor) -> Tensor:
        inner = self.first(doubled(functional.relu(self.before(x, vector))))
        # A 1x1 convolution and nearest doubling commute: the cheaper one first.
        return self.second(functional.relu(self.between(inner, vector))) + doubled(self.skip(x))


class Shrinking(nn.Module):
    """(N, inputs, h, w) -> (N, outputs, h/2, w/2); the first block sees pixels, unrectified; the last may keep size."""

    def __init__(self, inputs: int, outputs: int, *, first: bool, halve: bool) -> None:
        super().__init__()
        self.starts, self.halves = first, halve
        self.first, self.second = SmoothConv2d(inputs, outputs, 3), SmoothConv2d(outputs, outputs, 3)
        self.skip = nn.Conv2d(inputs, outputs, 1) if halve or inputs != outputs else None

    def forward(self, x: Tensor) -> Tensor:
        inner = self.second(functional.relu(self.first(x if self.starts else functional.relu(x))))
        if self.halves:  # 1x1 convolution and mean commute, too
            inner, x = functional.avg_pool2d(inner, 2), functional.avg_pool2d(x, 2)
        return inner + (x if self.skip is None else self.skip(x))


def doubled(x: Tensor) -> Tensor:
    """Every cell twice in each direction."""
    return functional.interpolate(x, scale_factor=2.0, mode="nearest")


class BigGANGenerator(nn.Module):
    """Latents (N, z) and labels (N,) -> images (N, C, H, W) in [-1, 1].

    width: channels of the finest map. classes: at least 1. shared: size of the class vector all blocks share.
    attention: see `attended`.
    """

    def __init__(
        self, shape: tuple[int, int, int], z: int, width: int, classes: int, shared: int, attention: int | None = None
    ) -> None:
        super().__init__()
        grids = pyramid(*shape[1:])
        blocks = len(grids) - 1
        widths, self.parts = channels(width, blocks), parts(z, blocks)
        self.shape, self.start = shape, grids[-1]
        self.classes = nn.Embedding(classes, shared)
        self.first = nn.Linear(self.parts[0], widths[0] * math.prod(self.start))
        sizes = [part + shared for part in self.parts[1:]]
        self.blocks = nn.ModuleList(Growing(a, b, size) for (a, b), size in zip(pairwise(widths), sizes, strict=True))
        place = attended(grids, attention)
        self.attended = -1 if place is None else blocks - 1 - place  # a single block makes the finest map: none there
        self.attention = SelfAttention(widths[self.attended + 1]) if self.attended >= 0 else None
        self.norm = nn.BatchNorm2d(widths[-1])
        self.last = SmoothConv2d(widths[-1], shape[0], 3)
        orthogonal(self)

    def forward(self, z: Tensor, label: Tensor) -> Tensor:
        first, *others = torch.split(z, self.parts, dim=1)
        vector = self.classes(label)
        x = self.first(first).unflatten(1, (*self.start, -1)).permute(0, 3, 1, 2)
        for place, (block, part) in enumerate(zip(self.blocks, others, strict=True)):
            x = block(x, torch.cat([vector, part], 1))
            if self.attention is not None and place == self.attended:
                x = self.attention(x)
        return torch.tanh(self.last(functional.relu(self.norm(x))))[:, :, : self.shape[1], : self.shape[2]]


class BigGANDiscriminator(nn.Module):
    """Images (N, C, H, W) and labels (N,) -> logits (N,): last(f) + <class vector, f>, f being summed features.

    The projection of Miyato & Koyama 2018, eq. 3. Labels of a pack, (N, k), count by their mean; None: the first class.
    """

    def __init__(self, shape: tuple[int, int, int], width: int, classes: int, attention: int | None = None) -> None:
        super().__init__()
        grids = pyramid(*shape[1:])
        blocks = len(grids) - 1
        finest, *coarser = channels(width, blocks)[::-1]
        widths = [shape[0], finest, *coarser]
        self.pad = (0, grids[0][1] - shape[2], 0, grids[0][0] - shape[1])
        self.blocks = nn.ModuleList(
            Shrinking(a, b, first=not place, halve=place < blocks) for place, (a, b) in enumerate(pairwise(widths))
        )
        place = attended(grids, attention)
        self.attended = -1 if place is None else place - 1
        self.attention = SelfAttention(widths[self.attended + 1]) if self.attended >= 0 else None
        self.classes = nn.Linear(classes, widths[-1], bias=False)  # of one-hot labels: a vector per class
        self.last = nn.Linear(widths[-1], 1)
        orthogonal(self)

    def forward(self, image: Tensor, label: Tensor | None = None) -> Tensor:
        x = functional.pad(image, self.pad, mode="replicate") if any(self.pad) else image
        for place, block in enumerate(self.blocks):
            x = block(x)
            if self.attention is not None and place == self.attended:
                x = self.attention(x)
        features = functional.relu(x).sum(dim=(2, 3))
        if label is None:
            label = torch.zeros(len(image), dtype=torch.int64, device=image.device)
        hot = functional.one_hot(label, self.classes.in_features).to(features.dtype)
        agreement = (self.classes(hot if hot.dim() == 2 else hot.mean(dim=1)) * features).sum(1)
        return self.last(features)[:, 0] + agreement


def orthogonal(network: nn.Module) -> None:
    """Weights with orthonormal rows or columns (Saxe et al. 2014), biases 0."""
    for module in network.modules():
        if isinstance(module, nn.Conv2d | nn.Linear | nn.Embedding):
            nn.init.orthogonal_(module.weight)
            if getattr(module, "bias", None) is not None:
                nn.init.zeros_(module.bias)  # type: ignore[arg-type]
