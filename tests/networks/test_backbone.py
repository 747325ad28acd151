"""A backbone of every family's judge: its layers are found, and images are seen alone."""

from __future__ import annotations

import copy
from typing import Any

import pytest
import torch
from torch import Tensor, nn
from torch.nn.functional import adaptive_max_pool2d, leaky_relu

from gansmith.families import families
from gansmith.game.game import Game
from gansmith.networks.backbone import Backbone
from gansmith.networks.dcgan import DCGANDiscriminator
from gansmith.networks.mlp import MaxoutDiscriminator
from gansmith.networks.residual import SLOPE, ResidualDiscriminator
from tests import games

TRICKS: dict[str, Any] = {"pack": 2, "minibatch_std": True, "spectral": True}
LOOKING = [name for name, one in families().items() if "images" in one.kinds and name != "naive-bayes"]


def backbone(name: str, layers: tuple[str, ...] = ("all",), frozen: bool = True, **settings: Any) -> Backbone:
    """Of a family's discriminator, or its encoder, for images of 13x20 in colour."""
    game = games.game(name, "colour", **settings)
    return of(game, name, layers, frozen, settings.get("pack", 1) if game.duels else 1)


def of(game: Game, name: str, layers: tuple[str, ...], frozen: bool, repeat: int) -> Backbone:
    network = game.networks[game.duels[0].discriminator if game.duels else "encoder"]
    channels = 6 if families()[name].needs == "paired" else 3
    return Backbone(network, (channels, 13, 20), layers, repeat=repeat, classes=3, frozen=frozen)


def images(backbone: Backbone, count: int = 4) -> Tensor:
    return torch.rand(count, *backbone.shape, generator=torch.Generator().manual_seed(1)) * 2 - 1


@pytest.mark.parametrize("tricks", [{}, TRICKS], ids=["plain", "tricks"])
@pytest.mark.parametrize("name", LOOKING)
def test_every_family_has_layers_to_build_upon(name: str, tricks: dict[str, Any]) -> None:
    fields = families()[name].settings.model_fields
    whole = backbone(name, **{key: value for key, value in tricks.items() if key in fields})
    some = images(whole)
    found = whole(some)
    assert found.shape == (4, whole.size) and whole.size == sum(whole.sizes.values()) and torch.isfinite(found).all()
    maps = whole.features(some)
    assert list(maps) == list(whole.sizes)
    grids = [map.shape[2] * map.shape[3] for map in maps.values() if map.dim() == 4]
    assert grids == sorted(grids, reverse=True) and min(map.shape[1] for map in maps.values()) > 1
    assert whole.logits(some).shape == (4, *(whole.logits(some).shape[1:]))
    alone = torch.cat([whole(one[None]) for one in some])
    assert torch.allclose(found, alone, atol=1e-4), "an image's features depend on its neighbours"
    assert float(found.std(0).max()) > 1e-3, "images are told apart"


@pytest.mark.parametrize("name", LOOKING)
def test_frozen_nothing_learns_and_else_everything_below_does(name: str) -> None:
    still = backbone(name)
    some = images(still).requires_grad_()
    still.train()
    assert not still.training and not any(one.requires_grad for one in still.parameters())
    still(some).square().sum().backward()
    assert some.grad is not None and float(some.grad.abs().sum()) > 0
    moving = backbone(name, frozen=False)
    model = nn.Sequential(moving, nn.Linear(moving.size, 3))
    model(images(moving)).square().sum().backward()
    weights = [one for one in moving.network.parameters() if one.dim() == 4] or list(moving.network.parameters())
    learning = [one.grad is not None and bool(one.grad.any()) for one in weights]
    assert moving.training and learning[0]  # as for the others, blocks that begin silent have no gradients yet


@pytest.mark.parametrize("name", LOOKING)
def test_a_copy_and_a_state_are_plain(name: str) -> None:
    first = backbone(name)
    some = images(first)
    other = copy.deepcopy(first)
    state = first.state_dict()
    assert all(isinstance(value, Tensor) for value in state.values())
    with torch.no_grad():
        for one in other.parameters():
            one.mul_(0.9)
    assert not torch.equal(other(some), first(some))
    other.load_state_dict(state)
    assert torch.equal(other(some), first(some))


def test_the_last_map_is_what_the_last_layer_weighs() -> None:
    network = ResidualDiscriminator((3, 13, 20), 8)
    found = Backbone(network, (3, 13, 20), frozen=False)
    some = images(found)
    (map,) = found.features(some).values()
    weighed = leaky_relu(map, SLOPE).permute(0, 2, 3, 1).flatten(1)
    assert torch.equal(weighed, network.features(some))
    assert torch.equal(found.logits(some), network(some))
    cells = (4, min(4, map.shape[3]))
    assert torch.equal(found(some)[:, found.size // 2 :], adaptive_max_pool2d(map, cells).flatten(1))
    assert network.last.in_features == map[0].numel()


def test_layers_go_by_name_and_unknown_ones_are_refused() -> None:
    network = DCGANDiscriminator((1, 16, 16), 8)
    every = Backbone(network, (1, 16, 16), ["all"])
    assert list(every.sizes) == ["8x8", "4x4"]
    assert list(Backbone(network, (1, 16, 16), ["4x4", "8x8"]).sizes) == ["8x8", "4x4"]
    assert Backbone(network, (1, 16, 16), cells=1).size == 2 * 16
    with pytest.raises(ValueError, match=r"no layer '7x7' but 8x8, 4x4"):
        Backbone(network, (1, 16, 16), ["7x7"])
    for shape, words in (((3, 16, 16), "not of 3 x 16 x 16"), ((1, 8, 8), "images of 1 x 16 x 16 are needed")):
        with pytest.raises(ValueError, match=words):
            every(torch.zeros(2, *shape))


def test_a_network_without_grids_gives_its_last_units() -> None:
    network = MaxoutDiscriminator((1, 8, 8), 12, 0.5)
    found = Backbone(network, (1, 8, 8))
    some = images(found)
    assert found.sizes == {"units": 12}
    assert torch.equal(found(some), network.layers[:4](some.flatten(1)))


def test_features_are_shifted_and_scaled_by_its_buffers() -> None:
    found = Backbone(ResidualDiscriminator((1, 8, 8), 8), (1, 8, 8))
    some = images(found)
    before = found(some)
    found.mean += 2
    found.scale *= 3
    assert torch.allclose(found(some), (before - 2) / 3)
