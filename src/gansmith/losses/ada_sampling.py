"""Reading images between their pixels, differentiable to any order in the images: torch's own reading is only once."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor
from torch.nn.functional import grid_sample

BILINEAR, BORDER, ALIGNED = 0, 1, True  # the ways below as torch numbers them for the adjoint


def sampled(image: Tensor, grid: Tensor) -> Tensor:
    """Images (N, C, H, W) read bilinearly at a grid (N, h, w, 2) of (x, y), -1 and 1 being the outer pixels' middles.

    Linear in the images, so that its gradient is the adjoint, whose gradient is this again. None flows to the grid.
    """
    read: Tensor = _Read.apply(image, grid)  # type: ignore[no-untyped-call]
    return read


class _Read(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, image: Tensor, grid: Tensor) -> Tensor:
        ctx.save_for_backward(grid)
        ctx.shape = image.shape
        return grid_sample(image, grid, "bilinear", "border", ALIGNED)

    @staticmethod
    def backward(ctx: Any, slope: Tensor) -> Any:
        (grid,) = ctx.saved_tensors
        return _Spread.apply(slope, grid, ctx.shape), None  # type: ignore[no-untyped-call]


class _Spread(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, slope: Tensor, grid: Tensor, shape: torch.Size) -> Tensor:
        ctx.save_for_backward(grid)
        like = slope.new_empty(1).expand(shape)  # only its shape is read
        adjoint = torch.ops.aten.grid_sampler_2d_backward
        found: Tensor = adjoint(slope.contiguous(), like, grid, BILINEAR, BORDER, ALIGNED, [True, False])[0]
        return found

    @staticmethod
    def backward(ctx: Any, slope: Tensor) -> Any:
        (grid,) = ctx.saved_tensors
        return sampled(slope, grid), None, None
