"""BigGAN's networks against the parameter counts its authors print, and parts of them against the plain formulas."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from gansmith.networks.biggan import (
    BigGANDiscriminator,
    BigGANGenerator,
    attended,
    channels,
    doubled,
    orthogonal,
    parts,
)
from gansmith.networks.residual import pyramid

SHAPES = [(1, 8, 8), (3, 13, 20), (4, 16, 16), (1, 28, 28), (3, 32, 32)]


def test_at_128_pixels_it_has_the_parameters_the_authors_print(monkeypatch: pytest.MonkeyPatch) -> None:
    """ajbrock/BigGAN-PyTorch, width 96, z 120, 1000 classes: 70 433 988 and 87 982 370."""
    # Memory that nobody touches costs nothing.
    for name in ("orthogonal_", "kaiming_uniform_", "uniform_", "normal_", "zeros_"):
        monkeypatch.setattr(f"torch.nn.init.{name}", lambda weight, *args, **kwargs: weight)
    generator = BigGANGenerator((3, 128, 128), 120, 96, 1000, 128)
    discriminator = BigGANDiscriminator((3, 128, 128), 96, 1000)
    assert sum(p.numel() for p in generator.parameters()) == 70_433_988
    assert sum(p.numel() for p in discriminator.parameters()) == 87_982_370
    assert channels(96, 5) == [1536, 1536, 768, 384, 192, 96]


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("attention", [None, 0, 8])
def test_any_shape_there_and_back(shape: tuple[int, int, int], attention: int | None) -> None:
    torch.manual_seed(0)
    label = torch.tensor([0, 1, 2, 0])
    made = BigGANGenerator(shape, 9, 4, 3, 5, attention=attention)(torch.randn(4, 9), label)
    assert made.shape == (4, *shape)
    assert made.std() > 0
    assert BigGANDiscriminator(shape, 4, 3, attention=attention)(made, label).shape == (4,)


def test_attention_is_on_the_size_asked_for() -> None:
    grids = pyramid(128, 128)
    assert [attended(grids, size) for size in (None, 16, 100)] == [1, 3, 1]
    assert attended(grids, 0) is None
    assert BigGANGenerator((1, 32, 32), 8, 4, 1, 4).attention is not None
    assert BigGANGenerator((1, 32, 32), 8, 4, 1, 4, attention=0).attention is None


def test_a_latent_is_divided_among_start_and_blocks() -> None:
    assert parts(120, 5) == [20] * 6
    assert parts(80, 3) == [20] * 4
    assert parts(8, 2) == [4, 2, 2]
    assert parts(1, 3) == [1, 0, 0, 0]


def test_each_part_of_the_latent_and_the_class_reach_the_image() -> None:
    torch.manual_seed(2)
    generator = BigGANGenerator((1, 16, 16), 12, 8, 3, 6).eval()
    z, label = torch.randn(1, 12), torch.tensor([1])
    plain = generator(z, label)
    for place in range(3):
        other = z.clone()
        other[:, 4 * place : 4 * place + 4] = torch.randn(1, 4)
        assert (generator(other, label) - plain).abs().max() > 1e-4
    assert (generator(z, torch.tensor([2])) - plain).abs().max() > 1e-4


def test_the_skip_commutes_with_doubling_and_with_the_mean() -> None:
    """What makes the cheaper order allowed."""
    torch.manual_seed(3)
    skip, x = nn.Conv2d(3, 5, 1), torch.randn(2, 3, 4, 4)
    torch.testing.assert_close(skip(doubled(x)), doubled(skip(x)))
    mean = nn.functional.avg_pool2d
    torch.testing.assert_close(mean(skip(x), 2), skip(mean(x, 2)))


def test_the_discriminator_weighs_the_class_by_projection() -> None:
    """logit(y) - logit(y') is linear in the difference of their vectors; a pack counts by the mean."""
    torch.manual_seed(4)
    judge, image = BigGANDiscriminator((1, 8, 8), 4, 3), torch.randn(1, 1, 8, 8)
    by_class = [judge(image, torch.tensor([label])) for label in range(3)]
    assert torch.equal(judge(image), by_class[0])
    torch.testing.assert_close(judge(image, torch.tensor([[0, 2]])), (by_class[0] + by_class[2]) / 2)
    with torch.no_grad():
        judge.classes.weight.zero_()
    assert torch.equal(judge(image, torch.tensor([1])), judge(image, torch.tensor([2])))


def test_weights_begin_orthogonal() -> None:
    network = nn.Sequential(nn.Linear(7, 4), nn.Conv2d(2, 3, 3), nn.Embedding(4, 9))
    orthogonal(network)
    for layer in network:
        matrix = layer.weight.flatten(1)  # type: ignore[operator]
        torch.testing.assert_close(matrix @ matrix.t(), torch.eye(len(matrix)), rtol=1e-4, atol=1e-5)
