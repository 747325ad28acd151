"""The 4x4 convolutions of stride 2 and padding 1 that DCGAN is made of, in the form that is fastest where they run."""

from __future__ import annotations

from collections.abc import Callable
from itertools import product
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.functional import conv2d, conv_transpose2d, pad
from torch.nn.grad import conv2d_weight

from gansmith.networks.winograd import double, halve

LARGEST = 8  # side of the smaller map up to which multiplying less outweighs moving more
DEEP, MANY = 32, 128  # channels, and tiles in a batch, from which it outweighs its own preparations
FEW = 128  # pixels of the smaller maps of a batch up to which preparing the weights costs more than using them
NARROW, SEVERAL = 4, 8  # channels up to which the finer map is best made by a 3x3 convolution; samples from which


class Halving(nn.Conv2d):
    """An ordinary convolution, (N, C, 2h, 2w) -> (N, K, h, w)."""

    def __init__(self, inputs: int, outputs: int, bias: bool = False) -> None:
        super().__init__(inputs, outputs, 4, 2, 1, bias=bias)

    def forward(self, x: Tensor) -> Tensor:
        return halving(x, self.weight, self.bias)


class Doubling(nn.ConvTranspose2d):
    """An ordinary transposed convolution, (N, K, h, w) -> (N, C, 2h, 2w)."""

    def __init__(self, inputs: int, outputs: int, bias: bool = False) -> None:
        super().__init__(inputs, outputs, 4, 2, 1, bias=bias)

    def forward(self, x: Tensor) -> Tensor:  # type: ignore[override]  # the output's size leaves no choice
        return doubling(x, self.weight, self.bias)


def halving(x: Tensor, weight: Tensor, bias: Tensor | None = None) -> Tensor:
    """conv2d(x, weight, bias, stride=2, padding=1), for a kernel of 4x4."""
    height, width = x.shape[2:]
    if x.device.type == "cpu" and height % 2 == width % 2 == 0:
        x, weight, bias = in_working_type(x, weight, bias)
        if multiplying_less_pays(x, weight, height // 2, width // 2):
            return moved(halve(x, weight), bias)
        if one_product_pays(weight, len(x) * height * width // 4):
            return moved(gathered(x, weight), bias)
        if weight.shape[1] <= NARROW and len(x) >= SEVERAL:
            return moved(narrow_halving(x, weight), bias)
    return conv2d(x, weight, bias, 2, 1)


def doubling(x: Tensor, weight: Tensor, bias: Tensor | None = None) -> Tensor:
    """conv_transpose2d(x, weight, bias, stride=2, padding=1), for a kernel of 4x4."""
    if x.device.type == "cpu":
        x, weight, bias = in_working_type(x, weight, bias)
        if multiplying_less_pays(x, weight, x.shape[2], x.shape[3]):
            return moved(double(x, weight), bias)
        if weight.shape[1] <= NARROW and len(x) >= SEVERAL:
            return moved(narrow_doubling(x, weight), bias)
        if one_product_pays(weight, len(x) * x.shape[2] * x.shape[3]):
            return moved(summed(x, weight), bias)
    return conv_transpose2d(x, weight, bias, 2, 1)


def in_working_type(x: Tensor, weight: Tensor, bias: Tensor | None) -> tuple[Tensor, Tensor, Tensor | None]:
    """All as autocast would have them: it does not know functions of our own."""
    dtype = torch.get_autocast_dtype("cpu") if torch.is_autocast_enabled("cpu") else x.dtype
    return x.to(dtype), weight.to(dtype), None if bias is None else bias.to(dtype)


def moved(y: Tensor, bias: Tensor | None) -> Tensor:
    """Layers beside a normalisation have no bias of their own; they get one when it is folded into them."""
    return y if bias is None else y + bias[:, None, None]


def multiplying_less_pays(x: Tensor, weight: Tensor, h: int, w: int) -> bool:
    """Whether Winograd's form is faster, for a smaller map of (h, w): bfloat16, deep, small, in a batch of some size.

    In float32 the library's own convolutions are as fast, and exact.
    """
    return (
        x.dtype == torch.bfloat16
        and h % 2 == w % 2 == 0
        and max(h, w) <= LARGEST
        and min(weight.shape[:2]) >= DEEP
        and len(x) * h * w // 4 >= MANY
    )


def one_product_pays(weight: Tensor, pixels: int) -> bool:
    """Whether a plain matrix product is faster, for so many pixels of the smaller maps.

    To learn, the weights must lie channels last: then they are that matrix as they are, and so is their gradient.
    """
    as_it_is = weight.is_contiguous(memory_format=torch.channels_last)
    return pixels <= FEW and (as_it_is or not torch.is_grad_enabled())


class NarrowHalving(torch.autograd.Function):
    """conv2d(x, weight, stride=2, padding=1) whose gradient for x is `shuffled`."""

    @staticmethod
    def forward(ctx: Any, x: Tensor, weight: Tensor) -> Tensor:
        ctx.save_for_backward(x, weight)
        return conv2d(x, weight, None, 2, 1)

    @staticmethod
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor | None, Tensor | None]:
        x, weight = ctx.saved_tensors
        of_x, of_weight = ctx.needs_input_grad
        return (
            narrow_doubling(gradient, weight) if of_x else None,
            weight_gradient(x, weight.shape, gradient, 2, 1) if of_weight else None,
        )


class NarrowDoubling(torch.autograd.Function):
    """conv_transpose2d(x, weight, stride=2, padding=1) by `shuffled`, with the ordinary gradients."""

    @staticmethod
    def forward(ctx: Any, x: Tensor, weight: Tensor) -> Tensor:
        ctx.save_for_backward(x, weight)
        return shuffled(x, weight)

    @staticmethod
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor | None, Tensor | None]:
        x, weight = ctx.saved_tensors
        of_x, of_weight = ctx.needs_input_grad
        return (
            narrow_halving(gradient, weight) if of_x else None,
            weight_gradient(gradient, weight.shape, x, 2, 1) if of_weight else None,
        )


narrow_halving: Callable[[Tensor, Tensor], Tensor] = NarrowHalving.apply
narrow_doubling: Callable[[Tensor, Tensor], Tensor] = NarrowDoubling.apply
weight_gradient: Callable[..., Tensor] = conv2d_weight


def shuffled(x: Tensor, weight: Tensor) -> Tensor:
    """conv_transpose2d(x, weight, stride=2, padding=1) as a 3x3 convolution to the four phases of every pixel.

    Along one axis, result 2i + p takes from x[i + d] the weight p + 1 - 2d.
    """
    k, c = weight.shape[:2]
    phases = pad(weight, (1, 1, 1, 1)).view(k, c, 3, 2, 3, 2).flip(2, 4).permute(3, 5, 1, 0, 2, 4).flatten(0, 2)
    y = conv2d(x, phases, None, 1, 1).permute(0, 2, 3, 1)
    n, h, w, _ = y.shape
    return y.reshape(n, h, w, 2, 2, c).transpose(2, 3).reshape(n, 2 * h, 2 * w, c).permute(0, 3, 1, 2)


def gathered(x: Tensor, weight: Tensor) -> Tensor:
    """conv2d(x, weight, stride=2, padding=1) as one product of what each result sees and the weights."""
    n, c, h, w = x.shape
    seen = pad(x, (1, 1, 1, 1)).permute(0, 2, 3, 1).unfold(1, 4, 2).unfold(2, 4, 2)
    rows = seen.permute(0, 1, 2, 4, 5, 3).reshape(n * (h // 2) * (w // 2), 16 * c)
    y = rows @ weight.permute(0, 2, 3, 1).reshape(len(weight), -1).t()
    return y.view(n, h // 2, w // 2, -1).permute(0, 3, 1, 2)


def summed(x: Tensor, weight: Tensor) -> Tensor:
    """conv_transpose2d(x, weight, stride=2, padding=1) as one product, its results added up where they overlap."""
    n, k, h, w = x.shape
    c = weight.shape[1]
    pixels, taps = x.permute(0, 2, 3, 1).reshape(-1, k), weight.permute(0, 2, 3, 1).reshape(k, -1)
    parts = (pixels @ taps).view(n, h, w, 2, 2, 2, 2, c)
    cells = x.new_zeros(n, h + 1, 2, w + 1, 2, c)
    for row, column in product((0, 1), repeat=2):
        cells[:, row : row + h, :, column : column + w] += parts[:, :, :, row, :, column].movedim(3, 2)
    return cells.view(n, 2 * h + 2, 2 * w + 2, c)[:, 1:-1, 1:-1].permute(0, 3, 1, 2)
