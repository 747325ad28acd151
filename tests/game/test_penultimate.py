"""The features a discriminator judges by are what its last linear layer turns into logits."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from gansmith.game.penultimate import features_of, listening
from gansmith.networks.last import last_layer
from gansmith.networks.patch import PatchDiscriminator
from tests import games


@pytest.mark.parametrize("shape", games.SHAPES)
@pytest.mark.parametrize("name", ["gan", "robust"])
def test_the_last_layer_turns_them_into_logits(name: str, shape: str) -> None:
    judge = games.game(name, shape).networks["discriminator"].eval()
    image = next(games.batches(shape)).image
    features = features_of(judge, lambda: judge(image))
    assert features.shape[0] == len(image)
    assert not features.requires_grad
    torch.testing.assert_close(last_layer(judge)(features)[:, 0], judge(image))


def test_every_pass_is_heard_with_its_gradients_and_nothing_is_left_behind() -> None:
    judge = games.game("robust", "grey").networks["discriminator"]
    image = next(games.batches("grey")).image.requires_grad_(True)
    with listening(judge) as heard:
        judge(image)
        judge(image[:3])
    assert [len(features) for features in heard] == [8, 3]
    (slope,) = torch.autograd.grad(heard[0].sum(), image)
    assert slope.abs().sum() > 0
    judge(image)
    assert len(heard) == 2
    with pytest.raises(RuntimeError), listening(judge):
        raise RuntimeError
    assert not last_layer(judge)._forward_pre_hooks


def test_where_patches_are_judged_they_are_the_mean_over_the_places() -> None:
    judge = PatchDiscriminator((3, 32, 32), 8).eval()
    image = torch.randn(2, 3, 32, 32)
    found = features_of(judge, lambda: judge(image))
    torch.testing.assert_close(found, judge.layers(image).mean((2, 3)))


def test_without_such_a_layer_there_are_none() -> None:
    judge = nn.Flatten()
    with pytest.raises(ValueError, match="no linear layer"):
        features_of(judge, lambda: judge(torch.zeros(1, 2)))
