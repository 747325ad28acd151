"""Images of every size: what the paper's layers hold, and that every size is seen and every grid is reached."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from gansmith.networks.msg import MultiScaleDiscriminator, MultiScaleGenerator, at_every_size

SHAPES = [(1, 8, 8), (3, 13, 20), (4, 16, 16), (2, 28, 28), (3, 9, 50), (3, 16, 32)]


def size(network: nn.Module) -> int:
    return sum(parameter.numel() for parameter in network.parameters())


def dense(inputs: int, outputs: int, kernel: int = 1) -> int:
    return inputs * outputs * kernel**2 + outputs


def test_it_has_the_published_layers() -> None:
    """Counted by hand: here 16 pixels, with 64, 64 and 32 channels."""
    generator = MultiScaleGenerator((3, 16, 16), z=64, width=32, widest=64)
    discriminator = MultiScaleDiscriminator((3, 16, 16), width=32, widest=64)
    start = dense(64, 64 * 16) + dense(64, 64, 3)  # with a bias per cell
    blocks = 2 * dense(64, 64, 3) + dense(64, 32, 3) + dense(32, 32, 3)
    assert size(generator) == start + blocks + 2 * dense(64, 3) + dense(32, 3)
    views = dense(3, 32) + dense(3, 32) + dense(3, 32)
    blocks = dense(32 + 1, 32, 3) + dense(32, 32, 3) + dense(64 + 1, 64, 3) + dense(64, 32, 3)
    assert size(discriminator) == views + blocks + dense(64 + 1, 64, 3) + dense(64, 64, 4) + dense(64, 1)


@pytest.mark.parametrize("shape", SHAPES)
def test_fakes_and_reals_have_the_same_sizes(shape: tuple[int, int, int]) -> None:
    torch.manual_seed(0)
    generator, discriminator = MultiScaleGenerator(shape, 5, 8), MultiScaleDiscriminator(shape, 8)
    latent = torch.randn(4, 5)
    fakes, reals = generator.images(latent), at_every_size(torch.rand(4, *shape))
    assert [fake.shape for fake in fakes] == [real.shape for real in reals]
    assert fakes[-1].shape == (4, *shape)
    torch.testing.assert_close(generator(latent), fakes[-1])
    assert discriminator(fakes).shape == discriminator(reals).shape == (4,)
    with torch.no_grad():
        assert all(image.abs().max() <= 1 for image in generator.eval().images(latent))


def test_smaller_reals_are_means_of_areas() -> None:
    image = torch.rand(2, 3, 28, 28)
    small, middle, large = at_every_size(image)
    assert torch.equal(large, image)
    torch.testing.assert_close(middle, image.view(2, 3, 14, 2, 14, 2).mean((3, 5)))
    torch.testing.assert_close(small, image.view(2, 3, 7, 4, 7, 4).mean((3, 5)))


def test_every_size_is_judged_and_every_grid_reached_at_once() -> None:
    """The point of the paper: each image, however small, has a slope of its own, and so has the grid that made it."""
    torch.manual_seed(0)
    generator, discriminator = MultiScaleGenerator((3, 32, 32), 5, 8), MultiScaleDiscriminator((3, 32, 32), 8)
    images = [image.detach().requires_grad_(True) for image in generator.images(torch.randn(8, 5))]
    slopes = torch.autograd.grad(discriminator(images).sum(), images)
    assert all((slope != 0).float().mean() > 0.9 for slope in slopes)
    names, weights = zip(*generator.named_parameters(), strict=True)
    smallest = generator.images(torch.randn(8, 5))[0].sum()
    found = torch.autograd.grad(smallest, weights, materialize_grads=True)
    reached = {name.split(".")[0] for name, slope in zip(names, found, strict=True) if slope.any()}
    assert reached == {"first", "settle", "show"}


def test_only_the_direction_of_a_latent_counts() -> None:
    torch.manual_seed(0)
    generator, latent = MultiScaleGenerator((1, 8, 8), 16, 8), torch.randn(4, 16)
    torch.testing.assert_close(generator(3 * latent), generator(latent), rtol=1e-4, atol=1e-5)


def test_the_spread_of_a_batch_is_seen_at_every_block() -> None:
    """With it a sample's logit depends on its neighbours; without it, on itself alone."""
    torch.manual_seed(0)
    images = at_every_size(torch.rand(4, 1, 16, 16) * 2 - 1)
    others = [torch.cat([image[:1], -image[1:]]) for image in images]
    for seen in (True, False):
        discriminator = MultiScaleDiscriminator((1, 16, 16), 8, spread=seen)
        first = discriminator(images)[0], discriminator(others)[0]
        assert torch.isclose(*first, rtol=1e-4) == (not seen)
