"""Unnamed directions: of a linear generator its singular vectors, and first layers are found in every family."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import nn

from gansmith.editing.components import factorised, leading, principal
from gansmith.editing.layers import early, first_weights
from gansmith.families import families
from gansmith.game.game import Request
from gansmith.networks.mlp import MLPGenerator
from gansmith.networks.stylegan2 import StyleGenerator
from tests import games


def same(found: torch.Tensor, expected: np.ndarray) -> None:
    """Equal rows up to their signs."""
    products = (found.double().numpy() * expected).sum(1)
    np.testing.assert_allclose(np.abs(products), 1, atol=1e-4)


def test_semantic_factorisation_is_the_singular_vectors_of_normalised_rows() -> None:
    weights = torch.randn(50, 8, generator=torch.Generator().manual_seed(0)) * torch.arange(1.0, 9.0)
    rows = weights.numpy() / np.linalg.norm(weights.numpy(), axis=1, keepdims=True)
    same(factorised(weights, 3), np.linalg.svd(rows.astype(np.float64))[2][:3])


def test_principal_components_of_a_linear_map_lead_back_to_its_singular_vectors() -> None:
    chance = torch.Generator().manual_seed(0)
    coords, linear = torch.randn(4000, 6, generator=chance), torch.randn(40, 6, generator=chance)
    linear = linear * torch.tensor([8.0, 4.0, 2.0, 1.0, 0.5, 0.2])
    expected = np.linalg.svd(linear.numpy().astype(np.float64))[2][:3]
    found = principal(coords, coords @ linear.t(), 3)
    assert np.abs((found.numpy() * expected).sum(1)).min() > 0.98  # the samples' own covariance is not quite 1
    few = coords[:30]  # fewer than there are features
    by_svd = principal(few, few @ linear.t(), 3).numpy()
    scores = np.linalg.svd((few - few.mean(0)).numpy() @ linear.t().numpy(), full_matrices=False)
    back = np.linalg.lstsq(scores[0][:, :3] * scores[1][:3], (few - few.mean(0)).numpy(), rcond=None)[0]
    same(torch.from_numpy(by_svd), back / np.linalg.norm(back, axis=1, keepdims=True))


def test_components_of_styles_are_those_of_their_distribution() -> None:
    coords = torch.randn(3000, 5, generator=torch.Generator().manual_seed(0)) @ torch.randn(5, 5)
    expected = np.linalg.svd((coords - coords.mean(0)).numpy(), full_matrices=False)[2][:2]
    same(principal(coords, coords, 2), expected)


def test_eigenvectors_have_one_sign() -> None:
    matrix = torch.diag(torch.tensor([1.0, 5.0, 3.0]))
    torch.testing.assert_close(leading(matrix, 2), torch.tensor([[0.0, 1.0, 0.0], [0.0, 0.0, 1.0]]))


def test_the_first_layer_is_its_weights_and_the_early_map_what_the_next_is_given() -> None:
    network = MLPGenerator((1, 8, 8), 5, 16, 2).eval().requires_grad_(False)
    coords = torch.randn(9, 5)
    first = network.layers[0]
    assert isinstance(first, nn.Linear)
    torch.testing.assert_close(first_weights(network, coords), first.weight)
    torch.testing.assert_close(early(network, coords), first(coords).relu())


def test_every_style_has_its_own_first_layer() -> None:
    network = StyleGenerator((1, 8, 8), 4, 4, [8, 8]).eval().requires_grad_(False)

    def draw(styles: torch.Tensor) -> torch.Tensor:
        return network.painted(styles[:, None].expand(-1, network.synthesis.layers, -1), "none")

    affines = [module for name, module in network.named_modules() if name.endswith("affine")]
    expected = torch.cat([module.get_parameter("weight") for module in affines])
    assert len(affines) == 5  # two grids: three convolutions, two images
    found = first_weights(draw, torch.randn(4, 4))
    order = [row.argmin() for row in torch.cdist(expected, found)]
    torch.testing.assert_close(found[order], expected)
    assert len(found) == len(expected)


MAKERS = [name for name in families() if games.latents(name) and name != "naive-bayes"]


@pytest.mark.parametrize("family", MAKERS)
def test_first_weights_are_found_in_every_family(family: str) -> None:
    game = games.game(family)
    game.networks.eval().requires_grad_(False)
    settings = {"label": torch.arange(6) % 3} if "label" in families()[family].conditions else {}
    z = torch.randn(6, games.SMALL["z"])

    def draw(points: torch.Tensor) -> torch.Tensor:
        return game.draw(game.networks, Request(6, latent=points, given=settings))

    weights = first_weights(draw, z)
    assert weights.shape[1] == z.shape[1]
    assert (weights.abs().sum(0) > 0).all()  # every latent enters somewhere
    assert len(early(draw, z)) == 6
    plain = draw(z)
    torch.testing.assert_close(draw(z.clone().requires_grad_()).detach(), plain)  # nothing is left behind


def test_more_than_a_network_draws_at_once_are_all_heard() -> None:
    game = games.game("robust")
    game.networks.eval().requires_grad_(False)
    z = torch.randn(150, games.SMALL["z"])

    def draw(points: torch.Tensor) -> torch.Tensor:
        return game.draw(game.networks, Request(len(points), latent=points))

    maps = early(draw, z)
    assert len(maps) == 150
    torch.testing.assert_close(maps[100:120], early(draw, z[100:120]))
    few, many = (nn.functional.normalize(first_weights(draw, some)) for some in (z[:10], z))
    torch.testing.assert_close(many, few)
