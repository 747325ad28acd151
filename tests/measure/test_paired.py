"""Likeness of pairs against formulas, and torchmetrics that cannot be imported."""

from __future__ import annotations

import math
import sys

import pytest
import torch

from gansmith.errors import GansmithError
from gansmith.measure.paired import likeness


def test_they_are_what_the_formulas_say_pair_by_pair() -> None:
    wanted = torch.rand(3, 3, 32, 32) - 0.5
    by = torch.tensor([0.1, 0.2, 0.4])
    found = likeness(wanted, wanted + by.view(3, 1, 1, 1))
    torch.testing.assert_close(found["L1"], by)
    torch.testing.assert_close(found["PSNR"], 10 * torch.log10(4 / by.square()), rtol=1e-4, atol=1e-4)
    one, two, four = found["SSIM"].tolist()
    assert 1 > one > two > four > 0


def test_structure_is_torchmetrics_own_of_all_pairs_in_its_mean() -> None:
    from torchmetrics.functional.image import structural_similarity_index_measure

    a, b = torch.rand(2, 4, 3, 24, 24)
    expected = structural_similarity_index_measure(a, b, data_range=1.0)
    assert isinstance(expected, torch.Tensor)
    torch.testing.assert_close(likeness(2 * b - 1, 2 * a - 1)["SSIM"].mean(), expected)
    assert likeness(a[:1], b[:1])["SSIM"].shape == (1,)


def test_of_equal_pairs_nothing_is_left_to_want() -> None:
    images = torch.rand(2, 1, 8, 8)
    found = likeness(images, images)
    assert found["L1"].tolist() == [0, 0] and found["PSNR"].tolist() == [math.inf, math.inf]
    torch.testing.assert_close(found["SSIM"], torch.ones(2))


def test_they_fall_with_noise_even_on_eight_pixels() -> None:
    images, noise = torch.rand(8, 1, 8, 8), torch.randn(8, 1, 8, 8)
    little, much = likeness(images, images + 0.05 * noise), likeness(images, images + 0.5 * noise)
    assert (little["L1"] < much["L1"]).all() and (little["PSNR"] > much["PSNR"]).all()
    assert (little["SSIM"] > much["SSIM"]).all() and (little["SSIM"] < 1).all()


def test_a_broken_torchvision_is_a_clear_refusal(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "torchmetrics.functional.image", None)
    with pytest.raises(GansmithError, match="torchmetrics"):
        likeness(torch.zeros(1, 1, 8, 8), torch.zeros(1, 1, 8, 8))
