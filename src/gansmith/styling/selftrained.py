"""Features for style transfer that need no download: learnt in seconds from scikit-learn's two sample photos.

Layer by layer, without labels or gradients: filters are the centres of whitened 3x3 patches of the layer below
(spherical k-means, Coates & Ng 2012, "Learning feature representations with k-means"), scaled and shifted so that every
map has mean 0 and deviation 1 before its ReLU, as data-dependent starts do (Kraehenbuehl et al. 2016).
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn.functional import conv2d, interpolate, normalize, pad

from gansmith.data.cache import cache_root
from gansmith.networks.vgg import LAYERS, VGG, Pooling

VERSION = 1  # raised when learning changes, so that kept features are not mistaken for new ones
WIDTH = 16  # channels of the first grid
SIDE = 256  # pixels of the photos' shorter side
PATCHES, ROUNDS = 4_000, 6  # patches looked at for every layer, rounds of k-means
LAST = "relu5_1"  # the deepest layer that anybody looks at; what lies beyond stays 0
NOISE = 0.3  # of the mean variance of a patch: directions that carry less are left small, or they would be speckles


def sample_photos(side: int = SIDE) -> list[Tensor]:
    """scikit-learn's china.jpg and flower.jpg, (1, 3, side, W) each in [-1, 1]."""
    from sklearn.datasets import load_sample_images

    photos = []
    for pixels in load_sample_images().images:
        image = torch.from_numpy(np.asarray(pixels, np.float32)).permute(2, 0, 1)[None] / 127.5 - 1
        sides = [side, round(image.shape[3] * side / image.shape[2])]
        photos.append(interpolate(image, sides, mode="bilinear", antialias=True))
    return photos


def learnt() -> VGG:
    """The features, learnt in five seconds at the first use and kept in gansmith's cache."""
    from safetensors.torch import load_file, save

    path, network = cache_root() / "features" / f"learnt-{VERSION}.safetensors", VGG(WIDTH, "average")
    try:
        network.load_state_dict(load_file(path))
        return network
    except Exception:  # missing, torn, of another shape: they are learnt anew
        network = learn(sample_photos())
    with contextlib.suppress(OSError):  # a cache that cannot be written costs five seconds again
        path.parent.mkdir(parents=True, exist_ok=True)
        unfinished = path.with_name(f".{path.name}-{os.getpid()}")
        unfinished.write_bytes(save(dict(network.state_dict())))
        unfinished.replace(path)
    return network


@torch.no_grad()
def learn(
    photos: Sequence[Tensor],
    width: int = WIDTH,
    pooling: Pooling = "average",
    *,
    seed: int = 0,
) -> VGG:
    """A VGG whose filters are those that photos (1, 3, H, W), normalised as it will be shown others, are made of.

    width: channels of its first grid. The same photos and seed give the same features on one kind of machine.
    """
    network, chance = VGG(width, pooling), torch.Generator().manual_seed(seed)
    for parameter in network.parameters():
        parameter.zero_()
    maps = list(photos)
    for place, name in enumerate(LAYERS[: LAYERS.index(LAST) + 1]):
        layer = network.convolutions[name]
        assert isinstance(layer, nn.Conv2d)
        if place and name.endswith("_1"):
            maps = [network.pooled(x) for x in maps]
        wide = [pad(x, (1, 1, 1, 1), "constant" if place else "replicate") for x in maps]
        layer.weight.copy_(centres(patches(wide, chance), len(layer.weight), chance).view_as(layer.weight))
        maps = [conv2d(x, layer.weight) for x in wide]
        values = torch.cat([x[0].flatten(1) for x in maps], 1)
        mean, deviation = values.mean(1), values.std(1) + 1e-6
        layer.weight.div_(deviation[:, None, None, None])
        assert layer.bias is not None
        layer.bias.copy_(-mean / deviation)
        maps = [((x - mean[:, None, None]) / deviation[:, None, None]).relu_() for x in maps]
    return network


def patches(maps: Sequence[Tensor], chance: torch.Generator, count: int = PATCHES) -> Tensor:
    """3x3 patches (count, C * 9) from anywhere in maps (1, C, H, W)."""
    found = []
    for x in maps:
        rows, columns = (torch.randint(side - 2, (count // len(maps),), generator=chance) for side in x.shape[2:])
        three = torch.arange(3)
        found.append(x[0][:, rows[:, None, None] + three[:, None], columns[:, None, None] + three].transpose(0, 1))
    return torch.cat(found).flatten(1)


def centres(patches: Tensor, count: int, chance: torch.Generator) -> Tensor:
    """Filters (count, D) whose answers to patches (n, D) are those of whitened patches to centres of length 1."""
    patches = patches - patches.mean(0)
    values, vectors = torch.linalg.eigh(patches.T @ patches / len(patches))
    whiten = (vectors * (values.clamp_min(0) + NOISE * values.mean() + 1e-12).rsqrt()) @ vectors.T
    seen = normalize(patches @ whiten, dim=1)
    middles = normalize(torch.randn(count, seen.shape[1], generator=chance), dim=1)
    for _ in range(ROUNDS):
        near = seen @ middles.T
        nearest = near.abs().argmax(1)  # a patch and its negative are of one kind
        middles.index_add_(0, nearest, seen * near.gather(1, nearest[:, None]))
        middles = normalize(middles, dim=1)
    return middles @ whiten
