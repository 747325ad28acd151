"""Styles: where they come from, how they are mixed and truncated, and their mean."""

from __future__ import annotations

import pytest
import torch

from gansmith.networks.mapping import MEMORY, Mapping, mixed, truncated


def test_length_means_nothing_and_classes_do() -> None:
    torch.manual_seed(0)
    mapping = Mapping(6, 8, 2, classes=3).eval()
    z = torch.randn(4, 6)
    first, second = torch.zeros(4, dtype=torch.int64), torch.ones(4, dtype=torch.int64)
    torch.testing.assert_close(mapping(z, first), mapping(3 * z, first), rtol=1e-4, atol=1e-5)
    assert not torch.allclose(mapping(z, first), mapping(z, second))


def test_a_pack_is_the_mean_of_its_classes() -> None:
    mapping = Mapping(0, 8, 2, classes=3).eval()
    same = mapping(label=torch.tensor([2, 1]))
    torch.testing.assert_close(mapping(label=torch.tensor([[2, 2], [1, 1]])), same)
    assert not torch.allclose(mapping(label=torch.tensor([[2, 1]]))[0], same[0])


def test_the_mean_is_followed_in_training_alone() -> None:
    torch.manual_seed(0)
    mapping, z = Mapping(5, 8, 1), torch.randn(3, 5)
    expected = torch.zeros(8)
    for _ in range(4):
        expected = MEMORY * expected + (1 - MEMORY) * mapping(z).detach().mean(dim=0)
    torch.testing.assert_close(mapping.mean, expected)
    mapping.eval()(z)
    torch.testing.assert_close(mapping.mean, expected)


def test_truncation_goes_straight_to_the_mean_and_beyond() -> None:
    w, mean = torch.randn(5, 4), torch.randn(4)
    found = truncated(w, mean, torch.tensor([1.0, torch.inf, 0.0, 0.5, -1.0]))
    torch.testing.assert_close(found[:2], w[:2])
    torch.testing.assert_close(found[2:], torch.stack([mean, (mean + w[3]) / 2, 2 * mean - w[4]]))


@pytest.mark.parametrize("chance", [0.0, 0.9])
def test_mixing_takes_the_other_from_some_layer_on(chance: float) -> None:
    torch.manual_seed(0)
    count, layers = 8_000, 5
    styles = mixed(torch.zeros(count, 2), torch.ones(count, 2), layers, chance)
    assert styles.shape == (count, layers, 2)
    others = styles[:, :, 0]
    assert (others.diff(dim=1) >= 0).all()  # never back to the first
    assert (others[:, 0] == 0).all()
    firsts = torch.stack([(layers - others.sum(1) == first).float().mean() for first in range(1, layers + 1)])
    expected = torch.tensor([chance / (layers - 1)] * (layers - 1) + [1 - chance])
    torch.testing.assert_close(firsts, expected, rtol=0, atol=0.02)
