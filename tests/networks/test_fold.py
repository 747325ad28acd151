"""Folding normalisation away leaves a network's results as they were."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor, nn

from gansmith.networks.dcgan import DCGANDiscriminator, DCGANGenerator
from gansmith.networks.fold import folded
from gansmith.networks.mlp import MLPGenerator


def lived(network: nn.Module, *inputs: Tensor) -> nn.Module:
    """The network with statistics, gains and shifts that are not those of its birth, in eval mode."""
    torch.manual_seed(0)
    for module in network.modules():
        if isinstance(module, nn.BatchNorm1d | nn.BatchNorm2d) and module.affine:
            nn.init.uniform_(module.weight, 0.5, 1.5)
            nn.init.uniform_(module.bias, -0.5, 0.5)
    with torch.no_grad():
        for x in inputs:
            network(x)
    return network.eval()


def norms(network: nn.Module) -> int:
    return sum(isinstance(module, nn.BatchNorm1d | nn.BatchNorm2d) for module in network.modules())


@pytest.mark.parametrize("shape", [(3, 64, 64), (1, 28, 28), (4, 19, 30)])
def test_the_dcgan_pair(shape: tuple[int, int, int]) -> None:
    latents, images = torch.randn(3, 16, 20), torch.randn(2, 8, *shape)
    generator = lived(DCGANGenerator(shape, 20, 8), *latents)
    discriminator = lived(DCGANDiscriminator(shape, 8), *images)
    for network, x in ((generator, latents[0]), (discriminator, images[0])):
        smaller = folded(network)
        assert norms(network) > 0 and norms(smaller) == 0
        with torch.no_grad():
            torch.testing.assert_close(smaller(x), network(x), rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize(
    ("layer", "norm", "shape"),
    [
        (nn.Conv2d(6, 8, 3, groups=2), nn.BatchNorm2d(8), (4, 6, 5, 5)),
        (nn.Conv2d(3, 8, 3, bias=False), nn.BatchNorm2d(8, affine=False), (4, 3, 5, 5)),
        (nn.ConvTranspose2d(3, 8, 4, 2, 1), nn.BatchNorm2d(8), (4, 3, 5, 5)),
        (nn.Linear(3, 8), nn.BatchNorm1d(8, eps=0.1), (16, 3)),
        (nn.Linear(3, 8, bias=False), nn.BatchNorm1d(8), (16, 3)),
    ],
)
def test_any_layer_and_norm_in_a_row(layer: nn.Module, norm: nn.Module, shape: tuple[int, ...]) -> None:
    x = torch.randn(shape)
    network = lived(nn.Sequential(layer, norm, nn.ReLU()), x, x + 1)
    smaller = folded(network)
    assert norms(smaller) == 0 and norms(network) == 1
    with torch.no_grad():
        torch.testing.assert_close(smaller(x), network(x), rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize(
    "network",
    [
        nn.Sequential(nn.ConvTranspose2d(4, 4, 2, groups=2), nn.BatchNorm2d(4)),
        nn.Sequential(nn.Conv2d(4, 4, 2), nn.BatchNorm2d(4, track_running_stats=False)),
        nn.Sequential(nn.Conv2d(4, 4, 2), nn.ReLU(), nn.BatchNorm2d(4)),
        MLPGenerator((2,), 4, 8, 2),
    ],
)
def test_what_cannot_be_folded_is_returned_untouched(network: nn.Module) -> None:
    assert folded(network.eval()) is network


def test_the_original_goes_on_learning() -> None:
    network = DCGANGenerator((3, 16, 16), 4, 4).train()
    before = {name: tensor.clone() for name, tensor in network.state_dict().items()}
    assert not folded(network).training
    assert network.training and all(p.requires_grad for p in network.parameters())
    assert all(torch.equal(tensor, before[name]) for name, tensor in network.state_dict().items())
