"""The autoencoder's halves: any size of image, codes near the prior's middle at first, and a flow only beside z = 1."""

from __future__ import annotations

import pytest
import torch

from gansmith.networks.encoder import NARROWEST, WIDEST, ResidualDecoder, ResidualEncoder


@pytest.mark.parametrize("shape", [(1, 8, 8), (3, 13, 20), (4, 64, 16)])
def test_any_image_has_a_gaussian_and_is_decoded_to_its_own_shape(shape: tuple[int, int, int]) -> None:
    torch.manual_seed(0)
    encoder, decoder = ResidualEncoder(shape, 6, 4), ResidualDecoder(shape, 6, 4)
    mean, log_variance = encoder(torch.rand(5, *shape) * 2 - 1)
    assert mean.shape == log_variance.shape == (5, 6)
    assert mean.abs().mean() < 1 and log_variance.abs().mean() < 1
    assert decoder(mean).shape == (5, *shape)


def test_log_variances_stay_where_exponentials_are_harmless() -> None:
    encoder = ResidualEncoder((1, 8, 8), 2, 4)
    with torch.no_grad():
        list(encoder.last.parameters())[-1].copy_(torch.tensor([0.0, 0.0, -100.0, 100.0]))
    _, log_variance = encoder(torch.zeros(1, 1, 8, 8))
    assert log_variance.tolist() == [[NARROWEST, WIDEST]]


def test_a_latent_goes_through_the_flow_a_code_does_not() -> None:
    torch.manual_seed(0)
    decoder = ResidualDecoder((1, 8, 8), 4, 4)
    for parameter in decoder.flow.parameters():
        torch.nn.init.normal_(parameter, 0.0, 0.3)
    latent = torch.randn(3, 4)
    assert torch.equal(decoder(latent), decoder.decoded(decoder.flow(latent)))
    assert not torch.allclose(decoder(latent), decoder.decoded(latent))


def test_one_value_cannot_be_coupled_with_another() -> None:
    assert len(ResidualDecoder((1, 8, 8), 1, 4).flow.couplings) == 0
    assert len(ResidualDecoder((1, 8, 8), 2, 4, couplings=3).flow.couplings) == 3
