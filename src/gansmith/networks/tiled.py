"""3x3 convolutions of stride 1 with 16 multiplications where 36 are written: Winograd's F(2x2, 3x3).

Along one axis, for cells d, weights g and results y (Lavin & Gray 2016, section 4.1, one sign changed):

    y0 = m0 + m1 + m2    m0 = (d0 - d2) g0    m1 = (d1 + d2) (g0 + g1 + g2) / 2
    y1 = m1 - m2 + m3    m3 = (d3 - d1) g2    m2 = (d2 - d1) (g0 - g1 + g2) / 2

so that sixteen matrix products stand between three linear maps (cells to tiles, weights to kernels, products to
results), and the derivatives are the same products between their adjoints. Tiles take four times the cells' memory and
are made again for the backward pass. In bfloat16 a result is 0.7 % off, where the plain form's is 0.3 % off.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.functional import conv2d

DEEP, MANY = 64, 128  # channels, and tiles in a batch, from which fewer products outweigh the maps around them


class Conv3x3(nn.Conv2d):
    """An ordinary convolution without padding, (N, C, h + 2, w + 2) -> (N, K, h, w), in the faster of two forms."""

    def __init__(self, inputs: int, outputs: int) -> None:
        super().__init__(inputs, outputs, 3)

    def forward(self, x: Tensor) -> Tensor:
        if x.device.type != "cpu":
            return super().forward(x)
        dtype = torch.get_autocast_dtype("cpu") if torch.is_autocast_enabled("cpu") else x.dtype
        weight, bias = self.weight.to(dtype), None if self.bias is None else self.bias.to(dtype)
        if not pays(x, self.weight, dtype):
            return conv2d(x.to(dtype), weight, bias)
        y = tiled(x.to(dtype), weight)
        return y if bias is None else y + bias[:, None, None]


def pays(x: Tensor, weight: Tensor, dtype: torch.dtype) -> bool:
    """Whether tiles are faster: in bfloat16 (in float32 the library is as fast, and exact), deep, and many of them."""
    n, h, w = x.shape[0], x.shape[2] - 2, x.shape[3] - 2
    even = h % 2 == w % 2 == 0
    return dtype == torch.bfloat16 and even and min(weight.shape[:2]) >= DEEP and n * h * w // 4 >= MANY


class Tiled(torch.autograd.Function):
    """conv2d(x, weight) for (N, C, h + 2, w + 2) and (K, C, 3, 3), h and w even; differentiable once."""

    @staticmethod
    def forward(ctx: Any, x: Tensor, weight: Tensor) -> Tensor:
        n, _, high, across = x.shape
        kernels = to_kernels(weight)
        ctx.save_for_backward(x, kernels)
        products = torch.bmm(to_tiles(x.permute(0, 2, 3, 1)), kernels.transpose(1, 2))
        return to_results(products, n, high - 2, across - 2).permute(0, 3, 1, 2)

    @staticmethod
    @torch.autograd.function.once_differentiable
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor | None, Tensor | None]:
        x, kernels = ctx.saved_tensors
        of_x, of_weight = ctx.needs_input_grad
        n, _, high, across = x.shape
        products = from_results(gradient.permute(0, 2, 3, 1))
        gx = gw = None
        if of_x:
            gx = from_tiles(torch.bmm(products, kernels), n, high, across).permute(0, 3, 1, 2)
        if of_weight:
            gw = from_kernels(torch.bmm(products.transpose(1, 2), to_tiles(x.permute(0, 2, 3, 1))))
        return gx, gw


tiled: Callable[[Tensor, Tensor], Tensor] = Tiled.apply


def to_tiles(x: Tensor) -> Tensor:
    """(N, h + 2, w + 2, C) -> (16, N h/2 w/2, C)."""
    n, high, across, c = x.shape
    h, w = high // 2 - 1, across // 2 - 1
    rows = x.new_empty(4, n, h, across, c)
    tiles = x.new_empty(4, 4, n, h, w, c)
    differences(x.movedim(1, 0), rows.movedim(2, 1))
    differences(rows.movedim(3, 0), tiles.movedim((1, 4), (0, 1)))
    return tiles.view(16, -1, c)


def from_tiles(tiles: Tensor, n: int, high: int, across: int) -> Tensor:
    """The adjoint of `to_tiles`: (16, N h/2 w/2, C) -> (N, h + 2, w + 2, C)."""
    c, h, w = tiles.shape[2], high // 2 - 1, across // 2 - 1
    rows = tiles.new_empty(4, n, h, across, c)
    cells = tiles.new_empty(n, high, across, c)
    from_differences(tiles.view(4, 4, n, h, w, c).movedim((1, 4), (0, 1)), rows.movedim(3, 0))
    from_differences(rows.movedim(2, 1), cells.movedim(1, 0))
    return cells


def to_kernels(weight: Tensor) -> Tensor:
    """(K, C, 3, 3) -> (16, K, C)."""
    k, c = weight.shape[:2]
    rows, kernels = weight.new_empty(4, 3, k, c), weight.new_empty(4, 4, k, c)
    weighted(weight.permute(2, 3, 0, 1), rows)
    weighted(rows.transpose(0, 1), kernels.transpose(0, 1))
    return kernels.view(16, k, c)


def from_kernels(kernels: Tensor) -> Tensor:
    """The adjoint of `to_kernels`: (16, K, C) -> (K, C, 3, 3), the channels last in memory as the weights' are."""
    k, c = kernels.shape[1:]
    rows, weight = kernels.new_empty(4, 3, k, c), kernels.new_empty(k, 3, 3, c)
    from_weighted(kernels.view(4, 4, k, c).transpose(0, 1), rows.transpose(0, 1))
    from_weighted(rows, weight.permute(1, 2, 0, 3))
    return weight.permute(0, 3, 1, 2)


def to_results(products: Tensor, n: int, h: int, w: int) -> Tensor:
    """(16, N h/2 w/2, K) -> (N, h, w, K)."""
    k = products.shape[2]
    rows, results = products.new_empty(2, 4, n, h // 2, w // 2, k), products.new_empty(n, h // 2, 2, w // 2, 2, k)
    summed(products.view(4, 4, n, h // 2, w // 2, k), rows)
    summed(rows.transpose(0, 1), results.movedim((4, 2), (0, 1)))
    return results.view(n, h, w, k)


def from_results(results: Tensor) -> Tensor:
    """The adjoint of `to_results`: (N, h, w, K) -> (16, N h/2 w/2, K)."""
    n, h, w, k = results.shape
    rows = results.new_empty(2, 4, n, h // 2, w // 2, k)
    products = results.new_empty(4, 4, n, h // 2, w // 2, k)
    from_summed(results.reshape(n, h // 2, 2, w // 2, 2, k).movedim((4, 2), (0, 1)), rows.transpose(0, 1))
    from_summed(rows, products)
    return products.view(16, -1, k)


def differences(cells: Tensor, out: Tensor) -> None:
    """(2t + 2, ...) -> (4, t, ...): d0 - d2, d1 + d2, d2 - d1, d3 - d1. Tiles overlap by two cells."""
    even, odd = cells[::2], cells[1::2]
    torch.sub(even[:-1], even[1:], out=out[0])
    torch.add(odd[:-1], even[1:], out=out[1])
    torch.sub(even[1:], odd[:-1], out=out[2])
    torch.sub(odd[1:], odd[:-1], out=out[3])


def from_differences(tiles: Tensor, out: Tensor) -> None:
    """The adjoint of `differences`."""
    first, second, third, fourth = tiles
    even, odd = out[::2], out[1::2]
    even[0] = 0
    torch.add(second, third, out=even[1:]).sub_(first)
    even[:-1] += first
    odd[-1] = 0
    torch.sub(second, third, out=odd[:-1]).sub_(fourth)
    odd[1:] += fourth


def weighted(taps: Tensor, out: Tensor) -> None:
    """(3, ...) -> (4, ...): g0, (g0 + g1 + g2) / 2, (g0 - g1 + g2) / 2, g2."""
    out[::3] = taps[::2]
    ends, middle = (taps[0] + taps[2]) / 2, taps[1] / 2
    torch.add(ends, middle, out=out[1])
    torch.sub(ends, middle, out=out[2])


def from_weighted(kernels: Tensor, out: Tensor) -> None:
    """The adjoint of `weighted`."""
    ends = (kernels[1] + kernels[2]) / 2
    torch.add(kernels[::3], ends, out=out[::2])
    torch.sub(kernels[1], kernels[2], out=out[1]).div_(2)


def summed(products: Tensor, out: Tensor) -> None:
    """(4, ...) -> (2, ...): m0 + m1 + m2, m1 - m2 + m3."""
    torch.add(products[0], products[1], out=out[0]).add_(products[2])
    torch.sub(products[1], products[2], out=out[1]).add_(products[3])


def from_summed(results: Tensor, out: Tensor) -> None:
    """The adjoint of `summed`: y0, y0 + y1, y0 - y1, y1."""
    out[::3] = results
    torch.add(results[0], results[1], out=out[1])
    torch.sub(results[0], results[1], out=out[2])
