"""A convolution whose gradient can itself be differentiated at the price of a gradient, for exact R1 and R2 penalties.

PyTorch's own second derivative computes the weight term as a convolution with an image-sized kernel, which no CPU
library runs well. Here every term of the penalty's gradient is one of the three ordinary passes (forward, input
gradient, weight gradient), as in Karras et al. 2020.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any, NamedTuple

import torch
from torch import Tensor, nn
from torch.nn.functional import conv2d, conv_transpose2d

_weights_wanted = ContextVar("weights_wanted", default=True)


@contextmanager
def input_gradients_only() -> Iterator[None]:
    """Inside, `torch.autograd.grad(..., create_graph=True)` leaves out the weight gradients a penalty never uses."""
    token = _weights_wanted.set(False)
    try:
        yield
    finally:
        _weights_wanted.reset(token)


class SmoothConv2d(nn.Conv2d):
    """A same-size convolution, (N, in, H, W) -> (N, out, H, W): odd kernel, stride 1, zero padding."""

    def __init__(self, inputs: int, outputs: int, kernel: int, groups: int = 1) -> None:
        super().__init__(inputs, outputs, kernel, padding=kernel // 2, groups=groups)

    def forward(self, x: Tensor) -> Tensor:
        return smooth_conv2d(x, self.weight, self.bias, self.groups)


class How(NamedTuple):
    """Of a convolution: how far apart, within how much padding, in how many groups; transposed: it enlarges."""

    padding: int
    groups: int = 1
    stride: int = 1
    transposed: bool = False


def smooth_conv2d(x: Tensor, weight: Tensor, bias: Tensor | None = None, groups: int = 1) -> Tensor:
    """The same with any weights (out, in / groups, k, k), such as scaled ones."""
    return smooth_convolution(x, weight, bias, How(weight.shape[-1] // 2, groups))


def smooth_convolution(x: Tensor, weight: Tensor, bias: Tensor | None, how: How) -> Tensor:
    """Any convolution of (N, in, H, W); weights are (in, out, k, k) of a transposed one, which has no bias."""
    if not torch.is_grad_enabled() or x.device.type != "cpu":
        return _convolve(x, weight, bias, how)
    if torch.is_autocast_enabled(x.device.type):
        kind = torch.get_autocast_dtype(x.device.type)
        x, weight, bias = x.to(kind), weight.to(kind), None if bias is None else bias.to(kind)
    result: Tensor = _Convolve.apply(x, weight, bias, how)  # type: ignore[no-untyped-call]
    return result


def _convolve(x: Tensor, weight: Tensor, bias: Tensor | None, how: How) -> Tensor:
    if how.transposed:
        return conv_transpose2d(x, weight, bias, how.stride, how.padding, groups=how.groups)
    return conv2d(x, weight, bias, how.stride, how.padding, groups=how.groups)


def _backward(gy: Tensor, x: Tensor, weight: Tensor, how: How, mask: list[bool]) -> list[Tensor]:
    gy = gy.contiguous(memory_format=torch.channels_last)
    sizes = [weight.shape[0]] if mask[2] else None
    places = ([how.stride] * 2, [how.padding] * 2, [1, 1], how.transposed, [0, 0], how.groups)
    gradients: list[Tensor] = torch.ops.aten.convolution_backward(gy, x, weight, sizes, *places, mask)
    return gradients


class _Convolve(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, x: Tensor, weight: Tensor, bias: Tensor | None, how: How) -> Tensor:
        ctx.save_for_backward(x, weight)
        ctx.how = how
        return _convolve(x, weight, bias, how)

    @staticmethod
    def backward(ctx: Any, gy: Tensor) -> Any:
        x, weight = ctx.saved_tensors
        of_x, of_weight, of_bias = ctx.needs_input_grad[:3]
        if not torch.is_grad_enabled():
            return *_backward(gy, x, weight, ctx.how, [of_x, of_weight, of_bias]), None
        gx = _InputGradient.apply(gy, weight, x, ctx.how) if of_x else None  # type: ignore[no-untyped-call]
        if not _weights_wanted.get():
            return gx, None, None, None
        _, gw, gb = _backward(gy, x, weight, ctx.how, [False, of_weight, of_bias])
        return gx, gw, gb, None


class _InputGradient(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, gy: Tensor, weight: Tensor, x: Tensor, how: How) -> Tensor:
        ctx.save_for_backward(gy, weight)
        ctx.how = how
        return _backward(gy, x, weight, how, [True, False, False])[0]

    @staticmethod
    def backward(ctx: Any, ggx: Tensor) -> Any:
        gy, weight = ctx.saved_tensors
        of_gy, of_weight = ctx.needs_input_grad[:2]
        ggx = ggx.contiguous(memory_format=torch.channels_last)
        ggy = _convolve(ggx, weight, None, ctx.how) if of_gy else None
        gw = _backward(gy, ggx, weight, ctx.how, [False, True, False])[1] if of_weight else None
        return ggy, gw, None, None
