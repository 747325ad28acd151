"""Generators and discriminators of images: any size, any number of channels, and second derivatives that are right."""

from __future__ import annotations

from typing import cast

import pytest
import torch
from torch import Tensor, nn

from gansmith.losses.penalties import Shown, r1_and_r2
from gansmith.networks.dcgan import DCGANDiscriminator, DCGANGenerator
from gansmith.networks.residual import ResidualDiscriminator, ResidualGenerator
from gansmith.networks.smooth import How, SmoothConv2d, input_gradients_only, smooth_convolution

SHAPES = [(1, 8, 8), (3, 13, 20), (4, 16, 16), (2, 28, 28), (3, 9, 50), (1, 33, 17)]


def pair(kind: str, shape: tuple[int, int, int]) -> tuple[nn.Module, nn.Module]:
    torch.manual_seed(0)
    if kind == "dcgan":
        return DCGANGenerator(shape, 5, 4), DCGANDiscriminator(shape, 4)
    return ResidualGenerator(shape, 5, 4), ResidualDiscriminator(shape, 4)


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("kind", ["dcgan", "residual"])
def test_any_shape_there_and_back(kind: str, shape: tuple[int, int, int]) -> None:
    generator, discriminator = pair(kind, shape)
    images = generator(torch.randn(4, 5))
    assert images.shape == (4, *shape)
    with torch.no_grad():
        assert generator.eval()(3 * torch.randn(4, 5)).abs().max() <= 1
    logits = discriminator(images)
    assert logits.shape == (4,)
    slopes = torch.autograd.grad(logits.sum(), [images, *discriminator.parameters()])
    assert all(torch.isfinite(slope).all() for slope in slopes)
    unseen = (slopes[0].abs().sum(dim=(0, 1)) == 0).float().mean()
    assert unseen < 0.5  # most pixels matter to the judge; strides may pass over an edge of an odd size


def plain(layer: SmoothConv2d) -> nn.Conv2d:
    """PyTorch's own convolution with the same weights."""
    twin = nn.Conv2d(layer.in_channels, layer.out_channels, layer.kernel_size[0], padding=layer.padding[0]).double()
    twin.load_state_dict(layer.state_dict())
    return twin


def penalised(conv: nn.Module, image: Tensor) -> Tensor:
    def judge(x: Tensor) -> Tensor:
        return torch.nn.functional.softplus(conv(x)).flatten(1).sum(1)

    real, fake = image[:2].clone().requires_grad_(True), image[2:].clone().requires_grad_(True)
    return r1_and_r2(Shown(real, fake, judge(real), judge(fake), judge)) + judge(image).mean()


@pytest.mark.parametrize("only", [False, True], ids=["all", "input gradients only"])
@pytest.mark.parametrize("kernel", [1, 3])
def test_the_smooth_convolution_is_pytorchs_to_the_second_derivative(kernel: int, only: bool) -> None:
    torch.manual_seed(0)
    layer = SmoothConv2d(3, 4, kernel).double()
    image = torch.randn(4, 3, 6, 5, dtype=torch.float64)
    torch.testing.assert_close(layer(image), plain(layer)(image))
    found: list[list[Tensor]] = []
    for conv in (layer, plain(layer)):
        if only:
            with input_gradients_only():
                value = penalised(conv, image)
        else:
            value = penalised(conv, image)
        found.append(list(torch.autograd.grad(value, list(conv.parameters()))))
    torch.testing.assert_close(found[0], found[1])


@pytest.mark.parametrize("how", [How(0, stride=2), How(0, stride=2, transposed=True), How(1, groups=2)])
def test_so_are_convolutions_that_halve_double_or_come_in_groups(how: How) -> None:
    torch.manual_seed(0)
    weight = torch.randn(4, 4 // how.groups, 3, 3, dtype=torch.float64, requires_grad=True)
    image = torch.randn(4, 4, 7, 5, dtype=torch.float64)
    found = []
    for convolve in (smooth_convolution, native):
        value = penalised(cast(nn.Module, lambda x, convolve=convolve: convolve(x, weight, None, how)), image)
        found.append([value, *torch.autograd.grad(value, [weight])])
    torch.testing.assert_close(found[0], found[1])


def native(x: Tensor, weight: Tensor, bias: None, how: How) -> Tensor:
    convolve = torch.conv_transpose2d if how.transposed else torch.conv2d
    return convolve(x, weight, bias, how.stride, how.padding, groups=how.groups)
