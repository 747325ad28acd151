"""Spectral normalisation: after some passes every weight in use has a largest singular value of one."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import nn

from gansmith.losses.penalties import Shown, r1_and_r2
from gansmith.networks.dcgan import DCGANDiscriminator
from gansmith.networks.residual import ResidualDiscriminator
from gansmith.networks.spectral import normalise_spectra

JUDGES = {"residual": ResidualDiscriminator, "dcgan": DCGANDiscriminator}


def judge(kind: str) -> nn.Module:
    torch.manual_seed(0)
    made: nn.Module = JUDGES[kind]((3, 16, 16), 6)
    normalise_spectra(made)
    return made


def largest(module: nn.Module) -> list[float]:
    layers = [layer for layer in module.modules() if isinstance(layer, nn.Conv2d | nn.Linear)]
    assert layers
    return [float(np.linalg.svd(layer.weight.detach().flatten(1).numpy(), compute_uv=False)[0]) for layer in layers]


@pytest.mark.parametrize("precision", [torch.float32, torch.bfloat16])
@pytest.mark.parametrize("kind", JUDGES)
def test_the_largest_singular_value_becomes_one(kind: str, precision: torch.dtype) -> None:
    """Reference: numpy's singular values. Also where a layer starts silent, and while bfloat16 does the passes."""
    network, image = judge(kind), torch.randn(4, 3, 16, 16)
    with torch.autocast("cpu", dtype=precision, enabled=precision != torch.float32):
        for _ in range(30):
            network(image)
    network.eval()
    np.testing.assert_allclose(largest(network), 1.0, atol=0.02)


@pytest.mark.parametrize("kind", JUDGES)
def test_the_value_follows_the_weights(kind: str) -> None:
    network, image = judge(kind), torch.randn(4, 3, 16, 16)
    with torch.no_grad():
        for weight in network.parameters():
            weight.mul_(3)
        for _ in range(30):
            network(image)
    np.testing.assert_allclose(largest(network.eval()), 1.0, atol=0.02)


@pytest.mark.parametrize("kind", JUDGES)
def test_a_frozen_pass_moves_nothing(kind: str) -> None:
    network = judge(kind).eval()
    before = {name: tensor.clone() for name, tensor in network.state_dict().items()}
    network(torch.randn(2, 3, 16, 16))
    assert all(torch.equal(tensor, before[name]) for name, tensor in network.state_dict().items())


@pytest.mark.parametrize("kind", JUDGES)
def test_penalties_reach_the_weights_through_it(kind: str) -> None:
    """The gradient of R1 + R2 for one weight, against central differences, the power iteration held still."""
    network = judge(kind).double().eval()
    real, fake = (torch.randn(2, 3, 16, 16, dtype=torch.float64) for _ in range(2))

    def penalty() -> torch.Tensor:
        true, made = real.clone().requires_grad_(True), fake.clone().requires_grad_(True)
        return r1_and_r2(Shown(true, made, network(true), network(made), network))

    name, weight = next((n, p) for n, p in network.named_parameters() if n.endswith("original"))
    (slope,) = torch.autograd.grad(penalty(), weight)
    place = np.unravel_index(int(slope.abs().argmax()), slope.shape)
    found = []
    for sign in (1, -1):
        with torch.no_grad():
            weight[place] += sign * 1e-5
        found.append(penalty().item())
        with torch.no_grad():
            weight[place] -= sign * 1e-5
    assert (found[0] - found[1]) / 2e-5 == pytest.approx(slope[place].item(), rel=1e-4), name
