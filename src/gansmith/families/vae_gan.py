"""vae-gan: a variational autoencoder whose pictures must also pass for real, so that it need not blur.

Larsen et al. 2016; how hard the discriminator pulls is settled as in Esser et al. 2021 (VQGAN).
"""

from __future__ import annotations

import math
from dataclasses import replace
from typing import cast

import torch
from pydantic import Field
from torch import Tensor

from gansmith.data.spec import DataSpec
from gansmith.families.family import Family, Recipe
from gansmith.families.vae import LEARNERS, AutoencoderSettings, Coded, autoencoder, bound, coded, encode, missing
from gansmith.game.acts import Act
from gansmith.game.adversarial import adversarial, pretraining
from gansmith.game.counterweight import counterweighed
from gansmith.game.game import Duel, Game, Loss, Networks, Sample, Step, Terms, Turn, noise
from gansmith.game.packing import pack, packed_shape
from gansmith.game.penultimate import listening
from gansmith.game.settings import AdversarialSettings
from gansmith.networks.encoder import ResidualDecoder
from gansmith.networks.residual import ResidualDiscriminator

TINY = 1e-8  # of features that say nothing yet


class VAEGANSettings(AutoencoderSettings, AdversarialSettings):
    """The VAE's halves against the robust recipe's discriminator."""

    objective: str = Field("relativistic", description=AdversarialSettings.model_fields["objective"].description)
    penalty: str = Field("r1+r2", description=AdversarialSettings.model_fields["penalty"].description)
    lr: float = Field(1e-3, gt=0, le=1, description="learning rate of encoder and generator at the start")
    lr_end: float | None = Field(1e-4, ge=0, le=1, description=AdversarialSettings.model_fields["lr_end"].description)
    beta2: float = Field(0.99, gt=0, lt=1, description=AdversarialSettings.model_fields["beta2"].description)
    ema: float = Field(20.0, ge=0, description=AdversarialSettings.model_fields["ema"].description)
    warmup: float = Field(0.2, ge=0, lt=1, description="share of the training in which it is a VAE and nothing else")
    adversarial: float = Field(
        1.0,
        gt=0,
        description="how hard the discriminator pulls at the generator's last layer, as a multiple of the VAE",
    )
    likeness: float = Field(
        1.0, ge=0, description="weight of images and their decodings being alike in the discriminator's features"
    )
    d_width: int | None = Field(None, ge=1, le=4096, description="width of the discriminator (default: as width)")
    d_depth: int | None = Field(None, ge=1, le=16, description="its residual blocks per size (default: as depth)")


def build(settings: VAEGANSettings, spec: DataSpec, images: int) -> Game:
    shape = cast(tuple[int, int, int], spec.shape)
    shown = cast(tuple[int, int, int], packed_shape(shape, settings.pack))
    width, blocks = settings.d_width or settings.width, settings.d_depth or settings.depth
    players = {**autoencoder(settings, spec), "discriminator": ResidualDiscriminator(shown, width, blocks=blocks)}
    alone = round(settings.warmup * (images - pretraining(settings))) // settings.batch * settings.batch
    game = adversarial(
        settings,
        players,
        [duel(settings)],
        images,
        shape,
        g_losses={"surprise": nearness(settings), "likeness": alike(settings)},
        g_learners=LEARNERS,
        acts=[Act(images - pretraining(settings) - alone)],
    )
    return replace(begun_alone(contested(game, settings.adversarial), settings, alone), encode=encode)


def duel(settings: VAEGANSettings) -> Duel:
    """Fakes are decodings of half the batch, then what is drawn from the prior (Larsen et al. 2016, algorithm 1)."""

    def fake(networks: Networks, step: Step) -> Sample:
        image = step.batch.image
        half = (len(image) + 1) // 2
        # Only the generator's turn needs all decodings, for the bound: it is taken with gradients.
        found = coded(networks, image if torch.is_grad_enabled() else image[:half])
        step.kept["coded"] = found
        shown = [found.decoded[:half]]
        if drawn := len(image) - half:
            latent = noise(drawn, settings.z, settings.prior).to(image.device)
            generator = cast(ResidualDecoder, networks["generator"])
            # The prior follows the codes alone: pulled at by the discriminator it would leave them, and collapse.
            shown.append(generator.decoded(generator.flow(latent).detach()).float())
        return Sample(torch.cat(shown))

    return Duel(
        fake=fake,
        real=lambda networks, step: Sample(step.batch.image),
        judge=lambda networks, sample, step: networks["discriminator"](sample.one),
        together=True,
    )


def nearness(settings: VAEGANSettings) -> Loss:
    """The VAE's own loss, of what the duel has just encoded."""
    return lambda networks, step: missing(networks, step, step.kept["coded"], settings)


def alike(settings: VAEGANSettings) -> Loss:
    """likeness E |f(image) - f(decoding)|^2 / E |f(image)|^2, f the discriminator's last features (ibid., eq. 7 and 8).

    Of half the batch, as it is: what augmentations change differently could not be alike.
    """

    def loss(networks: Networks, step: Step) -> Terms:
        found, discriminator = cast(Coded, step.kept.pop("coded")), networks["discriminator"]
        some = max((len(found.image) + 1) // 2, settings.pack)
        with listening(discriminator) as heard:
            discriminator(pack(found.decoded[:some], settings.pack))
            with torch.no_grad():
                discriminator(pack(found.image[:some], settings.pack))
        made, wanted = (features.float() for features in heard)
        apart = (made - wanted).square().mean() / (wanted.square().mean() + TINY)
        step.note("likeness/apart", apart)
        return {"loss": settings.likeness * apart}

    return loss


def contested(game: Game, share: float) -> Game:
    """The same game, its duel pulling at the generator's last layer `share` times as hard as the images do."""

    def place(networks: Networks) -> Tensor:
        return cast(ResidualDecoder, networks["generator"]).last.weight

    turns = (
        replace(turn, loss=counterweighed(turn.loss, share, "surprise", place)) if turn.name == "generator" else turn
        for turn in game.turns
    )
    return replace(game, turns=tuple(turns))


def begun_alone(game: Game, settings: VAEGANSettings, images: int) -> Game:
    """The same game with an act before it, of so many images, in which there is only the VAE."""
    if not images:
        return game
    names = tuple(turn.name for turn in game.turns)
    alone = Turn("autoencoder", LEARNERS, bound(settings))
    acts = (replace(act, turns=act.turns or names) for act in game.acts)
    return replace(game, turns=(alone, *game.turns), acts=(Act(images, "warm-up", (alone.name,)), *acts))


def recipe(spec: DataSpec) -> Recipe:
    gamma = math.prod(spec.shape) / 800
    return Recipe(
        {"gamma": gamma, "gamma_end": gamma / 10, "penalty_share": 0.25},
        (
            "a VAE for the first fifth, then a discriminator that pulls as hard as the images themselves",
            f"penalty {gamma:.3g} falling to a tenth, measured on a quarter of each batch, as in the robust recipe",
        ),
        augment_beyond=100,
    )


VAE_GAN = Family(
    "vae-gan",
    "variational autoencoder that must also fool a discriminator",
    VAEGANSettings,
    recipe,
    build,
    kinds=("images",),
    paper="Larsen et al. 2016; Esser et al. 2021",
    guard=("explosion", "mode_collapse"),
)
