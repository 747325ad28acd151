"""Features to compare pictures in, from a fixed random network that is the same everywhere and needs no download.

A network that has learnt nothing still tells textures, edges and their arrangement apart; what it measures does not
depend on what somebody once trained it for (random VGG embeddings: Naeem et al. 2020, arXiv:2002.09797, section 4.2).
"""

from __future__ import annotations

import hashlib
import math
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn.functional import avg_pool2d, conv2d

RANDOM, VALUES, PIXELS = "random-vgg", "values", "pixels"

SEED = 2002_09797
LEVELS = ((16, 16), (32,), (64,), (64,))  # channels of each 3x3 convolution; a level halves the picture before it
FINE = 2  # levels whose spread counts too: noise and blur show there
STEPS = 2.0**12  # weights are whole multiples of 1 / STEPS, so that no library's rounding changes one
OFFSET = 0.05  # added before the logarithm: below it a channel's activity is taken for silence
FLOOR = 0.3  # of the median deviation: what a feature that hardly varies is divided by
CHUNK_PIXELS = 2**16  # per chunk: then the widest activations stay in the processor's cache


@dataclass(frozen=True)
class Features:
    """What samples are compared in. Called with samples, (N, C, H, W) in [-1, 1] or (N, D), gives (N, d) float32."""

    name: str
    network: nn.Module

    def __call__(self, samples: Tensor) -> Tensor:
        return batched(self.network, samples)


def built_in(reference: Tensor) -> Features:
    """The features that need nothing: of images the random network's, of points (N, D) the values themselves.

    reference: (n, C, H, W) in [-1, 1] or (n, D), training data, at least 2; each feature is standardised by it.
    """
    if reference.dim() == 2:
        return Features(VALUES, standardised(nn.Identity(), reference))
    _, channels, height, width = reference.shape
    network = random_vgg(channels, (height, width))
    return Features(RANDOM, standardised(network.to(reference.device), reference))


def random_vgg(channels: int, size: tuple[int, int]) -> nn.Module:
    """A fixed random convolutional network: images (N, channels, height, width) in [-1, 1] -> (N, d), d 128 or 224.

    channels: 1 to 4; size: (height, width), each 4 or more; below 16 pixels there are fewer levels. Weights depend on
    nothing else and are equal on every machine and in every version.
    """
    if not 1 <= channels <= 4 or min(size) < 4:
        raise ValueError(f"images of 1 to 4 channels and 4 pixels or more are needed, not {channels} and {size}")
    depth = min(len(LEVELS), int(math.log2(min(size) / 2)) + 1)
    return RandomVgg(channels, LEVELS[:depth])


class RandomVgg(nn.Module):
    """3x3 convolutions with orthogonal weights, ReLU, average pooling; per level the channels' mean and spread."""

    def __init__(self, channels: int, levels: tuple[tuple[int, ...], ...]) -> None:
        super().__init__()
        self.levels: list[list[str]] = []
        for level, widths in enumerate(levels):
            self.levels.append([])
            for place, width in enumerate(widths):
                name = f"weight_{level}_{place}"
                self.register_buffer(name, orthogonal(width, channels, (SEED, level, place)))
                self.levels[-1].append(name)
                channels = width

    def forward(self, images: Tensor) -> Tensor:
        # On a CPU convolutions of so few channels run twice as fast in this layout.
        x = images.to(memory_format=torch.channels_last)
        found = []
        for level, names in enumerate(self.levels):
            x = avg_pool2d(x, 2) if level else x
            for name in names:
                x = conv2d(x, getattr(self, name), padding=1).relu_()
            found.append(x.mean((2, 3)))
            if level < FINE:
                found.append(x.square().mean((2, 3)).sqrt())
        # Activity is spread over decades: without the logarithm a few extreme pictures would decide every score.
        return (torch.cat(found, dim=1) + OFFSET).log()


def orthogonal(wide: int, channels: int, seed: tuple[int, ...]) -> Tensor:
    """Weights (wide, channels, 3, 3) that keep lengths up to ReLU's loss of half the energy (Saxe et al. 2014).

    Rows, or columns where there are fewer, are orthogonal. numpy's RandomState is frozen: its stream never changes.
    """
    inputs = 9 * channels
    noise = np.random.RandomState(seed).standard_normal((max(wide, inputs), min(wide, inputs)))
    basis, triangle = np.linalg.qr(noise)
    basis *= np.sign(np.diag(triangle))  # of the signs that solve it, one
    rows = basis if wide >= inputs else basis.T
    rows = rows * math.sqrt(2 * max(1.0, wide / inputs))
    weights = np.round(rows * STEPS) / STEPS
    return torch.from_numpy(weights.reshape(wide, channels, 3, 3).astype(np.float32))


class Standardised(nn.Module):
    """A network's features, shifted and scaled one by one; see `standardised`."""

    mean: Tensor
    scale: Tensor

    def __init__(self, network: nn.Module, mean: Tensor, scale: Tensor) -> None:
        super().__init__()
        self.network = network
        self.register_buffer("mean", mean)
        self.register_buffer("scale", scale)

    def forward(self, samples: Tensor) -> Tensor:
        return (self.network(samples) - self.mean) / self.scale


def standardised(network: nn.Module, reference: Tensor) -> nn.Module:
    """`network` (N, ...) -> (N, d) with each feature of mean 0 and deviation about 1 over `reference`.

    So no feature outweighs others in a distance. One that is nearly constant over the reference is divided by part of
    the median deviation instead of its own: else its smallest change would outweigh all.
    """
    features = batched(network, reference).double()
    mean, spread = features.mean(0), features.std(0, correction=0)
    scale = (spread.square() + (FLOOR * spread.median()).square()).sqrt()
    scale = torch.where(scale > 1e-12 * (1 + mean.abs()), scale, torch.ones_like(scale))
    return Standardised(network, mean.float(), scale.float())


@torch.no_grad()
def batched(network: nn.Module, samples: Tensor, chunk: int | None = None) -> Tensor:
    """Features (N, d) float32 on the samples' device, computed `chunk` samples at a time in evaluation mode.

    chunk: by default as many images as keep a CPU's cache warm, and enough to keep an accelerator busy.
    """
    was_training = network.training
    network.eval()
    if chunk is None:
        pixels = samples[0, 0].numel() if samples.dim() == 4 and len(samples) else 1
        chunk = max(1, (CHUNK_PIXELS if samples.device.type == "cpu" else 64 * CHUNK_PIXELS) // pixels)
    found = [network(part.float()).float() for part in torch.split(samples, chunk)]
    network.train(was_training)
    return torch.cat(found)


def fingerprint(network: nn.Module) -> str:
    """SHA-256 over names, shapes and values of a network's tensors: equal features, equal print."""
    digest = hashlib.sha256()
    for name, tensor in sorted(network.state_dict().items()):
        digest.update(f"{name} {tuple(tensor.shape)} {tensor.dtype}\n".encode())
        digest.update(np.ascontiguousarray(tensor.detach().cpu().numpy()).data)
    return digest.hexdigest()
