"""Likeness of pairs against formulas, and torchmetrics that cannot be imported."""

from __future__ import annotations

import math
import sys

import pytest
import torch

from gansmith.errors import GansmithError
from gansmith.measure.paired import likeness


def test_they_are_what_the_formulas_say() -> None:
    wanted = torch.rand(4, 3, 32, 32) - 0.5
    found = likeness(wanted, wanted + 0.1)
    assert found.l1 == pytest.approx(0.1, rel=1e-3)
    assert found.psnr == pytest.approx(10 * math.log10(4 / 0.01), rel=1e-3)
    assert 0.9 < found.ssim < 1


def test_of_equal_pairs_nothing_is_left_to_want() -> None:
    images = torch.rand(2, 1, 8, 8)
    found = likeness(images, images)
    assert (found.l1, found.psnr) == (0, math.inf)
    assert found.ssim == pytest.approx(1)


def test_they_fall_with_noise_even_on_eight_pixels() -> None:
    images, noise = torch.rand(8, 1, 8, 8), torch.randn(8, 1, 8, 8)
    little, much = likeness(images, images + 0.05 * noise), likeness(images, images + 0.5 * noise)
    assert little.l1 < much.l1 and little.psnr > much.psnr and 1 > little.ssim > much.ssim


def test_a_broken_torchvision_is_a_clear_refusal(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "torchmetrics.functional.image", None)
    with pytest.raises(GansmithError, match="torchmetrics"):
        likeness(torch.zeros(1, 1, 8, 8), torch.zeros(1, 1, 8, 8))
