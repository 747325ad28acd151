"""Spectra of waves whose answer is known, and patterns laid over real pictures."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from torch import Tensor
from torch.nn.functional import avg_pool2d, conv2d, conv_transpose2d

from gansmith.measure.spectrum import checkerboard, power, radial, spectrum_difference
from tests.measure.clouds import fashion


def noise(seed: int, *shape: int) -> Tensor:
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed))


def test_a_wave_stands_at_its_frequency() -> None:
    columns = torch.arange(32)
    wave = torch.cos(2 * torch.pi * 8 * columns / 32).expand(1, 1, 32, 32)
    assert divmod(int(power(wave)[:, :17].argmax()), 17) == (0, 8)
    assert int(radial(power(wave)).argmax()) + 1 == 8


def test_white_noise_is_flat() -> None:
    flat = radial(power(noise(0, 400, 1, 32, 32)))
    assert flat.shape == (16,)
    assert float(flat[1:].max() / flat[1:].min()) < 1.15


def test_equal_sets_differ_in_nothing() -> None:
    images = noise(0, 20, 3, 30, 33)  # sides that are no multiples of four
    assert checkerboard(images, images) == 0
    assert spectrum_difference(images, images) == 0


def test_twice_the_contrast_is_six_decibels() -> None:
    images = noise(0, 20, 1, 32, 32)
    assert spectrum_difference(images, 2 * images) == pytest.approx(6.02, abs=0.01)
    assert checkerboard(images, 2 * images) == pytest.approx(0, abs=0.01)


def test_a_constant_picture_is_measured_without_fuss() -> None:
    images = noise(0, 20, 1, 32, 32)
    assert torch.tensor(checkerboard(images, torch.zeros_like(images))).isfinite()
    assert spectrum_difference(images, torch.zeros_like(images)) > 100


@pytest.mark.parametrize("channels", [1, 3])
def test_a_pattern_of_period_two_or_four_shows_alone(channels: int) -> None:
    real, other = noise(0, 100, channels, 32, 32), noise(1, 100, channels, 32, 32)
    two, four, five = (torch.zeros(32, 32) for _ in range(3))
    two[::2, ::2], four[::4, ::4], five[::5, ::5] = 1, 1, 1
    assert checkerboard(real, other + two) > 6
    assert checkerboard(real, other + 2 * four) > 6
    assert checkerboard(real, other + two) > checkerboard(real, other + two / 2) > 1
    assert abs(checkerboard(real, other)) < 1
    assert checkerboard(real, other + five) < 2


def test_uneven_overlap_shows_on_real_pictures_and_blur_does_not(shared_data: Path) -> None:
    """Odena et al. 2016: a kernel that the stride does not divide leaves a checkerboard, one it does divides evenly."""
    images = fashion(shared_data).images
    real, other = images[:512], images[512:1024]
    small = avg_pool2d(other, 2)
    uneven = conv_transpose2d(small, torch.ones(1, 1, 3, 3) / 2.25, stride=2, padding=1, output_padding=1)
    even = conv_transpose2d(small, torch.ones(1, 1, 4, 4) / 4, stride=2, padding=1)
    row = torch.tensor([1.0, 2.0, 1.0]) / 4
    blurred = conv2d(other, torch.outer(row, row)[None, None], padding=1)
    assert checkerboard(real, uneven) > 12
    for fine in (other, even, blurred, other + 0.2 * noise(0, *other.shape)):
        assert checkerboard(real, fine) < 3
    assert spectrum_difference(real, other) < 1 < spectrum_difference(real, blurred)
