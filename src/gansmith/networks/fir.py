"""Resampling through the filter [1, 3, 3, 1] in both directions, 0 beyond the edge (Karras et al. 2020, appendix B)."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor
from torch.nn.functional import conv2d, interpolate, pad

TAPS = (1, 3, 3, 1)


def blurred(x: Tensor, padding: int, gain: float = 1.0) -> Tensor:
    """(N, C, H, W) -> filtered, a channel at a time; each side grows by 2 `padding` - 3."""
    return conv2d(x, taps(x, gain), padding=padding, groups=x.shape[1])


def halved(x: Tensor) -> Tensor:
    """(N, C, 2H, 2W) -> (N, C, H, W)."""
    if not torch.is_grad_enabled():
        return every_second(x)
    result: Tensor = _Halve.apply(x)  # type: ignore[no-untyped-call]
    return result


def doubled(x: Tensor) -> Tensor:
    """(N, C, H, W) -> (N, C, 2H, 2W): zeros put between the cells and filtered, which is bilinear interpolation."""
    return interpolate(pad(x, (1, 1, 1, 1)), scale_factor=2.0, mode="bilinear", align_corners=False)[:, :, 2:-2, 2:-2]


def every_second(x: Tensor) -> Tensor:
    return conv2d(x, taps(x), stride=2, padding=1, groups=x.shape[1])


def taps(x: Tensor, gain: float = 1.0) -> Tensor:
    """The filter for every channel of x: (C, 1, 4, 4), its sum `gain`."""
    line = torch.tensor(TAPS, dtype=x.dtype, device=x.device) / sum(TAPS)
    return (torch.outer(line, line) * gain).expand(x.shape[1], 1, -1, -1).contiguous()


class _Halve(torch.autograd.Function):
    """Its gradient is a quarter of doubling: a depthwise convolution's own takes 40 times as long in bfloat16."""

    @staticmethod
    def forward(ctx: Any, x: Tensor) -> Tensor:
        return every_second(x)

    @staticmethod
    def backward(ctx: Any, gy: Tensor) -> Any:
        return doubled(gy) / 4
