"""Fully connected networks against numpy, and the start their papers give them."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch

from gansmith.networks.mlp import Maxout, MaxoutDiscriminator, MLPDiscriminator, MLPGenerator, stack


def test_maxout_is_the_largest_of_linear_maps() -> None:
    """Goodfellow et al. 2013, eq. 2: h_i = max_j x . W_ij + b_ij."""
    layer = Maxout(4, 3, pieces=5)
    x = torch.randn(6, 4)
    weight = layer.linear.weight.detach().numpy().reshape(3, 5, 4)
    bias = layer.linear.bias.detach().numpy().reshape(3, 5)
    expected = (np.einsum("upi,ni->nup", weight, x.numpy()) + bias).max(axis=2)
    np.testing.assert_allclose(layer(x).detach().numpy(), expected, rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("slope", [0.0, 0.2])
def test_signals_keep_their_strength_through_many_layers(slope: float) -> None:
    """He et al. 2015: through rectifiers the mean square stays what it was, here within a factor of two."""
    torch.manual_seed(0)
    layers = stack(200, 200, 10, 1, slope)
    x = torch.randn(500, 200)
    before = x.square().mean()
    for layer in list(layers)[:-1]:
        x = layer(x)
    share = (1 + slope**2) / 2  # of the energy that the last rectifier lets through
    assert 0.5 < (x.square().mean() / before / share / (2 / (1 + slope**2))).item() < 2


@pytest.mark.parametrize("shape", [(1, 8, 8), (3, 5, 7), (2,), (1,)])
def test_shapes_and_ranges(shape: tuple[int, ...]) -> None:
    torch.manual_seed(0)
    generator = MLPGenerator(shape, 6, 16, 2)
    samples = generator(10 * torch.randn(9, 6))
    assert samples.shape == (9, *shape)
    assert len(shape) == 1 or samples.abs().max() <= 1
    for judge in (MLPDiscriminator(shape, 8, 2), MaxoutDiscriminator(shape, 8, 0.5)):
        assert judge(samples).shape == (9,)


def test_dropout_only_while_learning() -> None:
    judge = MaxoutDiscriminator((1, 4, 4), 16, 0.5)
    x = torch.randn(3, 1, 4, 4)
    assert not torch.equal(judge(x), judge(x))
    judge.eval()
    assert torch.equal(judge(x), judge(x))


def test_a_stack_has_the_layers_it_says() -> None:
    layers = stack(3, 7, 4, 2, 0.2)
    linear = [layer for layer in layers if isinstance(layer, torch.nn.Linear)]
    assert [(one.in_features, one.out_features) for one in linear] == [(3, 7), (7, 7), (7, 7), (7, 7), (7, 2)]
    assert math.isclose(sum(p.numel() for p in layers.parameters()), 3 * 7 + 7 + 3 * 56 + 16)
