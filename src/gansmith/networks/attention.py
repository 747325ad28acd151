"""Self-attention over a map, so that far cells agree (Zhang et al. 2019, SAGAN, section 3)."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional


class SelfAttention(nn.Module):
    """x (N, C, H, W) -> x + gain * what each cell gathers from all others; the identity until the gain is learnt.

    Keys and values are taken from a map pooled to half its size, as in BigGAN's code. H, W at least 2.
    """

    def __init__(self, width: int) -> None:
        super().__init__()
        few, self.gathered = max(1, width // 8), max(1, width // 2)
        self.query = nn.Conv2d(width, few, 1, bias=False)
        self.key = nn.Conv2d(width, few, 1, bias=False)
        self.value = nn.Conv2d(width, self.gathered, 1, bias=False)
        self.back = nn.Conv2d(self.gathered, width, 1, bias=False)
        self.gain = nn.Parameter(torch.zeros(()))

    def forward(self, x: Tensor) -> Tensor:
        query = self.query(x).flatten(2).transpose(1, 2)
        key = functional.max_pool2d(self.key(x), 2).flatten(2)
        value = functional.max_pool2d(self.value(x), 2).flatten(2).transpose(1, 2)
        gathered = torch.softmax(query @ key, dim=2).to(value.dtype) @ value  # (N, HW, half): one row per cell
        # len() would fix the batch of an export
        back = self.back(gathered.transpose(1, 2).reshape(x.shape[0], self.gathered, *x.shape[2:]))
        return torch.addcmul(x, self.gain.to(x.dtype), back)
