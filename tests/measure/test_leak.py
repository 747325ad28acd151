"""Augmentations that a generator draws show; those it does not draw do not."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from torch import Tensor

from gansmith.losses.diffaugment import diffaugment
from gansmith.measure.features import built_in
from gansmith.measure.leak import leak
from tests.measure.clouds import fashion


def shifted(rows: Tensor, by: float) -> Tensor:
    return rows + by * torch.eye(rows.shape[1])[0]


@pytest.fixture
def sets() -> tuple[Tensor, Tensor, Tensor]:
    """Plain training, augmented training (shifted by 3 deviations along one axis), held-out."""
    chance = torch.Generator().manual_seed(0)
    plain, other, held = (torch.randn(256, 8, generator=chance) for _ in range(3))
    return plain, shifted(other, 3.0), held


def test_fresh_reals_leak_nothing(sets: tuple[Tensor, Tensor, Tensor]) -> None:
    fresh = torch.randn(512, 8, generator=torch.Generator().manual_seed(9))
    assert abs(leak(*sets, fresh)) < 0.05


def test_augmented_samples_are_all_taken_for_augmented(sets: tuple[Tensor, Tensor, Tensor]) -> None:
    """Halves 1.5 deviations either side of the cut: Phi(1.5) of each is told right."""
    phi = 0.5 * (1 + float(torch.erf(torch.tensor(1.5 / 2**0.5))))
    augmented = shifted(torch.randn(2048, 8, generator=torch.Generator().manual_seed(9)), 3.0)
    assert leak(*sets, augmented) == pytest.approx(2 * phi - 1, abs=0.06)


def test_half_of_them_leak_half_as_much(sets: tuple[Tensor, Tensor, Tensor]) -> None:
    fresh = torch.randn(1024, 8, generator=torch.Generator().manual_seed(9))
    some = torch.cat([fresh[:512], shifted(fresh[512:], 3.0)])
    assert leak(*sets, some) == pytest.approx(leak(*sets, shifted(fresh, 3.0)) / 2, abs=0.05)


def test_a_constant_feature_does_no_harm(sets: tuple[Tensor, Tensor, Tensor]) -> None:
    plain, altered, held = (torch.cat([part, torch.full((len(part), 1), 5.0)], 1) for part in sets)
    assert abs(leak(plain, altered, held, held)) < 1e-9


@pytest.mark.parametrize("kinds", ["cutout", "colour", "translation", "colour,translation,cutout"])
def test_real_pictures_and_their_augmentations(kinds: str, shared_data: Path) -> None:
    data = fashion(shared_data)
    images = data.images.float()
    features = built_in(images[:1024])
    torch.manual_seed(0)
    augment = diffaugment(kinds)
    plain, altered = features(images[:256]), features(augment(images[:256]))
    held, fresh = features(images[1024:1536]), images[2000:2512]
    clean, leaking = (leak(plain, altered, held, features(some)) for some in (fresh, augment(fresh)))
    assert abs(clean) < 0.1
    assert leaking > 0.3
