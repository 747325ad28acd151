"""The spread of a batch: numpy's standard deviation, group by group, and a last layer that sees it."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import nn

from gansmith.networks.last import last_layer
from gansmith.networks.mlp import MaxoutDiscriminator, MLPDiscriminator
from gansmith.networks.patch import PatchDiscriminator
from gansmith.networks.spread import SeeingSpread, SeeingSpreadEverywhere, see_spread, spread, with_spread


@pytest.mark.parametrize(
    ("count", "sizes"), [(1, [1]), (4, [4]), (12, [4, 4, 4]), (5, [3, 2]), (7, [4, 3]), (9, [3, 3, 3])]
)
def test_it_is_the_deviation_of_each_group(count: int, sizes: list[int]) -> None:
    """Karras et al. 2018, section 3: per feature over the group, averaged over features, the same for all of it."""
    features = np.random.default_rng(count).normal(size=(count, 6)).astype(np.float32)
    groups = np.split(features, np.cumsum(sizes)[:-1])
    expected = np.concatenate([np.full(len(group), group.std(axis=0).mean()) for group in groups])
    np.testing.assert_allclose(spread(torch.from_numpy(features))[:, 0], expected, atol=2e-4)


def test_groups_do_not_hear_of_each_other() -> None:
    features = torch.randn(8, 5, generator=torch.Generator().manual_seed(0)).requires_grad_(True)
    (slope,) = torch.autograd.grad(spread(features)[:4].sum(), features)
    assert slope[:4].abs().min() > 0
    assert slope[4:].abs().max() == 0


def test_equal_samples_have_none_and_finite_slopes() -> None:
    features = torch.ones(8, 5, requires_grad=True)
    value = spread(features)
    (slope,) = torch.autograd.grad(value.sum(), features)
    assert value.max() < 1e-3
    assert torch.isfinite(slope).all()


def test_second_derivatives_are_right() -> None:
    """Against central differences of the slope, in the directions of a few features."""
    torch.manual_seed(0)
    features = torch.randn(4, 3)

    def slope(at: torch.Tensor) -> torch.Tensor:
        at = at.clone().requires_grad_(True)
        return torch.autograd.grad(spread(at).square().sum(), at, create_graph=True)[0]

    at = features.clone().requires_grad_(True)
    (first,) = torch.autograd.grad(spread(at).square().sum(), at, create_graph=True)
    (second,) = torch.autograd.grad(first[1, 2], at)
    for row, column in ((0, 2), (1, 2), (3, 0)):
        nudge = torch.zeros_like(features)
        nudge[row, column] = 1e-2
        expected = (slope(features + nudge)[1, 2] - slope(features - nudge)[1, 2]) / 2e-2
        assert second[row, column].item() == pytest.approx(expected.item(), abs=2e-3)


@pytest.mark.parametrize("judge", [MLPDiscriminator((2,), 6, 2), MaxoutDiscriminator((2,), 6, 0.0)])
def test_the_last_layer_keeps_its_weights_and_gains_one(judge: nn.Module) -> None:
    image = torch.randn(8, 2)
    before, plain = judge(image), last_layer(judge)
    see_spread(judge)
    seeing = last_layer(judge)
    assert isinstance(seeing, SeeingSpread) and isinstance(plain, nn.Linear)
    assert seeing.in_features == plain.in_features + 1
    assert torch.equal(seeing.weight[:, :-1], plain.weight)
    with torch.no_grad():
        seeing.weight[:, -1] = 0
    torch.testing.assert_close(judge(image), before)
    with torch.no_grad():
        seeing.weight[:, -1] = 10
    assert (judge(image) > before).all()


def test_a_convolution_sees_it_everywhere() -> None:
    """On one side of the maps and on the other alike, and nothing else changes."""
    judge = PatchDiscriminator((3, 64, 64), 8)
    image = torch.randn(4, 3, 64, 64)
    before = judge(image)
    see_spread(judge)
    seeing = last_layer(judge)
    assert isinstance(seeing, SeeingSpreadEverywhere)
    with torch.no_grad():
        seeing.weight[:, -1] = 0
        torch.testing.assert_close(judge(image), before)
        seeing.weight[:, -1] = 10
        apart = (judge(image) - before).view(4, 6, 6)[:, 1:-1, 1:-1]  # at the borders some of the kernel sees padding
    expected = 160 * spread(judge.layers(image).flatten(1))
    torch.testing.assert_close(apart, expected[:, :, None].expand_as(apart), rtol=1e-4, atol=1e-4)


def test_one_more_map_is_the_spread_everywhere() -> None:
    maps = torch.randn(4, 3, 2, 5, generator=torch.Generator().manual_seed(2))
    seen = with_spread(maps)
    assert torch.equal(seen[:, :3], maps)
    expected = maps.std(0, correction=0).mean()
    torch.testing.assert_close(seen[:, 3], expected.expand(4, 2, 5), atol=1e-6, rtol=1e-5)


def test_a_network_that_sees_it_elsewhere_is_left_alone() -> None:
    network = MLPDiscriminator((6,), 4, 1)
    setattr(network, "sees_spread", True)  # noqa: B010 - a module's attributes are declared
    layers = list(network.modules())
    see_spread(network)
    assert list(network.modules()) == layers
