"""VGG-19's stack: its arithmetic against plain calls, weights under other people's names, what a pixel can reach."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor
from torch.nn.functional import avg_pool2d, conv2d, lp_pool2d, max_pool2d, pad

from gansmith.networks.vgg import LAYERS, POOLINGS, VGG, Pooling, grid_of, random_vgg, reach_of, vgg19

TORCHVISION = (0, 2, 5, 7, 10, 12, 14, 16, 19, 21, 23, 25, 28, 30, 32, 34)  # of models.vgg19().features


def published() -> dict[str, Tensor]:
    """Random weights under torchvision's names, a classifier too."""
    keys = (key for number in TORCHVISION for key in (f"features.{number}.weight", f"features.{number}.bias"))
    values = [parameter for convolution in VGG().stack.values() for parameter in convolution.parameters()]
    found = {key: torch.randn_like(value) / 30 for key, value in zip(keys, values, strict=True)}
    return found | {"classifier.0.weight": torch.zeros(3, 3)}


@pytest.mark.parametrize("pooling", list(POOLINGS))
def test_maps_are_those_of_plain_calls(pooling: Pooling) -> None:
    network, x = random_vgg(4, pooling, seed=1), torch.randn(2, 3, 20, 28)
    found = network(x, ("relu1_2", "relu2_1"))
    stack = network.stack
    y = pad(x, (1, 1, 1, 1), mode="replicate")
    y = conv2d(y, stack["relu1_1"].weight, stack["relu1_1"].bias).relu()
    y = conv2d(y, stack["relu1_2"].weight, stack["relu1_2"].bias, padding=1).relu()
    assert torch.allclose(found["relu1_2"], y, atol=1e-6)
    pools = {"max": max_pool2d(y, 2), "average": avg_pool2d(y, 2) * 2, "l2": lp_pool2d(y, 2.0, 2) * 0.78}
    y = conv2d(pools[pooling], stack["relu2_1"].weight, stack["relu2_1"].bias, padding=1).relu()
    assert list(found) == ["relu1_2", "relu2_1"]
    assert torch.allclose(found["relu2_1"], y, atol=1e-3)


def test_random_weights_keep_the_strength_of_maps() -> None:
    """He et al. 2015: the mean square stays what it was, layer after layer."""
    maps = random_vgg(32, "average")(torch.randn(1, 3, 64, 64), ("relu1_1", "relu2_2"))
    assert 0.3 < maps["relu1_1"].square().mean() < 3
    same, other = random_vgg(4, seed=3), random_vgg(4, seed=4)
    assert torch.equal(same.stack["relu4_4"].weight, random_vgg(4, seed=3).stack["relu4_4"].weight)
    assert not torch.equal(same.stack["relu1_1"].weight, other.stack["relu1_1"].weight)


def test_published_weights_are_taken_whole() -> None:
    weights = published()
    network = vgg19({f"module.{key}": value for key, value in weights.items()})
    for number, convolution in zip(TORCHVISION, network.stack.values(), strict=True):
        assert torch.equal(convolution.weight, weights[f"features.{number}.weight"])
    with pytest.raises(ValueError, match="relu2_1"):
        vgg19(weights | {"features.5.weight": torch.zeros(3, 3)})
    with pytest.raises(ValueError, match="15 layers"):
        vgg19({key: value for key, value in weights.items() if not key.startswith("features.34.")})


def test_nothing_is_computed_that_is_not_asked_for() -> None:
    network = random_vgg(4)
    network.convolutions["relu1_2"] = torch.nn.Identity()  # would make relu2_1 fail
    assert list(network(torch.randn(1, 3, 16, 16), ("relu1_1",))) == ["relu1_1"]
    assert not any(parameter.requires_grad for parameter in network.parameters())


@pytest.mark.parametrize("layer", ["relu1_1", "relu2_2", "relu3_1", "relu4_2"])
def test_a_pixel_beyond_the_reach_changes_nothing(layer: str) -> None:
    network, stride = random_vgg(2, "average"), 2 ** (grid_of(layer) - 1)
    x = torch.randn(1, 3, 1, 240, requires_grad=True)
    maps = network(x.expand(-1, -1, 32, -1), (layer,))[layer]
    place = maps.shape[3] // 2
    (slope,) = torch.autograd.grad(maps[..., place].sum(), x)
    moved = slope.abs().sum((0, 1, 2)).nonzero().flatten()
    first, last = place * stride, place * stride + stride - 1
    assert first - reach_of(layer) <= moved.min() < first and last < moved.max() <= last + reach_of(layer)
    assert layer in LAYERS
