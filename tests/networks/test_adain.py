"""Adaptive instance normalisation moves maps to the moments of a style; the decoder brings them to the image's size."""

from __future__ import annotations

import torch

from gansmith.networks.adain import Decoder, adain, moments


def test_maps_get_the_moments_of_the_style_and_keep_their_pattern() -> None:
    torch.manual_seed(0)
    content, style = torch.randn(2, 5, 9, 8) * 3 + 1, torch.rand(1, 5, 4, 6)
    made = adain(content, moments(style))
    torch.testing.assert_close(made.mean((2, 3)), style.mean((2, 3)).expand(2, -1), rtol=1e-4, atol=1e-5)
    spread = style.std((2, 3), correction=0).expand(2, -1)
    torch.testing.assert_close(made.std((2, 3), correction=0), spread, rtol=1e-3, atol=1e-4)
    for before, after in zip(content.flatten(0, 1), made.flatten(0, 1), strict=True):
        assert torch.corrcoef(torch.stack([before.flatten(), after.flatten()]))[0, 1] > 0.9999


def test_strength_goes_straight_from_the_content_to_the_style() -> None:
    content, style = torch.randn(1, 3, 5, 5), moments(torch.rand(1, 3, 4, 4))
    torch.testing.assert_close(adain(content, style, 0.0), content)
    torch.testing.assert_close(adain(content, style, 0.25), 0.75 * content + 0.25 * adain(content, style))


def test_a_flat_map_stays_finite() -> None:
    made = adain(torch.full((1, 2, 4, 4), 3.0), moments(torch.rand(1, 2, 4, 4)))
    assert made.isfinite().all()


def test_the_decoder_doubles_as_often_as_it_is_told() -> None:
    assert Decoder(16, 2, least=4)(torch.randn(2, 16, 5, 7)).shape == (2, 3, 20, 28)
    assert Decoder(16, 0)(torch.randn(1, 16, 5, 7)).shape == (1, 3, 5, 7)
