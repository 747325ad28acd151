"""pix2pix: images turned into others, learnt from pairs, as published (Isola et al. 2017)."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Literal, cast

import torch
from pydantic import Field, field_validator
from torch import Tensor

from gansmith.data.spec import DataSpec
from gansmith.errors import UsageError
from gansmith.families.family import Family, Recipe
from gansmith.families.portable import Portable, sources
from gansmith.game.acts import Act
from gansmith.game.adversarial import AdversarialSettings, adversarial
from gansmith.game.game import Duel, Game, Loss, Networks, Request, Sample, Step, Terms, Turn, players
from gansmith.game.jitter import jittered
from gansmith.game.once import made_once
from gansmith.game.packing import packed_shape
from gansmith.networks.dcgan import Norm, Upsample
from gansmith.networks.patch import Patch, PatchDiscriminator
from gansmith.networks.unet import UNet

DRAWN_PIXELS = 64 * 64 * 64  # translated at once: more only leave the processor's cache
PUBLISHED, LARGEST = 256 * 256, 16  # pixels of the images a batch of one was published for; pairs a step at most


class Pix2PixSettings(AdversarialSettings):
    """The paper's sections 3 and 6.2."""

    batch: int = Field(1, ge=1, le=4096, description="pairs per step")
    lr_fall: Literal["cosine", "late"] = Field(
        "late", description=AdversarialSettings.model_fields["lr_fall"].description
    )
    l1: float = Field(100.0, ge=0, description="weight of the mean absolute difference from the right answer")
    adversarial: float = Field(1.0, ge=0, description="weight of fooling the discriminator (0: none is trained)")
    width: int = Field(64, ge=1, le=1024, description="channels of the generator's finest layer, doubled at halvings")
    d_width: int = Field(64, ge=1, le=1024, description="the same in the discriminator")
    norm: Norm = Field("instance", description="normalisation in both (instance: what batch is in a batch of one)")
    dropout: float = Field(
        0.5, ge=0, lt=1, description="share of the generator's coarsest features dropped, its only chance"
    )
    upsample: Upsample = Field("transposed", description="how the generator's maps grow (resize: no checkerboard)")
    patch: Patch = Field("70", description="pixels that one verdict of the discriminator looks at: 1, 16, 70 or full")
    jitter: float = Field(0.12, ge=0, le=1, description="how much larger a pair is made before it is cut to size again")
    flip: bool = Field(True, description="mirror every other pair, left to right")

    @field_validator("patch", mode="before")
    @classmethod
    def _as_a_word(cls, value: object) -> object:
        return str(value) if isinstance(value, int) else value


def build(settings: Pix2PixSettings, spec: DataSpec, images: int) -> Game:
    channels, *size = cast(tuple[int, int, int], spec.shape)
    generator = UNet(
        channels,
        channels,
        (size[0], size[1]),
        settings.width,
        norm=settings.norm,
        upsample=settings.upsample,
        dropout=settings.dropout,
    )
    seen = (2 * channels, *size)
    discriminator = PatchDiscriminator(
        cast(tuple[int, int, int], packed_shape(seen, settings.pack)),
        settings.d_width,
        settings.patch,
        norm=settings.norm,
    )
    duel = translation(settings)
    if settings.g_every == 1:
        duel = made_once(duel)
    game = adversarial(
        settings,
        {"generator": generator, "discriminator": discriminator},
        [duel],
        images,
        seen,
        draw=draw,
        g_losses={"l1": nearness(settings)},
    )
    return weighed(game, settings.adversarial) if settings.adversarial else alone(game, settings, images)


def translation(settings: Pix2PixSettings) -> Duel:
    """The discriminator sees the source and what was made of it, or what should have been, behind one another."""

    def fake(networks: Networks, step: Step) -> Sample:
        source, _ = pair(settings, step)
        made = networks["generator"](source)
        step.kept["made"] = made
        return Sample(torch.cat([source, made.to(source.dtype)], 1))

    return Duel(
        fake=fake,
        real=lambda networks, step: Sample(torch.cat(pair(settings, step), 1)),
        judge=lambda networks, sample, step: networks["discriminator"](sample.one),
        conditional=True,
    )


def pair(settings: Pix2PixSettings, step: Step) -> tuple[Tensor, Tensor]:
    """Source and target of the step's batch, (N, C, H, W) each, jittered alike, once for all turns."""
    batch, found = step.kept.get("pair", (None, None))
    if batch is not step.batch:
        both = jittered(torch.cat([step.batch.given["source"], step.batch.image], 1), settings.jitter, settings.flip)
        found = both.chunk(2, 1)
        step.kept["pair"] = step.batch, found
    return cast(tuple[Tensor, Tensor], found)


def nearness(settings: Pix2PixSettings) -> Loss:
    """l1 E |target - made|, equation 3, of what the duel has just made."""

    def loss(networks: Networks, step: Step) -> Terms:
        return {"l1": settings.l1 * apart(step.kept.pop("made"), pair(settings, step)[1])}

    return loss


def apart(made: Tensor, wanted: Tensor) -> Tensor:
    """Mean absolute difference, in float32."""
    return (made.float() - wanted).abs().mean()


def weighed(game: Game, weight: float) -> Game:
    """The same game, the duel's loss counting so much in the generator's turn."""

    def lighter(loss: Loss) -> Loss:
        def weighing(networks: Networks, step: Step) -> Terms:
            terms = loss(networks, step)
            return terms | {"loss": weight * terms["loss"]}

        return weighing

    turns = (replace(turn, loss=lighter(turn.loss)) if turn.name == "generator" else turn for turn in game.turns)
    return game if weight == 1 else replace(game, turns=tuple(turns))


def alone(game: Game, settings: Pix2PixSettings, images: int) -> Game:
    """A game of one player, who only comes near the right answers: what the adversary adds is measured by it."""

    def loss(networks: Networks, step: Step) -> Terms:
        source, target = pair(settings, step)
        return {"l1": settings.l1 * apart(networks["generator"](source), target)}

    return replace(
        game,
        networks=players(generator=game.networks["generator"]),
        turns=(Turn("generator", ("generator",), loss),),
        optimizers={"generator": game.optimizers["generator"]},
        acts=(Act(images),),
        rules=(),
        duels=(),
    )


def draw(networks: Networks, request: Request) -> Tensor:
    """The request's sources (N, C, H, W), of any size, translated; the seed decides what is dropped out."""
    if "source" not in request.given:
        raise UsageError(
            "pix2pix makes nothing out of nothing: it translates images.",
            do="gansmith translate RUN IMAGES --out DIR",
        )
    generator = networks["generator"]
    source = request.given["source"].to(next(generator.parameters()))
    chance = torch.Generator().manual_seed(request.seed % 2**63)
    size = max(1, DRAWN_PIXELS // math.prod(source.shape[2:]))
    with torch.no_grad():
        return torch.cat([generator(chunk, chance) for chunk in torch.split(source, size)]).float()


class Undropped(Portable):
    """The generator without its dropout, which is its only chance."""

    def __init__(self, networks: Networks, settings: Pix2PixSettings, spec: DataSpec) -> None:
        multiple = 2 ** cast(UNet, networks["generator"]).depth
        # A coarsest map of a single pixel is traced as one for ever.
        super().__init__(networks["generator"], [sources(spec, multiple, 2 * multiple)])
        cast(UNet, self.generator).dropout = 0.0

    def players(self, networks: Networks) -> Networks:
        return {"generator": self.generator}


def recipe(spec: DataSpec) -> Recipe:
    batch = max(1, min(LARGEST, round(PUBLISHED / math.prod(spec.shape[1:]))))
    reasons = ["Pix2Pix, as published: a U-Net, a judge of patches, the right answer counting a hundredfold"]
    if batch > 1:
        reasons.append(f"{batch} pairs a step: images of fewer pixels than the published 256x256 go together")
    return Recipe({"batch": batch}, tuple(reasons))


PIX2PIX = Family(
    "pix2pix",
    "paired translation: outlines, maps or sketches into images",
    Pix2PixSettings,
    recipe,
    build,
    kinds=("images",),
    needs="paired",
    paper="Isola et al. 2017, Image-to-Image Translation with Conditional Adversarial Networks",
    data="pairs of images",
    conditions=("source",),
    portable=Undropped,
)
