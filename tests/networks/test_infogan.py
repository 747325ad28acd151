"""InfoGAN's networks, layer by layer, and at any size."""

from __future__ import annotations

import pytest
import torch

from gansmith.networks.infogan import InfoDiscriminator, InfoGenerator, Reader


def test_the_networks_are_those_of_the_paper() -> None:
    """Appendix C.1, layer by layer; a normalisation has a gain and a shift per channel."""
    generator = InfoGenerator((1, 28, 28), 74, 64)
    discriminator = InfoDiscriminator((1, 28, 28), 64)
    reader = Reader(64, 12)
    count = [sum(p.numel() for p in network.parameters()) for network in (generator, discriminator, reader)]
    assert count[0] == 74 * 1024 + 2 * 1024 + 1024 * 7 * 7 * 128 + 2 * 128 + 128 * 64 * 16 + 2 * 64 + 64 * 16 + 1
    assert count[1] == 64 * 16 + 64 + 64 * 128 * 16 + 2 * 128 + 7 * 7 * 128 * 1024 + 2 * 1024 + 1024 + 1
    assert count[2] == 1024 * 128 + 2 * 128 + 128 * 12 + 12


@pytest.mark.parametrize("shape", [(1, 8, 8), (3, 13, 20), (4, 64, 48), (3, 32, 32)])
def test_any_shape_there_and_back(shape: tuple[int, int, int]) -> None:
    made = InfoGenerator(shape, 6, 2)(torch.randn(4, 2), torch.randn(4, 4))
    assert made.shape == (4, *shape)
    assert InfoDiscriminator(shape, 2)(made).shape == (4,)
