"""Reading between pixels: as torch reads, and with derivatives of any order, which torch does not have."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.autograd import gradcheck, gradgradcheck
from torch.nn.functional import grid_sample

from gansmith.losses.ada_sampling import sampled


def somewhere(count: int, height: int, width: int) -> Tensor:
    """Points of which some lie outside."""
    return torch.rand(count, height, width, 2, dtype=torch.float64) * 2.6 - 1.3


def test_values_and_first_derivatives_are_torchs() -> None:
    torch.manual_seed(0)
    image, grid = torch.randn(3, 2, 6, 5, dtype=torch.float64, requires_grad=True), somewhere(3, 4, 7)
    ours, torchs = sampled(image, grid), grid_sample(image, grid, "bilinear", "border", align_corners=True)
    assert torch.equal(ours, torchs)
    weights = torch.randn_like(ours)
    slopes = [torch.autograd.grad(read, image, weights)[0] for read in (ours, torchs)]
    assert torch.equal(*slopes)


def test_derivatives_of_the_first_and_second_order_are_differences() -> None:
    torch.manual_seed(0)
    image, grid = torch.randn(2, 1, 4, 3, dtype=torch.float64, requires_grad=True), somewhere(2, 3, 2)
    assert gradcheck(lambda x: sampled(x, grid).pow(3), image)
    assert gradgradcheck(lambda x: sampled(x, grid).pow(3), image)


def test_the_third_order_is_there_too() -> None:
    torch.manual_seed(0)
    image, grid = torch.randn(1, 1, 4, 3, dtype=torch.float64, requires_grad=True), somewhere(1, 3, 2)
    slope = sampled(image, grid).pow(4).sum()
    for _ in range(3):
        (found,) = torch.autograd.grad(slope, image, create_graph=True)
        slope = found.square().sum()
    assert torch.isfinite(slope)
    assert slope.item() > 0
