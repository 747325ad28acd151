"""Adaptive instance normalisation, and the decoder that makes images of maps (Huang & Belongie 2017, AdaIN)."""

from __future__ import annotations

import torch
from torch import Tensor, nn

EPS = 1e-5
Moments = tuple[Tensor, Tensor]  # mean and deviation of each map, (N, C, 1, 1) both


def moments(x: Tensor) -> Moments:
    """Of maps (N, C, H, W); the deviation never 0."""
    variance, mean = torch.var_mean(x, (2, 3), correction=0, keepdim=True)
    return mean, (variance + EPS).sqrt()


def adain(content: Tensor, style: Moments, strength: float = 1.0, held: Moments | None = None) -> Tensor:
    """Maps (N, C, H, W) given the moments of a style (equation 8), or only so much of the way there (equation 14).

    held: moments to take for the content's own.
    """
    mean, deviation = held or moments(content)
    moved = (content - mean) / deviation * style[1] + style[0]
    return torch.lerp(content, moved, strength)


class Decoder(nn.Module):
    """Maps (N, C, H, W) -> images (N, 3, H * 2^halvings, W * 2^halvings), about in [-1, 1].

    The paper's: convolutions with mirrored borders, doubling by nearest neighbours, no normalisation, which would give
    every image the same style. Channels are halved at each doubling, `least` of them at the end.
    """

    def __init__(self, channels: int, halvings: int, least: int = 32) -> None:
        super().__init__()
        layers: list[nn.Module] = [*convolution(channels, channels), nn.ReLU()]
        for _ in range(halvings):
            fewer = max(least, channels // 2)
            layers += [*convolution(channels, fewer), nn.ReLU(), nn.Upsample(scale_factor=2.0)]
            layers += [*convolution(fewer, fewer), nn.ReLU()]
            channels = fewer
        self.layers = nn.Sequential(*layers, *convolution(channels, 3))

    def forward(self, maps: Tensor) -> Tensor:
        images: Tensor = self.layers(maps)
        return images


def convolution(inputs: int, outputs: int) -> tuple[nn.Module, nn.Module]:
    """Started as ReLUs want it (He et al. 2015): without normalisation, PyTorch's own start fades out on the way."""
    layer = nn.Conv2d(inputs, outputs, 3)
    nn.init.kaiming_normal_(layer.weight, nonlinearity="relu")
    assert layer.bias is not None
    nn.init.zeros_(layer.bias)
    return nn.ReflectionPad2d(1), layer
