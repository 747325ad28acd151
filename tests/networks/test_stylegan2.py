"""The style-based pair: the published numbers of weights, any size, noise, and a batch that stays open in an export."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import pytest
import torch
from torch import nn
from torch.export import Dim, export

from gansmith.losses.penalties import Shown, r1
from gansmith.networks.residual import pyramid
from gansmith.networks.stylegan2 import StyleDiscriminator, StyleGenerator, channels

Shape = tuple[int, int, int]


def pair(shape: Shape, dial: float = 1 / 64, **told: Any) -> tuple[StyleGenerator, StyleDiscriminator]:
    torch.manual_seed(0)
    widths = channels(pyramid(*shape[1:]), 16_384, 512, dial)
    return StyleGenerator(shape, 6, 8, widths, **told), StyleDiscriminator(shape, widths, spread=True, **told)


def test_channels_follow_the_published_law_in_eights() -> None:
    grids = pyramid(256, 256)
    assert channels(grids, 32_768, 512, 1.0) == [128, 256, 512, 512, 512, 512, 512]
    assert channels(grids, 16_384, 512, 0.125) == [8, 16, 32, 64, 64, 64, 64]
    assert channels(pyramid(28, 28), 16_384, 512, 0.001) == [8, 8, 8]


@pytest.mark.parametrize(("size", "weights"), [(1024, (30_370_060, 29_012_513)), (256, (30_034_338, 28_864_129))])
def test_it_has_the_published_number_of_weights(size: int, weights: tuple[int, int]) -> None:
    """Config F: at 1024 pixels what the authors' code prints, at 256 what their table of widths comes to by hand.

    That is of G, with b(c) = weights of a modulated convolution from c channels: the layer of styles 512 c + c, the
    kernel 9 c out, a bias and the strength of its noise; of D, two 3x3 convolutions and a 1x1 per size.
    """
    with torch.device("meta"):
        widths = channels(pyramid(size, size), 32_768, 512, 1.0)
        networks: tuple[nn.Module, ...] = (
            StyleGenerator((3, size, size), 512, 512, widths, depth=8),
            StyleDiscriminator((3, size, size), widths, spread=True),
        )
    assert tuple(sum(p.numel() for p in network.parameters()) for network in networks) == weights
    assert by_hand(widths) == weights


def by_hand(widths: list[int]) -> tuple[int, int]:
    coarse_to_fine = widths[::-1]
    generator = 8 * (512 * 512 + 512) + 16 * coarse_to_fine[0]
    discriminator = 3 * widths[0] + widths[0]
    for place, out in enumerate(coarse_to_fine):
        into = [out] if place == 0 else [coarse_to_fine[place - 1], out]
        generator += sum(513 * c + 9 * c * out + out + 1 for c in into)
        generator += 513 * out + 3 * out + 3
    for wide, narrow in pairwise(coarse_to_fine):
        discriminator += 9 * narrow * narrow + narrow + 9 * narrow * wide + wide + narrow * wide
    return generator, discriminator + 513 * 9 * 512 + 512 + 512 * 16 * 512 + 512 + 513


@pytest.mark.parametrize("shape", [(1, 8, 8), (4, 13, 20), (3, 64, 128), (2, 28, 28), (1, 33, 17)])
@pytest.mark.parametrize("classes", [0, 3])
def test_any_shape_there_and_back(shape: Shape, classes: int) -> None:
    generator, discriminator = pair(shape, classes=classes)
    label = torch.arange(4) % 3 if classes else None
    image = generator(torch.randn(4, 6), label, mixing=0.9)
    assert image.shape == (4, *shape)
    logits = discriminator(image, label)
    assert logits.shape == (4,)
    logits.sum().backward()
    for network in (generator, discriminator):
        assert all(p.grad is not None and torch.isfinite(p.grad).all() for p in network.parameters())


def test_noise_is_the_same_for_ever_its_own_or_none() -> None:
    generator, _ = pair((3, 16, 16))
    generator.eval().requires_grad_(False)
    for convolution in generator.synthesis.convolutions:
        nn.init.ones_(convolution.get_parameter("loudness"))
    one = generator.styles(torch.randn(1, 6)).expand(2, -1, -1)
    fixed, none = generator.painted(one, "fixed"), generator.painted(one, "none")
    by_seed = [generator.painted(one, "random", torch.Generator().manual_seed(seed)) for seed in (1, 1, 2)]
    torch.testing.assert_close(fixed[0], fixed[1])
    torch.testing.assert_close(none[0], none[1])
    assert not torch.allclose(by_seed[0][0], by_seed[0][1])
    assert torch.equal(by_seed[0], by_seed[1])
    assert not torch.allclose(by_seed[0], by_seed[2])
    assert not torch.allclose(fixed, none)


def test_without_noise_inputs_there_is_none_to_learn() -> None:
    torch.manual_seed(0)
    generator = StyleGenerator((3, 16, 16), 6, 8, [8, 8, 8], noisy=False)
    assert not [name for name in generator.state_dict() if "noise" in name or "loudness" in name]
    z = torch.randn(2, 6)
    unclamped = generator(z)
    torch.testing.assert_close(generator.eval()(z), unclamped.clamp(-1, 1))


def test_coarse_styles_move_more_than_fine_ones() -> None:
    generator, _ = pair((3, 32, 32))
    generator.eval().requires_grad_(False)
    styles, other = (generator.styles(torch.randn(8, 6)) for _ in "ab")
    layers = generator.synthesis.layers
    at = torch.arange(layers)[:, None] < layers // 2
    coarse, fine = torch.where(at, other, styles), torch.where(at, styles, other)
    small = nn.AvgPool2d(8)
    before = small(generator.painted(styles, "none"))
    moved = [(small(generator.painted(one, "none")) - before).square().mean() for one in (coarse, fine)]
    assert moved[0] > moved[1] > 0


def test_the_batch_stays_open_in_an_export() -> None:
    generator, _ = pair((3, 13, 20))
    generator.eval()
    with torch.no_grad():
        program = export(generator, (torch.randn(2, 6),), dynamic_shapes=({0: Dim("batch", min=1, max=64)},))
        for count in (1, 5):
            z = torch.randn(count, 6)
            torch.testing.assert_close(program.module()(z), generator(z), rtol=1e-4, atol=1e-5)


def test_the_penalty_of_the_discriminator_is_autograds() -> None:
    """Its own second derivatives against a slope by finite differences of the penalty."""
    _, discriminator = pair((2, 8, 8))
    discriminator.double()
    image, weight = torch.randn(4, 2, 8, 8, dtype=torch.float64), discriminator.blocks[0].get_parameter("second.weight")

    def penalty() -> torch.Tensor:
        real = image.clone().requires_grad_(True)
        logits = discriminator(real)
        return r1(Shown(real, real, logits, logits, discriminator))

    (slope,) = torch.autograd.grad(penalty(), [weight])
    step = torch.randn_like(weight)
    with torch.no_grad():
        weight.add_(step, alpha=1e-6)
    up = penalty().item()
    with torch.no_grad():
        weight.sub_(step, alpha=2e-6)
    assert (up - penalty().item()) / 2e-6 == pytest.approx((slope * step).sum().item(), rel=1e-3)  # spread is float32
