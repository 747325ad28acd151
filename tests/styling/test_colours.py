"""Colours against numpy's statistics, and what must stay as it was."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import Tensor

from gansmith.styling.colours import bright, brightened, histogram, matched, recoloured


def picture(seed: int, high: int = 30, across: int = 40) -> Tensor:
    generator = torch.Generator().manual_seed(seed)
    mix = torch.randn(3, 3, generator=generator) * 0.12
    pixels = torch.einsum("cd,dhw->chw", mix, torch.randn(3, high, across, generator=generator))
    return (pixels + 0.3 * torch.randn(3, 1, 1, generator=generator).clamp(-1, 1))[None].clamp(-1, 1)


def test_matching_takes_mean_and_covariance_over() -> None:
    style, content = picture(0), picture(1, 20, 50)
    found, wanted = (x[0].flatten(1).numpy() for x in (matched(style, content), content))
    assert np.allclose(found.mean(1), wanted.mean(1), atol=0.01)
    assert np.allclose(np.cov(found), np.cov(wanted), atol=0.004)


def test_matching_with_itself_changes_nothing() -> None:
    assert torch.allclose(matched(picture(2), picture(2)), picture(2), atol=1e-4)


def test_a_style_of_one_colour_becomes_the_contents_mean() -> None:
    content = picture(3)
    found = matched(torch.full((1, 3, 8, 8), 0.2), content)
    assert torch.allclose(found.mean((2, 3)), content.mean((2, 3)), atol=1e-3)


@pytest.mark.parametrize("size", [(30, 40), (13, 17)])
def test_histograms_are_the_contents(size: tuple[int, int]) -> None:
    style, content = picture(4, *size), picture(5)
    found = histogram(style, content)
    for channel in range(3):
        levels = np.quantile(content[0, channel], [0.1, 0.5, 0.9])
        assert np.allclose(np.quantile(found[0, channel], [0.1, 0.5, 0.9]), levels, atol=0.03)
        order = style[0, channel].flatten().argsort()
        assert bool((found[0, channel].flatten()[order].diff() >= 0).all()), "brighter stays brighter"


def test_brightness_is_painted_and_colours_stay() -> None:
    content, painted = picture(6) * 0.4, bright(picture(7)) * 0.4
    found = recoloured(painted, content)
    assert torch.allclose(bright(found), painted, atol=1e-5)
    difference = found - content
    assert torch.allclose(difference[:, 0], difference[:, 2], atol=1e-5), "no colour difference has changed"


def test_brightness_of_a_style_is_brought_to_the_contents() -> None:
    style, content = picture(8), picture(9)
    found, wanted = brightened(style, content), bright(content)
    assert float(found.mean()) == pytest.approx(float(wanted.mean()), abs=0.02)
    assert float(found.std()) == pytest.approx(float(wanted.std()), abs=0.02)
