"""The quality backbone: published sizes, resampling by the plain definition, exact second derivatives, a calm start."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor, nn
from torch.nn.functional import conv2d, leaky_relu, pad

from gansmith.networks.r3 import InvertedBlock, R3Discriminator, R3Generator, enlarged, grouped, reduced, widths
from gansmith.networks.residual import pyramid
from gansmith.networks.smooth import input_gradients_only

SHAPES = [(1, 8, 8), (3, 13, 20), (4, 16, 16), (2, 28, 28), (3, 9, 50)]


def size(network: nn.Module) -> int:
    return sum(parameter.numel() for parameter in network.parameters())


def test_it_has_the_published_size() -> None:
    """CIFAR-10 (Huang et al. 2024): width 768 on all four grids, 2 blocks each, expansion 2, 96 groups of 16, z 64."""
    block = 768 * 1536 + 1536 * 16 * 9 + 1536 * 768 + 2 * 1536  # rectifiers alone have biases
    generator, discriminator = R3Generator((3, 32, 32), 64, 768, 2), R3Discriminator((3, 32, 32), 768, 2)
    assert size(generator) == 8 * block + 768 * 16 + 64 * 768 + 768 * 3
    assert size(discriminator) == 8 * block + 768 * 16 + 768 + 768 * 3
    mixed = [module for module in generator.modules() if isinstance(module, nn.Conv2d) and module.kernel_size == (3, 3)]
    assert {(module.in_channels, module.groups) for module in mixed} == {(1536, 96)}


@pytest.mark.parametrize(
    ("pixels", "published"), [(32, [768] * 4), (64, [384, *[768] * 4]), (256, [96, 192, 384, *[768] * 4])]
)
def test_widths_are_halved_beyond_32_pixels(pixels: int, published: list[int]) -> None:
    assert widths(pyramid(pixels, pixels), 768) == published


def filtered(x: Tensor, weight: float, stride: int) -> Tensor:
    taps = torch.tensor([1.0, 2.0, 1.0], dtype=x.dtype)
    kernel = (torch.outer(taps, taps) * weight).expand(x.shape[1], 1, 3, 3)
    return conv2d(x, kernel, stride=stride, groups=x.shape[1])


def test_resampling_is_the_filter_and_its_transpose() -> None:
    x, y = (torch.randn(2, 3, *grid, dtype=torch.float64) for grid in ((5, 6), (10, 12)))
    spread = torch.zeros_like(y)
    spread[:, :, ::2, ::2] = x
    torch.testing.assert_close(enlarged(x), filtered(pad(spread, (2, 0, 2, 0)), 1 / 4, 1))
    torch.testing.assert_close(reduced(y), filtered(pad(y, (0, 1, 0, 1)), 1 / 16, 2))
    torch.testing.assert_close((enlarged(x) * y).sum(), 4 * (x * reduced(y)).sum())


@pytest.mark.parametrize("shape", SHAPES)
def test_any_shape_there_and_back(shape: tuple[int, int, int]) -> None:
    torch.manual_seed(0)
    generator, discriminator = R3Generator(shape, 5, 8), R3Discriminator(shape, 8)
    images = generator(torch.randn(4, 5))
    assert images.shape == (4, *shape)
    logits = discriminator(images)
    assert logits.shape == (4,)
    slopes = torch.autograd.grad(logits.sum(), [images, *discriminator.parameters()])
    assert all(torch.isfinite(slope).all() for slope in slopes)
    assert (slopes[0].abs().sum(dim=(0, 1)) > 0).all()
    with torch.no_grad():
        assert generator.eval()(3 * torch.randn(4, 5)).abs().max() <= 1


def test_a_block_begins_as_the_identity_and_its_inside_keeps_the_variance() -> None:
    torch.manual_seed(0)
    block, x = InvertedBlock(64, depth=1), torch.randn(16, 64, 12, 12)
    assert torch.equal(block(x), x)
    inner = block.mix(leaky_relu(block.expand(x), 0.2))[:, :, 1:-1, 1:-1]
    rectified = leaky_relu(inner, 0.2).square().mean()
    assert 0.8 < rectified < 1.25
    shallow = InvertedBlock(64, depth=16).expand.weight.std() / block.expand.weight.std()
    torch.testing.assert_close(shallow, torch.tensor(0.5), rtol=0.05, atol=0)  # 16^(-1/4)


@pytest.mark.parametrize("only", [False, True], ids=["all", "input gradients only"])
def test_grouped_convolutions_are_pytorchs_to_the_second_derivative(only: bool) -> None:
    torch.manual_seed(0)
    layer = grouped(32, 1.0).double()
    twin = nn.Conv2d(32, 32, 3, padding=1, groups=2).double()
    twin.load_state_dict(layer.state_dict())
    image = torch.randn(2, 32, 6, 5, dtype=torch.float64, requires_grad=True)

    def penalty(conv: nn.Module) -> list[Tensor]:
        out = torch.nn.functional.softplus(conv(image)).sum()
        if only:
            with input_gradients_only():
                (slope,) = torch.autograd.grad(out, image, create_graph=True)
        else:
            (slope,) = torch.autograd.grad(out, image, create_graph=True)
        return list(torch.autograd.grad(slope.square().sum(), list(conv.parameters())))

    torch.testing.assert_close(penalty(layer), penalty(twin))
