"""The autoencoders: what they encode they draw again, the bound is one, and the VAE-GAN begins as a VAE."""

from __future__ import annotations

import math
from typing import Any, cast

import pytest
import torch
from torch.distributions import Independent, Normal

from gansmith.data.batch import Batch
from gansmith.families.vae import VAESettings, bound, coded, encode
from gansmith.game.acts import remaining
from gansmith.game.game import Game, Request, Step
from gansmith.losses.evidence import sampled
from gansmith.networks.encoder import ResidualDecoder, Scale
from gansmith.runs.state import Training
from tests import games

BOTH = pytest.mark.parametrize("name", ["vae", "vae-gan"])


def stirred(name: str, **settings: Any) -> Game:
    """A game whose flow is no identity any more."""
    game = games.game(name, "grey", **settings)
    for parameter in cast(ResidualDecoder, game.networks["generator"]).flow.parameters():
        torch.nn.init.normal_(parameter, 0.0, 0.1)
    game.networks.eval().requires_grad_(False)
    return game


@BOTH
def test_an_image_is_drawn_again_from_its_latent(name: str) -> None:
    game = stirred(name)
    image = next(games.batches("grey", 70)).image
    assert game.encode
    latent = game.encode(game.networks, image)
    assert latent.shape == (70, games.SMALL["z"])
    drawn = game.draw(game.networks, Request(70, 0, latent))
    mean = game.networks["encoder"](image)[0]
    expected = cast(ResidualDecoder, game.networks["generator"]).decoded(mean)
    torch.testing.assert_close(drawn, expected, rtol=1e-3, atol=1e-3)


@pytest.mark.parametrize("flow", [0, 3])
def test_the_bound_is_below_the_likelihood(flow: int) -> None:
    """Of a latent of one or two values the likelihood itself can be summed up by importance sampling."""
    game = stirred("vae", flow=flow, z=2, beta=1.0)
    networks, image = game.networks, next(games.batches("grey", 1)).image
    generator, scale = cast(ResidualDecoder, networks["generator"]), cast(Scale, networks["scale"]).log.exp()
    told = bound(VAESettings.read({"z": 2, "flow": flow}))
    torch.manual_seed(0)
    many = Batch(image.expand(4000, -1, -1, -1))
    step = Step(0, 0, many)
    found = -float(sum(told(networks, step).values())) * image.numel()
    mean, log_variance = networks["encoder"](many.image)
    code = sampled(mean, log_variance)
    latent, growth = generator.flow.inverse(code)
    prior = Normal(0.0, 1.0).log_prob(latent).sum(1) + growth  # type: ignore[no-untyped-call]
    proposal = Independent(Normal(mean, (log_variance / 2).exp()), 1).log_prob(code)  # type: ignore[no-untyped-call]
    decoded = Normal(generator.decoded(code), scale)
    seen = decoded.log_prob(many.image).flatten(1).sum(1)  # type: ignore[no-untyped-call]
    weights = seen + prior - proposal
    assert found == pytest.approx(weights.mean().item(), abs=0.15)
    assert found <= (weights.logsumexp(0) - math.log(len(weights))).item() + 0.05


def test_encoding_in_chunks_is_encoding() -> None:
    game = stirred("vae")
    image = next(games.batches("grey", 100)).image
    torch.testing.assert_close(
        encode(game.networks, image)[90:], encode(game.networks, image[90:]), rtol=1e-3, atol=1e-4
    )
    found = coded(game.networks, image[:5])
    assert found.decoded.shape == found.image.shape


def test_a_vae_gan_is_a_vae_for_the_share_asked_for() -> None:
    training = Training.begin(games.game("vae-gan", "grey", warmup=0.2))
    first, *rest = training.game.acts
    assert first.images == 0.2 * games.IMAGES and sum(act.images for act in rest) == 0.8 * games.IMAGES
    assert training.game.learning(0) == {"generator", "encoder", "scale"}
    assert training.game.learning(games.IMAGES) == {"generator", "encoder", "scale", "discriminator"}
    before = games.copied(training)
    steps = games.advance(training, "grey", 10)
    moved = games.differing(before, games.tensors(training))
    assert not any(key.startswith("networks/discriminator.") for key in moved)
    assert any(key.startswith("networks/encoder.") for key in moved)
    assert all("counterweight" not in step.facts and "autoencoder/loss" in step.facts for step in steps)
    (step,) = games.advance(training, "grey", 1)
    assert {"counterweight", "generator/surprise", "generator/divergence", "generator/likeness"} <= step.facts.keys()
    assert games.game("vae-gan", "grey", warmup=0.0).acts[0].name == "main"


def test_pretraining_comes_between_and_lengths_add_up() -> None:
    game = games.game("vae-gan", "grey", warmup=0.25, pretrain_d=0.08)
    assert [(act.name, act.images) for act in game.acts] == [("warm-up", 80), ("pretrain", 80), ("main", 240)]
    act, end = next(remaining(game.acts, 100))
    assert act.name == "pretrain" and end == 160 and act.turns == ("discriminator",)


def test_half_of_the_fakes_are_decodings_of_the_batch() -> None:
    game = stirred("vae-gan")
    batch = next(games.batches("grey"))
    step = Step(0, 0, batch)
    with torch.no_grad():
        sample = game.duels[0].fake(game.networks, step)
    assert sample.one.shape == batch.image.shape
    assert torch.equal(sample.one[:4], step.kept["coded"].decoded)
    alone = Step(0, 0, Batch(batch.image[:1]))
    assert game.duels[0].fake(game.networks, alone).one.shape == (1, 1, 8, 8)


def test_the_discriminator_does_not_pull_at_the_prior() -> None:
    game = games.game("vae-gan", "grey")
    sample = game.duels[0].fake(game.networks, Step(0, 0, next(games.batches("grey"))))
    sample.one[4:].sum().backward()  # type: ignore[no-untyped-call]
    generator = cast(ResidualDecoder, game.networks["generator"])
    assert all(parameter.grad is None for parameter in generator.flow.parameters())
    assert generator.last.weight.grad is not None


def test_one_value_of_a_latent_is_enough() -> None:
    training = Training.begin(games.game("vae", "grey", z=1))
    games.advance(training, "grey", 2)
    assert all(torch.isfinite(tensor).all() for tensor in games.tensors(training).values())
