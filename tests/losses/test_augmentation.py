"""Augmentations by name: DiffAugment's stay what they were, ADA's are told from them, and a mixture is refused."""

from __future__ import annotations

import pytest
import torch

from gansmith.errors import UsageError
from gansmith.losses.ada import ada
from gansmith.losses.augmentation import augmentation, of_diffaugment, steadily
from gansmith.losses.diffaugment import diffaugment, sometimes


@pytest.mark.parametrize("kinds", ["", "colour", "cutout", " translation , cutout ", "colour,translation,cutout"])
def test_diffaugments_kinds_alone_are_diffaugments(kinds: str) -> None:
    assert of_diffaugment(kinds)
    image, found = torch.rand(6, 3, 8, 8), []
    for change in (steadily(kinds), diffaugment(kinds), steadily(kinds, 0.5), lambda x: sometimes(kinds)(x, 0.5)):
        torch.manual_seed(0)
        found.append(change(image))
    assert torch.equal(found[0], found[1])
    assert torch.equal(found[2], found[3])


@pytest.mark.parametrize("kinds", ["bgc", "xflip,cutout", "cutout,noise", "color"])
def test_anything_else_is_adas_with_a_cutout_of_its_own(kinds: str) -> None:
    assert not of_diffaugment(kinds)
    image, found = torch.rand(6, 3, 8, 8), []
    for change in (augmentation(kinds), ada(kinds)):
        torch.manual_seed(0)
        found.append(change(image, torch.tensor(0.7)))
    assert torch.equal(*found)


def test_a_mixture_is_refused_and_an_unknown_name_has_a_neighbour() -> None:
    with pytest.raises(UsageError, match="'colour' is of DiffAugment, 'bgc' of ADA"):
        augmentation("colour,bgc")
    with pytest.raises(UsageError, match="Did you mean 'colour'"):
        augmentation("colur")
    with pytest.raises(UsageError, match="Did you mean 'rotate90'"):
        augmentation("rotate9")
