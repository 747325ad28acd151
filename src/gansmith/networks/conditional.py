"""Residual networks that are told something: how a condition enters the generator, and how the discriminator uses it.

A condition is a module: what came with the images, by name -> one vector each, (N, size). The networks see the vectors
alone, so that labels, sentences and whatever comes next enter by one door. A network keeps its condition, which learns
with it: `network(x, network.condition(given))`.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from typing import Protocol, cast

import torch
from torch import Tensor, nn
from torch.nn import functional

from gansmith.networks.residual import (
    SLOPE,
    Block,
    ResidualDiscriminator,
    ResidualGenerator,
    bounded,
    enlarged,
    linear,
)

PLANES = 8  # of a condition beside an image's own channels
FAINT = 0.1  # how strongly a condition scales and shifts before it has learnt to, in deviations


class Condition(Protocol):
    """What a network asks of its condition, a module. size: of its vectors."""

    size: int

    def __call__(self, given: Mapping[str, Tensor], /) -> Tensor: ...


class LabelCondition(nn.Module):
    """given["label"], (N,) class numbers -> a learned vector per class, (N, size); of a pack, (N, k), their mean."""

    def __init__(self, classes: int, size: int) -> None:
        super().__init__()
        self.size = size
        self.vectors = nn.Embedding(classes, size)

    def forward(self, given: Mapping[str, Tensor]) -> Tensor:
        vectors: Tensor = self.vectors(given["label"])
        return vectors if vectors.dim() == 2 else vectors.mean(dim=1)


class JoinedGenerator(nn.Module):
    """Latents (N, z) and vectors (N, size) -> images: the vector behind the latent (Mirza & Osindero 2014, 3.2)."""

    def __init__(
        self,
        condition: Condition,
        shape: tuple[int, int, int],
        z: int,
        width: int,
        blocks: int = 1,
        slope: float = SLOPE,
    ) -> None:
        super().__init__()
        self.condition = condition
        self.picture = ResidualGenerator(shape, z + condition.size, width, blocks=blocks, slope=slope)

    def forward(self, z: Tensor, vector: Tensor) -> Tensor:
        return self.picture(torch.cat([z, vector], 1))


class Steering(nn.Module):
    """x (N, C, H, W), vectors (N, size) -> x scaled and shifted per channel by what the vector says.

    norm: first normalised by statistics of the batch: class-conditional BatchNorm (Dumoulin et al. 2017, eq. 5).
    """

    def __init__(self, size: int, width: int, norm: bool) -> None:
        super().__init__()
        self.norm = nn.BatchNorm2d(width, affine=False) if norm else None
        self.amounts = nn.Linear(size, 2 * width)
        nn.init.normal_(self.amounts.weight, 0.0, FAINT / math.sqrt(size))
        nn.init.zeros_(self.amounts.bias)

    def forward(self, x: Tensor, vector: Tensor) -> Tensor:
        scale, shift = self.amounts(vector)[:, :, None, None].chunk(2, dim=1)
        return torch.addcmul(shift, x if self.norm is None else self.norm(x), 1 + scale)


class SteeredBlock(nn.Module):
    """A residual block whose two convolutions see their input steered."""

    def __init__(self, block: Block, size: int, norm: bool) -> None:
        super().__init__()
        self.block = block
        self.steer = nn.ModuleList(Steering(size, block.first.in_channels, norm) for _ in range(2))

    def forward(self, x: Tensor, vector: Tensor) -> Tensor:
        block = self.block
        inner = block.first(functional.leaky_relu(self.steer[0](x, vector), block.slope))
        return x + block.second(functional.leaky_relu(self.steer[1](inner, vector), block.slope))


class SteeredGenerator(nn.Module):
    """Latents (N, z) and vectors (N, size) -> images: the vector steers every block, as in Miyato & Koyama 2018, 4.

    norm: with class-conditional BatchNorm, as there; else it scales and shifts what comes.
    """

    def __init__(
        self,
        condition: Condition,
        shape: tuple[int, int, int],
        z: int,
        width: int,
        blocks: int = 1,
        slope: float = SLOPE,
        *,
        norm: bool,
    ) -> None:
        super().__init__()
        self.condition = condition
        self.picture = picture = ResidualGenerator(shape, z, width, blocks=blocks, slope=slope)
        picture.stages = nn.ModuleList(
            nn.ModuleList(SteeredBlock(block, condition.size, norm) for block in cast(Iterable[Block], stage))
            for stage in picture.stages
        )

    def forward(self, z: Tensor, vector: Tensor) -> Tensor:
        picture = self.picture
        x = picture.smallest(z)
        for level, stage in enumerate(picture.stages):
            if level:
                x = enlarged(picture.thin[level - 1](x))
            for block in cast(Iterable[SteeredBlock], stage):
                x = block(x, vector)
        return bounded(picture.last(functional.leaky_relu(x, picture.slope)), picture.shape, leaking=self.training)


class ProjectionDiscriminator(nn.Module):
    """Images and vectors (N, size) -> logits (N,): last(f) + <vector, project(f)> / sqrt(size).

    f are the trunk's features (Miyato & Koyama 2018, eq. 3; the projection and its scale as in Huang et al. 2024).
    """

    def __init__(
        self, condition: Condition, shape: tuple[int, int, int], width: int, blocks: int = 1, slope: float = SLOPE
    ) -> None:
        super().__init__()
        self.condition = condition
        trunk = ResidualDiscriminator(shape, width, blocks=blocks, slope=slope)
        self.project = linear(trunk.last.in_features, condition.size)
        self.trunk = trunk

    def parts(self, image: Tensor) -> tuple[Tensor, Tensor]:
        """last(f), (N,), and project(f), (N, size)."""
        features = self.trunk.features(image)
        return self.trunk.last(features)[:, 0], self.project(features)

    def forward(self, image: Tensor, vector: Tensor) -> Tensor:
        alone, direction = self.parts(image)
        return alone + (vector * direction).sum(1) / math.sqrt(vector.shape[1])


class ConcatDiscriminator(nn.Module):
    """Images and vectors (N, size) -> logits (N,): the vector beside the image's channels, as planes of one value each.

    The convolutional form of Mirza & Osindero 2014, 3.2.
    """

    def __init__(
        self, condition: Condition, shape: tuple[int, int, int], width: int, blocks: int = 1, slope: float = SLOPE
    ) -> None:
        super().__init__()
        self.condition = condition
        self.planes = linear(condition.size, PLANES)
        self.trunk = ResidualDiscriminator((shape[0] + PLANES, *shape[1:]), width, blocks=blocks, slope=slope)

    def forward(self, image: Tensor, vector: Tensor) -> Tensor:
        planes = self.planes(vector)[:, :, None, None].expand(-1, -1, *image.shape[2:])
        return self.trunk(torch.cat([image, planes.to(image.dtype)], 1))


class AuxiliaryDiscriminator(nn.Module):
    """Images -> logits (N,), told nothing; it names their class instead (Odena et al. 2017)."""

    def __init__(
        self, classes: int, shape: tuple[int, int, int], width: int, blocks: int = 1, slope: float = SLOPE
    ) -> None:
        super().__init__()
        trunk = ResidualDiscriminator(shape, width, blocks=blocks, slope=slope)
        self.names = linear(trunk.last.in_features, classes)
        self.trunk = trunk

    def forward(self, image: Tensor) -> Tensor:
        return self.trunk(image)

    def both(self, image: Tensor) -> tuple[Tensor, Tensor]:
        """Logits (N,), and logits of the classes (N, classes)."""
        features = self.trunk.features(image)
        return self.trunk.last(features)[:, 0], self.names(features)
