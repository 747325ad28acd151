"""4x4 convolutions of stride 2 with 9 multiplications where 16 are written: Winograd's F(2x2, 2x2).

Split into its four phases (even and odd rows and columns), such a convolution has kernels of 2x2 and stride 1. A tile
of 3x3 cells, one cell being a pixel of each phase, then yields 2x2 results (Lavin & Gray 2016, section 4). Along one
axis, for cells d, weights g and results y:

    y0 = d0 g0 + d1 g1 = (d0 - d1) g0 + d1 (g0 + g1)
    y1 = d1 g0 + d2 g1 = (d2 - d1) g1 + d1 (g0 + g1)

so that three linear maps (tiles of cells, kernels of weights, results of products) surround nine matrix products. The
transposed convolution is the same with the maps' adjoints, and so are all derivatives. In bfloat16 the sums before and
after the products cost accuracy: 0.7 % of a result's size where the plain form loses 0.3 %.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor
from torch.nn.functional import pad

Map = Callable[[Tensor], Tensor]


def halve(x: Tensor, weight: Tensor) -> Tensor:
    """conv2d(x, weight, stride=2, padding=1) for (N, C, 2h, 2w) and (K, C, 4, 4), h and w even -> (N, K, h, w)."""
    n, h, w = x.shape[0], x.shape[2] // 2, x.shape[3] // 2
    tiles = linear(x.permute(0, 2, 3, 1), to_tiles, lambda tiles: from_tiles(tiles, n, h, w))
    products = product(tiles, linear(weight, to_kernels, from_kernels))
    return linear(products, lambda products: to_results(products, n, h, w), from_results).permute(0, 3, 1, 2)


def double(x: Tensor, weight: Tensor) -> Tensor:
    """conv_transpose2d(x, weight, stride=2, padding=1) for (N, K, h, w) and (K, C, 4, 4) -> (N, C, 2h, 2w)."""
    n, _, h, w = x.shape
    spread = linear(x.permute(0, 2, 3, 1), from_results, lambda spread: to_results(spread, n, h, w))
    tiles = torch.bmm(spread, linear(weight, to_kernels, from_kernels))
    return linear(tiles, lambda tiles: from_tiles(tiles, n, h, w), to_tiles).permute(0, 3, 1, 2)


class Linear(torch.autograd.Function):
    """A linear map known together with its adjoint: each is the other's derivative, to any order."""

    @staticmethod
    def forward(ctx: Any, x: Tensor, there: Map, back: Map) -> Tensor:
        ctx.maps = back, there
        return there(x)

    @staticmethod
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor, None, None]:
        return linear(gradient, *ctx.maps), None, None


linear: Callable[[Tensor, Map, Map], Tensor] = Linear.apply


class Product(torch.autograd.Function):
    """bmm(tiles, kernels^T), whose gradient for the kernels comes out in their own order in memory."""

    @staticmethod
    def forward(ctx: Any, tiles: Tensor, kernels: Tensor) -> Tensor:
        ctx.save_for_backward(tiles, kernels)
        return torch.bmm(tiles, kernels.transpose(1, 2))

    @staticmethod
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor | None, Tensor | None]:
        tiles, kernels = ctx.saved_tensors
        of_tiles, of_kernels = ctx.needs_input_grad
        return (
            torch.bmm(gradient, kernels) if of_tiles else None,
            torch.bmm(gradient.transpose(1, 2), tiles) if of_kernels else None,
        )


product: Callable[[Tensor, Tensor], Tensor] = Product.apply


def to_tiles(x: Tensor) -> Tensor:
    """(N, 2h, 2w, C) -> (9, N h/2 w/2, 4C)."""
    n, h, w, c = x.shape[0], x.shape[1] // 2, x.shape[2] // 2, x.shape[3]
    cells = pad(x, (0, 0, 1, 1, 1, 1)).view(n, h + 1, 2, w + 1, 2, c)
    rows = x.new_empty(3, n, h // 2, 2, w + 1, 2, c)
    tiles = x.new_empty(3, 3, n, h // 2, w // 2, 2, 2, c)
    differences(cells.movedim(1, 0), rows.movedim(2, 1))
    differences(rows.movedim(4, 0), tiles.movedim((1, 4), (0, 1)))
    return tiles.view(9, -1, 4 * c)


def from_tiles(tiles: Tensor, n: int, h: int, w: int) -> Tensor:
    """The adjoint of `to_tiles`: (9, N h/2 w/2, 4C) -> (N, 2h, 2w, C)."""
    c = tiles.shape[2] // 4
    rows = tiles.new_empty(3, n, h // 2, 2, w + 1, 2, c)
    cells = tiles.new_empty(n, h + 1, 2, w + 1, 2, c)
    from_differences(tiles.reshape(3, 3, n, h // 2, w // 2, 2, 2, c).movedim((1, 4), (0, 1)), rows.movedim(4, 0))
    from_differences(rows.movedim(2, 1), cells.movedim(1, 0))
    return cells.view(n, 2 * h + 2, 2 * w + 2, c)[:, 1:-1, 1:-1].contiguous()


def to_kernels(weight: Tensor) -> Tensor:
    """(K, C, 4, 4) -> (9, K, 4C)."""
    k, c = weight.shape[:2]
    taps = weight.permute(0, 2, 3, 1).reshape(k, 2, 2, 2, 2, c)
    kernels = taps.new_empty(3, 3, k, 2, 2, c)
    ends_and_sum(taps.movedim((1, 3), (0, 1)), kernels)
    return kernels.view(9, k, 4 * c)


def from_kernels(kernels: Tensor) -> Tensor:
    """The adjoint of `to_kernels`: (9, K, 4C) -> (K, C, 4, 4)."""
    k, c = kernels.shape[1], kernels.shape[2] // 4
    taps = kernels.new_empty(k, 2, 2, 2, 2, c)
    from_ends_and_sum(kernels.reshape(3, 3, k, 2, 2, c), taps.movedim((1, 3), (0, 1)))
    return taps.view(k, 4, 4, c).permute(0, 3, 1, 2)


def to_results(products: Tensor, n: int, h: int, w: int) -> Tensor:
    """(9, N h/2 w/2, K) -> (N, h, w, K)."""
    k = products.shape[2]
    results = products.new_empty(n, h // 2, 2, w // 2, 2, k)
    from_ends_and_sum(products.reshape(3, 3, n, h // 2, w // 2, k), results.movedim((2, 4), (0, 1)))
    return results.view(n, h, w, k)


def from_results(results: Tensor) -> Tensor:
    """The adjoint of `to_results`: (N, h, w, K) -> (9, N h/2 w/2, K)."""
    n, h, w, k = results.shape
    products = results.new_empty(3, 3, n, h // 2, w // 2, k)
    ends_and_sum(results.reshape(n, h // 2, 2, w // 2, 2, k).movedim((2, 4), (0, 1)), products)
    return products.view(9, -1, k)


def differences(cells: Tensor, out: Tensor) -> None:
    """(2t + 1, ...) -> (3, t, ...): d0 - d1, d1, d2 - d1. A tile's last cell is the next one's first."""
    first, middle, last = cells[:-1:2], cells[1::2], cells[2::2]
    torch.sub(first, middle, out=out[0])
    out[1] = middle
    torch.sub(last, middle, out=out[2])


def from_differences(tiles: Tensor, out: Tensor) -> None:
    """The adjoint of `differences`."""
    first, middle, last = tiles
    torch.sub(middle, first, out=out[1::2]).sub_(last)
    out[0] = first[0]
    torch.add(first[1:], last[:-1], out=out[2:-1:2])
    out[-1] = last[-1]


def ends_and_sum(pairs: Tensor, out: Tensor) -> None:
    """Along both axes, (2, 2, ...) -> (3, 3, ...): g0, g0 + g1, g1."""
    out[::2, ::2] = pairs
    torch.add(out[::2, 0], out[::2, 2], out=out[::2, 1])
    torch.add(out[0], out[2], out=out[1])


def from_ends_and_sum(threes: Tensor, out: Tensor) -> None:
    """The adjoint of `ends_and_sum`: along both axes m0 + m1, m1 + m2."""
    rows = threes[:2] + threes[1:]
    torch.add(rows[:, :2], rows[:, 1:], out=out)
