"""Instance normalisation (Ulyanov et al. 2016) in the form that is fastest where the maps lie."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn.functional import batch_norm, group_norm


class InstanceNorm(nn.Module):
    """Maps (N, C, H, W) -> the same, every map of mean 0 and deviation 1, then, if `affine`, scaled and shifted.

    What batch normalisation is in a batch of one. A map of a single place has no deviation and passes as it is.
    """

    weight: nn.Parameter | None
    bias: nn.Parameter | None

    def __init__(self, channels: int, eps: float = 1e-5, affine: bool = True) -> None:
        super().__init__()
        self.eps = eps
        self.register_parameter("weight", nn.Parameter(torch.ones(channels)) if affine else None)
        self.register_parameter("bias", nn.Parameter(torch.zeros(channels)) if affine else None)

    def forward(self, x: Tensor) -> Tensor:
        if x.shape[2] * x.shape[3] == 1:
            return x
        turned = not x.is_contiguous() and x.is_contiguous(memory_format=torch.channels_last)
        if x.device.type == "cpu" and turned and not torch.compiler.is_compiling():  # a graph is of any batch
            # PyTorch's own would first turn the maps round, which takes ten times as long as normalising them.
            gain, shift = self.weight, self.bias
            parts = [batch_norm(part, None, None, gain, shift, True, eps=self.eps) for part in torch.split(x, 1)]
            return parts[0] if len(parts) == 1 else torch.cat(parts)
        return group_norm(x, x.shape[1], self.weight, self.bias, self.eps)
