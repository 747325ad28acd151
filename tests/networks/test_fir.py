"""Resampling: against zeros put in or cells left out, and a filter written down."""

from __future__ import annotations

import pytest
import torch
from scipy.signal import convolve2d
from torch import Tensor

from gansmith.networks.fir import blurred, doubled, halved

LINE = torch.tensor([1.0, 3, 3, 1], dtype=torch.float64) / 8


def filtered(x: Tensor, first: int, last: int, gain: float = 1.0) -> Tensor:
    """scipy's filter on zero-padded maps, where it lies wholly inside."""
    kernel = (torch.outer(LINE, LINE) * gain).numpy()
    wide = torch.nn.functional.pad(x, (first, last, first, last))
    maps = [torch.from_numpy(convolve2d(one.numpy(), kernel, mode="valid")) for one in wide.flatten(0, 1)]
    return torch.stack(maps).reshape(*x.shape[:2], *maps[0].shape)


def test_each_is_its_definition() -> None:
    x = torch.randn(2, 3, 6, 8, dtype=torch.float64)
    sparse = torch.zeros(2, 3, 12, 16, dtype=torch.float64)
    sparse[:, :, ::2, ::2] = x
    torch.testing.assert_close(blurred(x, 2, 4.0), filtered(x, 2, 2, 4.0))
    torch.testing.assert_close(doubled(x), filtered(sparse, 2, 1, 4.0))
    torch.testing.assert_close(halved(x), filtered(x, 1, 1)[:, :, ::2, ::2])


@pytest.mark.parametrize("resample", [doubled, halved])
def test_gradients_are_right_to_the_second(resample: object) -> None:
    x = torch.randn(1, 2, 4, 6, dtype=torch.float64, requires_grad=True)
    assert callable(resample)
    assert torch.autograd.gradcheck(resample, x)
    assert torch.autograd.gradgradcheck(resample, x)
