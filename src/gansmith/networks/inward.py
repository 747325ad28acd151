"""A clamp whose gradient still leads back inside, so that whoever lowers a loss by it is not stuck beyond an end."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor


def clamped_inward(image: Tensor) -> Tensor:
    """Values clamped to [-1, 1]; a gradient passes where a step against it would not lead further out.

    The plain clamp passes none beyond its ends. A pixel that is black and should not be then tells nothing, and of a
    picture that is mostly black hardly one pixel says where to go.
    """
    if torch.is_grad_enabled() and image.requires_grad:
        inward: Tensor = _Inward.apply(image)  # type: ignore[no-untyped-call]
        return inward
    return image.clamp(-1, 1)


class _Inward(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, image: Tensor) -> Tensor:
        ctx.save_for_backward(image)
        return image.clamp(-1, 1)

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> Tensor:
        (image,) = ctx.saved_tensors
        outward = ((image > 1) & (gradients[0] < 0)) | ((image < -1) & (gradients[0] > 0))
        return gradients[0].masked_fill(outward, 0)
