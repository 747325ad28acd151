"""An encoder for a generator that has none: trained for a minute or two on samples, it reads where a picture lies."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping

import torch
from torch import Tensor
from torch.nn import functional

from gansmith.editing.coordinates import coordinates, points_at
from gansmith.editing.space import Given, Space
from gansmith.networks.residual import ResidualDiscriminator, linear

PAIRS = 60_000  # samples an encoder is trained on
BATCH = 64
WIDTH, BLOCKS = 32, 1
APART = 3_141_592_653  # the first seed of training, far from those somebody looks at; torch knows 32 bits of a seed
RATE = 2e-3  # Adam's, from which it falls to nothing along a cosine


class Reader(ResidualDiscriminator):
    """Images (N, C, H, W) in [-1, 1] -> coordinates (N, size), as `coordinates` has them."""

    def __init__(self, shape: tuple[int, int, int], size: int) -> None:
        super().__init__(shape, WIDTH, blocks=BLOCKS)
        self.last = linear(self.last.in_features, size)

    def forward(self, image: Tensor) -> Tensor:
        return self.last(self.features(image))


def reader_of(space: Space, weights: Mapping[str, Tensor] | None = None) -> Reader:
    """An encoder for the space's images, which may have learnt before. Raises RuntimeError where weights do not fit."""
    image = space.images(space.points(1, 0, {}), {})
    reader = Reader((image.shape[1], image.shape[2], image.shape[3]), math.prod(space.shape))
    if weights is not None:
        reader.load_state_dict(dict(weights))
    return reader.eval()


def trained(
    space: Space,
    *,
    pairs: int = PAIRS,
    seed: int = 0,
    given: Callable[[int, int], Given] = lambda count, seed: {},
    progress: Callable[[int, int], None] = lambda done, count: None,
) -> Reader:
    """An encoder trained on so many samples, each seen once, to lower the mean squared error of coordinates.

    given: (count, seed) -> conditions to draw under. progress: told of samples seen, of how many.
    """
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        reader = reader_of(space).train()
    optimizer = torch.optim.Adam(reader.parameters(), RATE, betas=(0.9, 0.99))
    batches = max(1, pairs // BATCH)
    for batch in range(batches):
        optimizer.param_groups[0]["lr"] = RATE * math.cos(math.pi / 2 * batch / batches) ** 2
        told = given(BATCH, APART + seed + batch)
        points = space.points(BATCH, APART + seed + batch, told)
        loss = functional.mse_loss(reader(space.images(points, told)), coordinates(space, points))
        optimizer.zero_grad()
        torch.autograd.backward(loss)
        optimizer.step()
        progress(BATCH * (batch + 1), BATCH * batches)
    return reader.eval()


@torch.no_grad()
def read(reader: Reader, space: Space, images: Tensor) -> Tensor:
    """The points (N, *shape) that images (N, C, H, W) look to it as if they were drawn from."""
    return points_at(space, torch.cat([reader(some) for some in torch.split(images, BATCH)]))
