"""Truncated latents against rejection sampling."""

from __future__ import annotations

import torch

from gansmith.game.truncation import truncated


def test_truncated_latents_are_those_of_drawing_anew() -> None:
    """Against rejection: the same quantiles; nothing beyond the limit; the identity at infinity."""
    torch.manual_seed(0)
    latent = torch.randn(40_000, 1)
    cut = truncated(latent, torch.full((40_000,), 0.7))
    assert cut.abs().max() <= 0.7
    kept = torch.randn(200_000)
    kept = kept[kept.abs() <= 0.7]
    quantiles = torch.linspace(0.05, 0.95, 10)
    torch.testing.assert_close(cut[:, 0].quantile(quantiles), kept.quantile(quantiles), atol=0.02, rtol=0)
    assert torch.equal(truncated(latent, torch.full((40_000,), torch.inf)), latent)
    assert truncated(latent, torch.zeros(40_000)).abs().max() == 0
    assert (
        torch.equal(cut[:, 0].argsort(), latent[:, 0].argsort())
        or (cut[:, 0].diff().sign() == latent[:, 0].diff().sign()).float().mean() > 0.99
    )


def test_one_latent_at_several_limits_stays_in_order() -> None:
    """Who is further out stays further out: so one latent is one image, more or less typical."""
    latent = torch.linspace(-4, 4, 101)[:, None]
    for limit in (0.1, 0.5, 2.0):
        cut = truncated(latent, torch.full((101,), limit))
        assert (cut.diff(dim=0) >= -1e-6).all()
        assert abs(cut[50].item()) < 1e-5
        torch.testing.assert_close(cut, -cut.flip(0), rtol=1e-4, atol=1e-5)


def test_every_row_has_its_own_limit() -> None:
    cut = truncated(torch.full((3, 4), 5.0), torch.tensor([0.5, torch.inf, 1.0]))
    torch.testing.assert_close(cut[:, 0], torch.tensor([0.5, 5.0, 1.0]), rtol=1e-5, atol=0)
