"""ADA's colours: as the paper's sentences, done to pixels one after the other, and scipy's rotations say."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from scipy.spatial.transform import Rotation
from torch import Tensor

from gansmith.losses.ada_colour import recoloured
from gansmith.losses.ada_draws import draw
from tests.losses.drawing import decided

GREY = np.ones(3) / math.sqrt(3)


def pictures(*shape: int) -> Tensor:
    return torch.rand(*shape, generator=torch.Generator().manual_seed(1)) * 2 - 1


def pixels(image: Tensor) -> np.ndarray:
    return image[0].permute(1, 2, 0).double().numpy()


@pytest.mark.parametrize("seed", range(4))
def test_all_of_it_is_the_papers_in_plain_steps(seed: int) -> None:
    image, chance = pictures(1, 3, 7, 5), np.random.default_rng(seed)
    brightness, contrast, saturation = chance.standard_normal(3)
    flip, turn = chance.integers(2), chance.random()
    draws = decided(
        uniform={"lumaflip": ((flip + 0.5) / 2,), "hue": (turn,)},
        normal={"brightness": (brightness,), "contrast": (contrast,), "saturation": (saturation,)},
    )
    x = (pixels(image) + 0.2 * brightness) * 2 ** (0.5 * contrast)
    x = x - 2 * flip * (x @ GREY)[..., None] * GREY
    x = Rotation.from_rotvec((2 * turn - 1) * math.pi * GREY).apply(x.reshape(-1, 3)).reshape(x.shape)
    luma = x.mean(-1, keepdims=True)
    x = luma + (x - luma) * 2**saturation
    np.testing.assert_allclose(pixels(recoloured(image, draws)), x, atol=2e-6)


def test_of_grey_images_brightness_contrast_and_sign_change() -> None:
    image = pictures(2, 1, 6, 4)
    draws = decided(2, uniform={"lumaflip": (0.9,)}, normal={"brightness": (0.5,), "contrast": (-1.0,)})
    np.testing.assert_allclose(recoloured(image, draws), -(image + 0.1) / math.sqrt(2), atol=1e-6)
    only = decided(2, uniform={"hue": (0.1,)}, normal={"saturation": (2.0,)})
    assert recoloured(image, only) is image


@pytest.mark.parametrize("channels", [2, 4])
def test_transparency_stays_as_it_is(channels: int) -> None:
    torch.manual_seed(0)
    image, draws = (
        pictures(32, channels, 6, 4),
        draw(("brightness", "contrast", "lumaflip", "hue", "saturation"), 32, 0.9),
    )
    out = recoloured(image, draws)
    assert torch.equal(out[:, -1], image[:, -1])
    torch.testing.assert_close(out[:, :-1], recoloured(image[:, :-1], draws))
    assert (out[:, :-1] != image[:, :-1]).flatten(1).any(1).sum() > 28


def test_greys_have_no_hue_and_no_saturation_to_change() -> None:
    image = pictures(1, 1, 6, 4).expand(-1, 3, -1, -1)
    out = recoloured(image, decided(uniform={"hue": (0.8,)}, normal={"saturation": (1.5,)}))
    torch.testing.assert_close(out, image)


def test_images_that_drew_nothing_stay_bit_for_bit() -> None:
    torch.manual_seed(0)
    image, draws = pictures(64, 3, 5, 5), draw(("hue", "contrast"), 64, 0.3)
    out, touched = recoloured(image, draws), draws.touched("hue", "contrast")
    assert 0 < int(touched.sum()) < 64
    assert torch.equal(out[~touched], image[~touched])
