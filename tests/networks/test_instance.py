"""Instance normalisation: PyTorch's own values and gradients, in either layout."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from gansmith.networks.instance import InstanceNorm


@pytest.mark.parametrize("layout", [torch.contiguous_format, torch.channels_last])
@pytest.mark.parametrize("count", [1, 3])
def test_it_is_instance_normalisation(layout: torch.memory_format, count: int) -> None:
    torch.manual_seed(0)
    maps = torch.randn(count, 4, 5, 6).mul(3).add(1)
    ours, theirs = InstanceNorm(4), nn.InstanceNorm2d(4, affine=True)
    assert ours.weight is not None and ours.bias is not None
    with torch.no_grad():
        theirs.weight.copy_(ours.weight.normal_())
        theirs.bias.copy_(ours.bias.normal_())
    given = [maps.clone().contiguous(memory_format=layout).requires_grad_(True), maps.clone().requires_grad_(True)]
    wanted = torch.randn(maps.shape)
    for norm, x in zip((ours, theirs), given, strict=True):
        (norm(x) - wanted).square().sum().backward()
    torch.testing.assert_close(ours(given[0]), theirs(given[1]))
    torch.testing.assert_close(given[0].grad, given[1].grad, rtol=1e-4, atol=1e-4)
    torch.testing.assert_close(ours.weight.grad, theirs.weight.grad, rtol=1e-4, atol=1e-4)
    assert ours(given[0]).is_contiguous(memory_format=layout)


def test_in_a_batch_of_one_it_is_batch_normalisation() -> None:
    maps = torch.randn(1, 4, 5, 6)
    torch.testing.assert_close(InstanceNorm(4)(maps), nn.BatchNorm2d(4)(maps))


def test_a_single_place_passes() -> None:
    maps = torch.randn(2, 4, 1, 1)
    assert torch.equal(InstanceNorm(4)(maps), maps)
