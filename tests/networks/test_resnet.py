"""The translator: as many parameters as the published one, any size in and out, borders mirrored."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from gansmith.networks.resnet import ResNetGenerator, Upsample, widened


@pytest.mark.parametrize(("blocks", "parameters"), [(9, 11_378_179), (6, 7_837_699)])
def test_as_many_parameters_as_published(blocks: int, parameters: int) -> None:
    """Zhu et al. 2017: the 11.378 M of the nine-block generator, in colour."""
    network = ResNetGenerator(3, 64, blocks)
    assert sum(p.numel() for p in network.parameters()) == parameters


@pytest.mark.parametrize("upsample", ["transposed", "resize"])
@pytest.mark.parametrize("size", [(32, 32), (13, 20), (5, 40), (3, 1)])
def test_any_size_comes_out_as_it_came_in(size: tuple[int, int], upsample: Upsample) -> None:
    network = ResNetGenerator(2, 4, 1, upsample)
    made = network(torch.rand(2, 2, *size) * 2 - 1)
    assert made.shape == (2, 2, *size)
    assert made.abs().max() <= 1
    assert made.std() > 0


def test_what_is_added_is_the_images_own_mirror() -> None:
    image = torch.arange(9.0).view(1, 1, 1, 9).expand(1, 1, 12, 9)
    added = widened(image)
    assert added.shape == (1, 1, 12, 12)
    assert added[0, 0, 0].tolist() == [*range(9), 7, 6, 5]
    fitting = torch.zeros(1, 1, 12, 16)
    assert widened(fitting) is fitting


def test_it_starts_as_published() -> None:
    torch.manual_seed(0)
    network = ResNetGenerator(1, 16, 2)
    weights = torch.cat(
        [m.weight.detach().flatten() for m in network.modules() if isinstance(m, nn.Conv2d | nn.ConvTranspose2d)]
    )
    assert abs(float(weights.std()) - 0.02) < 5e-4
    assert abs(float(weights.mean())) < 5e-4
    assert all(not m.bias.any() for m in network.modules() if isinstance(m, nn.Conv2d) and m.bias is not None)


def test_channels_last_gives_the_same() -> None:
    torch.manual_seed(0)
    network, image = ResNetGenerator(3, 4, 1), torch.rand(2, 3, 8, 12) * 2 - 1
    expected = network(image)
    network.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    torch.testing.assert_close(network(image.contiguous(memory_format=torch.channels_last)), expected)
