"""infogan: part of the latent is a code that must be readable off the image, so it comes to mean something.

Chen et al. 2016, eq. 6. Nobody names the meanings: on digits the categorical code finds the digits themselves.
"""

from __future__ import annotations

import math
from functools import partial
from typing import Literal, Self, cast

import torch
from pydantic import Field, field_validator, model_validator
from torch import Tensor, nn

from gansmith.data.spec import DataSpec
from gansmith.errors import UsageError
from gansmith.families.family import Family, Recipe
from gansmith.families.portable import ROWS, Input, Portable, latents
from gansmith.game.adversarial import adversarial, drawn
from gansmith.game.codes import Codes
from gansmith.game.game import Duel, Game, Loss, Networks, Request, Sample, Step, Terms, noise
from gansmith.game.packing import pack, packed_shape
from gansmith.game.settings import AdversarialSettings
from gansmith.game.standing import settled
from gansmith.losses.agreement import another_view, disagreement
from gansmith.networks.infogan import InfoDiscriminator, InfoGenerator, Reader

MOST = 1000  # values of one categorical code
CHUNK = 256  # images read at once
FEW = 64  # images, below which their own statistics say too little
GROWING = 64_000  # images over which agreement comes to its full weight
OPEN = 2  # added to the seed: codes are drawn independently of the latents


class InfoGANSettings(AdversarialSettings):
    """The paper's appendix C.1 and its published code."""

    batch: int = Field(128, ge=2, le=65_536, description="images per step")
    z: int = Field(62, ge=1, le=4096, description="size of the latent vector beside the code")
    prior: Literal["normal", "uniform", "spherical"] = Field("uniform", description="distribution of the latent vector")
    lr: float = Field(1e-3, gt=0, le=1, description="learning rate of the generator at the start")
    d_lr: float | None = Field(2e-4, gt=0, lt=1, description="the discriminator's and the reader's, falling as lr does")
    categories: str = Field("10", description="values of each categorical code, e.g. 10 or 10,4 (empty: none)")
    continuous: int = Field(2, ge=0, le=64, description="continuous codes, each uniform in [-1, 1]")
    information: float = Field(1.0, ge=0, description="weight of reading the categorical codes back (lambda)")
    information_continuous: float = Field(1.0, ge=0, description="the same for the continuous codes")
    agreement: float = Field(
        0.0,
        ge=0,
        description="weight of reading a real image alike when it is turned, scaled or shifted; not in the paper: the "
        "first code then finds classes that such changes leave alone, e.g. 1 (0: off)",
    )
    width: int = Field(64, ge=1, le=1024, description="channels of the finest map; linear layers have 16 times as many")
    d_width: int | None = Field(None, ge=1, le=1024, description="the same in the discriminator (default: as many)")

    @field_validator("categories")
    @classmethod
    def _whole_numbers(cls, text: str) -> str:
        words = [word.strip() for word in text.split(",") if word.strip()]
        if not all(word.isdecimal() and 2 <= int(word) <= MOST for word in words):
            raise ValueError(f"whole numbers from 2 to {MOST} with commas between, e.g. 10 or 10,4")
        return ",".join(words)

    @model_validator(mode="after")
    def _some_code(self) -> Self:
        if not self.codes.size:
            raise UsageError("Without any code this is a plain GAN.", do="categories=10, continuous=2, or -f dcgan")
        if self.agreement and (not self.codes.categories or self.pack > 1):
            why = "there is none" if not self.codes.categories else f"the reader is shown packs of {self.pack}"
            raise UsageError("Only a categorical code of single images can agree.", why, "leave out agreement=")
        return self

    @property
    def codes(self) -> Codes:
        return Codes(tuple(int(most) for most in self.categories.split(",") if most), self.continuous)


def build(settings: InfoGANSettings, spec: DataSpec, images: int) -> Game:
    shape = cast(tuple[int, int, int], spec.shape)
    shown = cast(tuple[int, int, int], packed_shape(shape, settings.pack))
    width, codes = settings.d_width or settings.width, settings.codes
    networks: dict[str, nn.Module] = {
        "generator": InfoGenerator(shape, settings.z + codes.size, settings.width),
        "discriminator": InfoDiscriminator(shown, width),
        "reader": Reader(width, codes.size * settings.pack),
    }
    reading: dict[str, Loss] = {"information": information(settings)}
    alike: dict[str, Loss] = {"agreement": agreement(settings)} if settings.agreement else {}
    return adversarial(
        settings,
        networks,
        [duel(settings)],
        images,
        shape,
        draw=partial(draw, settings=settings),
        d_losses=reading | alike,
        g_losses=reading,
        d_learners=("reader",),
    )


def duel(settings: InfoGANSettings) -> Duel:
    """Fakes come with their code; the judge leaves what it saw in them for the reader."""

    def fake(networks: Networks, step: Step) -> Sample:
        device = step.batch.image.device
        latent = noise(len(step.batch), settings.z, settings.prior).to(device)
        code = settings.codes.draw(len(step.batch)).to(device)
        return Sample(networks["generator"](latent, code), {"code": code})

    def judge(networks: Networks, sample: Sample, step: Step) -> Tensor:
        discriminator = cast(InfoDiscriminator, networks["discriminator"])
        features = discriminator.features(sample.one)
        if "code" in sample.given and (sample.one.grad_fn is not None or "seen" not in step.kept):
            # A penalty's pass, or what a lazy one left, is not what is to be read: only the generator's fakes have a
            # graph behind them, and the discriminator's are judged before any penalty.
            step.kept["seen"] = (features, sample.given["code"])
        elif "code" not in sample.given:
            step.kept.setdefault("seen real", features)
        return discriminator.last(features)[:, 0]

    # Reals and fakes apart: batch normalisation sees one kind at a time.
    return Duel(fake, lambda networks, step: Sample(step.batch.image), judge, conditional=True)


def information(settings: InfoGANSettings) -> Loss:
    """-lambda times the bound on the information between code and image (ibid., eq. 5), of the fakes just judged.

    Both sides lower it, as in the authors' code: the generator, and the discriminator's trunk with the reader.
    """
    codes = settings.codes

    def loss(networks: Networks, step: Step) -> Terms:
        features, code = step.kept.pop("seen")
        code = code.flatten(0, -2)
        read = networks["reader"](features).float().view(len(code), codes.size)
        of_categories, of_continuous = codes.misread(read, code)
        for name, told, truth in zip(codes.names, codes.categorical(read), codes.categorical(code), strict=False):
            step.note(f"read right/{name}", (told.argmax(1) == truth.argmax(1)).float().mean())
        return {
            "information": settings.information * of_categories,
            "information continuous": settings.information_continuous * of_continuous,
        }

    return loss


def agreement(settings: InfoGANSettings) -> Loss:
    """weight times how differently the first code is read off real images and off other views of them.

    The weight grows to its own over the first images: what is read before the features are any is of no use.
    """
    most = settings.codes.categories[0]

    def loss(networks: Networks, step: Step) -> Terms:
        discriminator = cast(InfoDiscriminator, networks["discriminator"])
        others = discriminator.features(another_view(step.batch.image))
        as_it_is, otherwise = (networks["reader"](one)[:, :most] for one in (step.kept.pop("seen real"), others))
        apart = disagreement(as_it_is, otherwise)
        step.note("agreement/apart", apart)
        return {"loss": settings.agreement * min(1.0, step.seen / GROWING) * apart}

    return loss


def draw(networks: Networks, request: Request, *, settings: InfoGANSettings) -> Tensor:
    """Samples of the codes asked for, given["code"] (N, size), or of codes from their prior.

    Latents given without a code go with its middle: then nothing of the sample is left to the seed.
    """
    code = request.given.get("code")
    if code is None and request.latent is not None:
        code = settings.codes.middle(request.count)
    if code is None:
        code = settings.codes.draw(request.count, torch.Generator().manual_seed((request.seed + OPEN) % 2**63))
    return drawn(networks, request, settings, code)


@torch.no_grad()
def read(networks: Networks, images: Tensor, codes: Codes) -> Tensor:
    """What the reader takes images (N, C, H, W), real ones too, for: (N, size) logits of categories, then values.

    Networks in eval mode. Of FEW images or more, normalisation goes by their own statistics, as it did in training:
    those that were kept are of reals and fakes together. A discriminator of packs is shown every image so many times.
    """
    both = nn.ModuleDict({name: networks[name] for name in ("discriminator", "reader")})
    together = cast(Reader, both["reader"]).outputs // codes.size
    chunks = torch.tensor_split(images.to(next(both.parameters()).device), math.ceil(len(images) / CHUNK))
    shown = [pack(chunk.repeat_interleave(together, 0), together) for chunk in chunks] if together > 1 else chunks

    def said(one: nn.Module, chunk: Tensor) -> Tensor:
        features = cast(InfoDiscriminator, one.get_submodule("discriminator")).features(chunk)
        return one.get_submodule("reader")(features).float().view(len(chunk), together, -1).mean(1)

    if len(images) >= FEW:
        coming = iter(shown)
        both = cast(nn.ModuleDict, settled(both, lambda one: said(one, next(coming)), len(shown)))
    return torch.cat([said(both, chunk).cpu() for chunk in shown])


def portable(networks: Networks, settings: InfoGANSettings, spec: DataSpec) -> Portable:
    codes = settings.codes
    words = f"(N, {codes.size}) float32: {', '.join(codes.names)}; categories one-hot, continuous values in [-1, 1]"
    return Portable(networks["generator"], [latents(settings), Input("code", "code", words, codes.draw, ROWS)])


def recipe(spec: DataSpec) -> Recipe:
    return Recipe(
        reasons=(
            "InfoGAN, as published: a code of 10 categories and 2 continuous values",
            "where the code is to find classes, agreement=1 noise=0.5 finds them sooner and more surely",
        )
    )


INFOGAN = Family(
    "infogan",
    "GAN whose code comes to mean something, without labels",
    InfoGANSettings,
    recipe,
    build,
    kinds=("images",),
    paper="Chen et al. 2016",
    data="images; labels, where there are any, only to compare the code with",
    conditions=("code",),
    portable=portable,
)
