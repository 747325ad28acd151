"""Convolutions whose weights a style scales, sample by sample, and normalises again (Karras et al. 2020, section 2.2).

Scaling weights per sample makes as many convolutions as samples. Scaling what goes in and what comes out is the same,
and leaves one convolution for the whole batch, of any size.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn
from torch.nn.functional import leaky_relu

from gansmith.networks.equalised import EqualisedLinear
from gansmith.networks.fir import blurred
from gansmith.networks.residual import SLOPE
from gansmith.networks.smooth import How, smooth_convolution

ROOT2 = math.sqrt(2)  # the gain behind a rectifier, here put before it


class ModulatedConv2d(nn.Module):
    """x (N, in, H, W), styles (N, w) -> the convolution of x scaled (N, out, H, W), and what remains to scale it by.

    up: to twice the height and width. The weights are N(0, 1), scaled when used.
    """

    def __init__(self, inputs: int, outputs: int, kernel: int, w: int, *, up: bool = False) -> None:
        super().__init__()
        self.affine = EqualisedLinear(w, inputs, bias=1.0)
        self.weight = nn.Parameter(torch.randn(outputs, inputs, kernel, kernel))
        self.scale, self.up = 1 / math.sqrt(inputs * kernel**2), up

    def scales(self, style: Tensor) -> Tensor:
        """What each channel is multiplied by, (N, in), the constant that equalises the weights included."""
        with torch.autocast(style.device.type, enabled=False):
            return self.affine(style) * self.scale

    def demodulation(self, scales: Tensor) -> Tensor:
        """What brings every output channel back to a variance of 1, (N, out) (ibid., eq. 3)."""
        with torch.autocast(scales.device.type, enabled=False):
            taps = self.weight.permute(0, 2, 3, 1).flatten(1, 2)  # as they lie: 5 times as fast as over (2, 3)
            power = taps.square().sum(dim=1)
            return torch.rsqrt(scales.square() @ power.t() + 1e-8)

    def convolve(self, x: Tensor, scales: Tensor) -> Tensor:
        """x scaled and convolved with the weights that all samples share."""
        x = x * maps(scales, x)
        if not self.up:
            return smooth_convolution(x, self.weight, None, How(self.weight.shape[-1] // 2))
        wide = smooth_convolution(x, self.weight.transpose(0, 1), None, How(0, stride=2, transposed=True))
        return blurred(wide, 1, 4.0)


class StyledConv2d(ModulatedConv2d):
    """A modulated 3x3 convolution, normalised; then noise (N or 1, 1, H, W) or None, a bias and a leaky rectifier.

    noisy: whether it has learnt how loud the noise is; else there must be none.
    """

    def __init__(self, inputs: int, outputs: int, w: int, *, up: bool = False, noisy: bool = True) -> None:
        super().__init__(inputs, outputs, 3, w, up=up)
        self.loudness = nn.Parameter(torch.zeros(())) if noisy else None
        self.bias = nn.Parameter(torch.zeros(outputs))

    def forward(self, x: Tensor, style: Tensor, noise: Tensor | None) -> Tensor:
        scales = self.scales(style)
        y = self.convolve(x, scales)
        out, bias = self.demodulation(scales) * ROOT2, self.bias * ROOT2
        y = torch.addcmul(bias.to(y.dtype)[:, None, None], y, maps(out, y))
        if noise is not None and self.loudness is not None:
            y += (noise * (self.loudness * ROOT2)).to(y.dtype)
        return leaky_relu(y, SLOPE, inplace=True)


class ToImage(ModulatedConv2d):
    """A modulated 1x1 convolution, not normalised, and a bias: (N, in, H, W) -> (N, channels, H, W) in float32."""

    def __init__(self, inputs: int, channels: int, w: int) -> None:
        super().__init__(inputs, channels, 1, w)
        self.bias = nn.Parameter(torch.zeros(channels))

    def forward(self, x: Tensor, style: Tensor) -> Tensor:
        return self.convolve(x, self.scales(style)).float() + self.bias[:, None, None]


def maps(scales: Tensor, x: Tensor) -> Tensor:
    """(N, C) -> (N, C, 1, 1), as exact as x."""
    return scales.to(x.dtype)[:, :, None, None]
