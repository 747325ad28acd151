"""The U-Net: the published number of weights, any size there and back, chance only where it is wanted."""

from __future__ import annotations

from itertools import pairwise

import pytest
import torch

from gansmith.networks.dcgan import Norm, Upsample
from gansmith.networks.margin import bordered
from gansmith.networks.unet import UNet, depth_for, dropped

NORMS: tuple[Norm, ...] = ("batch", "instance", "none")
WAYS: tuple[Upsample, ...] = ("transposed", "resize")


def test_it_has_the_published_number_of_weights() -> None:
    """Isola et al. 2017, section 6.1.1: 4x4 kernels on 64-128-256-512-512-512-512-512 channels, skips doubling them."""
    down = [3, 64, 128, 256, 512, 512, 512, 512, 512]
    kernels = sum(16 * a * b for a, b in pairwise(down))
    up = [(512, 512), (1024, 512), (1024, 512), (1024, 512), (1024, 256), (512, 128), (256, 64), (128, 3)]
    kernels += sum(16 * a * b for a, b in up) + 3
    normed = sum(down[2:8]) + sum(b for _, b in up[:-1])  # the innermost map is a single pixel
    for norm in NORMS[:2]:
        network = UNet(3, 3, (256, 256), norm=norm)
        assert sum(p.numel() for p in network.parameters()) == kernels + 2 * normed == 54_413_955


@pytest.mark.parametrize("size", [(8, 8), (13, 20), (1, 3), (33, 17), (64, 48)])
def test_any_size_there_and_back(size: tuple[int, int]) -> None:
    torch.manual_seed(0)
    for norm in NORMS:
        for upsample in WAYS:
            network = UNet(2, 3, size, 4, norm=norm, upsample=upsample).eval()
            for other in (size, (5, 7), (40, 31)):
                made = network(torch.randn(1, 2, *other))
                assert made.shape == (1, 3, *other)
                assert made.abs().max() <= 1
                assert made.std() > 0


@pytest.mark.parametrize("norm", NORMS)
def test_a_batch_of_one_can_be_learnt_from(norm: Norm) -> None:
    """The innermost map is a single pixel, of which there is no deviation; every weight has a gradient."""
    network = UNet(1, 1, (16, 16), 4, norm=norm).train()
    network(torch.randn(1, 1, 16, 16)).square().sum().backward()
    assert all(p.grad is not None and p.grad.isfinite().all() for p in network.parameters())


def test_it_halves_until_a_pixel_is_left_unless_the_margin_grows_too_wide() -> None:
    sizes = [(256, 256), (512, 512), (128, 128), (64, 64), (64, 96), (28, 28), (65, 65), (2, 2)]
    assert [depth_for(size) for size in sizes] == [8, 8, 7, 6, 6, 4, 3, 2]


def test_chance_is_the_dropout_and_follows_its_generator() -> None:
    torch.manual_seed(0)
    network, image = UNet(3, 3, (32, 32), 8).eval(), torch.randn(2, 3, 32, 32)
    before = torch.get_rng_state()
    first, again, other = (network(image, torch.Generator().manual_seed(seed)) for seed in (0, 0, 1))
    assert torch.equal(before, torch.get_rng_state())
    assert torch.equal(first, again)
    assert not torch.equal(first, other)
    assert not torch.equal(network(image), network(image))
    steady = UNet(3, 3, (32, 32), 8, dropout=0.0).eval()
    assert torch.equal(steady(image), steady(image))


def test_half_of_the_features_are_dropped_and_the_others_doubled() -> None:
    ones = torch.ones(100, 100)
    for chance in (None, torch.Generator().manual_seed(0)):
        kept = dropped(ones, 0.5, chance)
        assert set(kept.flatten().tolist()) == {0.0, 2.0}
        assert kept.mean().item() == pytest.approx(1, abs=0.05)


@pytest.mark.parametrize("size", [(5, 8), (1, 1), (3, 30), (8, 16)])
def test_margins_are_mirrored_and_taken_off(size: tuple[int, int]) -> None:
    image = torch.randn(2, 3, *size)
    wider, inside = bordered(image, 8)
    assert all(side % 8 == 0 and side - old < 8 for side, old in zip(wider.shape[2:], size, strict=True))
    assert torch.equal(wider[inside], image)
    top, left = inside[2].start, inside[3].start
    if size == (5, 8):
        assert torch.equal(wider[:, :, top - 1], image[:, :, 1])
        assert torch.equal(wider[:, :, top + 5], image[:, :, 3])
        assert left == 0
