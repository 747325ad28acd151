"""The painter: any size, styles that are only gains and shifts, moments that can be held."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor, nn
from torch.nn.functional import instance_norm

from gansmith.networks.transfer import Look, StyledNorm, TransferNet


def painter(styles: int = 2) -> TransferNet:
    torch.manual_seed(0)
    network = TransferNet(styles, width=4, blocks=1)
    for name, parameter in network.named_parameters():
        if "norm" in name:
            nn.init.uniform_(parameter, 0.5, 1.5)
    return network.requires_grad_(False)


def photo(high: int, across: int, count: int = 1) -> Tensor:
    return torch.rand(count, 3, high, across, generator=torch.Generator().manual_seed(1)) * 2 - 1


@pytest.mark.parametrize("size", [(32, 32), (13, 20), (5, 40), (3, 1)])
def test_any_size_comes_out_as_it_came_in(size: tuple[int, int]) -> None:
    made = painter()(photo(*size, count=2), Look(torch.eye(2)))
    assert made.shape == (2, 3, *size)
    assert made.abs().max() <= 1
    assert made.std() > 0


def test_as_many_parameters_as_the_paper_has() -> None:
    """Johnson et al. 2016, table 1 of the supplement, without its kernels of 9 and with a gain and a shift a map."""
    widths = [(3, 32, 49), (32, 64, 9), (64, 128, 9), *[(128, 128, 9)] * 10, (128, 64, 9), (64, 32, 9)]
    expected = sum(a * b * places + 2 * b for a, b, places in widths) + 32 * 3 * 49 + 3
    assert sum(p.numel() for p in TransferNet(1, width=32, blocks=5).parameters()) == expected


def test_the_normalisation_is_that_of_pytorch_with_the_mixed_gains_and_shifts() -> None:
    norm, x = StyledNorm(5, 2), torch.randn(3, 5, 7, 6)
    nn.init.normal_(norm.gain)
    nn.init.normal_(norm.shift)
    mix = torch.tensor([[0.25, 0.75]]).expand(3, 2)
    expected = instance_norm(x, weight=mix[0] @ norm.gain, bias=mix[0] @ norm.shift)
    torch.testing.assert_close(norm(x, Look(mix)), expected, rtol=1e-4, atol=1e-5)


def test_every_image_has_its_own_style() -> None:
    network, image = painter(), photo(16, 16)
    both = network(image.expand(2, -1, -1, -1), Look(torch.eye(2)))
    for place, row in enumerate(torch.eye(2)):
        torch.testing.assert_close(both[place : place + 1], network(image, Look(row[None])), rtol=1e-4, atol=1e-5)
    assert (both[0] - both[1]).abs().mean() > 0.01


def test_moments_noted_and_held_give_the_same_image() -> None:
    network, image, first = painter(), photo(24, 16), Look(torch.ones(1, 2) / 2)
    made = network(image, first)
    assert len(first.noted) == 3 + 2 + 2  # a normalisation per convolution but the last
    torch.testing.assert_close(network(image, Look(first.styles, held=tuple(first.noted))), made)


def test_nothing_beyond_its_reach_moves_a_pixel() -> None:
    network, image, look = painter(), photo(128, 128), Look(torch.ones(1, 2) / 2)
    made = network(image, look)
    held = tuple(look.noted)
    image[:, :, 64 + network.reach :] = 0.7
    moved = (network(image, Look(look.styles, held)) - made).abs().amax((0, 1, 3))
    assert not moved[:65].any()
    assert moved[64 + network.reach :].max() > 0.01
    assert network.reach < 2 * (int(moved.nonzero().max()) - int(moved.nonzero().min()))  # nor is it far too wide
