"""DCGAN's variations: any kernel, norm and way of growing fits any image, and odd kernels show what they should."""

from __future__ import annotations

from itertools import product

import pytest
import torch
from torch import nn

from gansmith.networks.dcgan import DCGANDiscriminator, DCGANGenerator, Norm, Upsample, doubled

SHAPES = [(1, 8, 8), (3, 13, 20), (4, 16, 16), (1, 28, 28), (2, 33, 17)]
NORMS: tuple[Norm, ...] = ("batch", "instance", "none")
WAYS: tuple[Upsample, ...] = ("transposed", "resize")


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize(("kernel", "norm", "upsample"), list(product((3, 4, 5), NORMS, WAYS)))
def test_any_shape_there_and_back(shape: tuple[int, int, int], kernel: int, norm: Norm, upsample: Upsample) -> None:
    torch.manual_seed(0)
    made = DCGANGenerator(shape, 5, 4, norm=norm, upsample=upsample, kernel=kernel, slope=0.1)(torch.randn(4, 5))
    assert made.shape == (4, *shape)
    assert made.std() > 0
    logits = DCGANDiscriminator(shape, 4, norm=norm, kernel=kernel)(made)
    assert logits.shape == (4,)
    assert logits.std() > 0


def coverage(kernel: int, upsample: Upsample) -> torch.Tensor:
    """How many inputs each inner result of a layer with equal weights is made of: (10, 10)."""
    layer = doubled(1, 1, upsample, kernel)
    assert isinstance(layer, nn.Conv2d | nn.ConvTranspose2d)
    with torch.no_grad():
        nn.init.ones_(layer.weight)
        covered: torch.Tensor = layer(torch.ones(1, 1, 9, 9))[0, 0, 4:14, 4:14]
    return covered


@pytest.mark.parametrize(
    ("kernel", "upsample", "even"),
    [(3, "transposed", False), (4, "transposed", True), (5, "transposed", False)]
    + [(kernel, "resize", True) for kernel in (3, 4, 5)],
)
def test_a_kernel_that_the_stride_does_not_divide_overlaps_unevenly(
    kernel: int, upsample: Upsample, even: bool
) -> None:
    """Odena et al. 2016: the checkerboard of transposed convolutions, in its purest form."""
    covered = coverage(kernel, upsample)
    assert bool((covered.max() - covered.min()).item() < 1e-4) == even


def test_without_normalisation_deviations_are_kept() -> None:
    """From latent to logit, within a factor of three of one: N(0, 0.02) would leave a thousandth."""
    torch.manual_seed(0)
    shape = (1, 64, 64)
    generator = DCGANGenerator(shape, 64, 16, norm="none", slope=0.2)
    before = generator.layers(torch.randn(16, 64))
    logits = DCGANDiscriminator(shape, 16, norm="none")(torch.randn(64, *shape))
    assert 1 / 3 < before.std().item() < 3
    assert 1 / 3 < logits.std().item() < 3
