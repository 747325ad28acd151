"""cyclegan: two kinds of images turned into each other without pairs (Zhu et al. 2017)."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Literal, NamedTuple, cast

import torch
from pydantic import Field
from torch import Tensor, nn

from gansmith.data.spec import DataSpec
from gansmith.errors import UsageError
from gansmith.families.family import Family, Recipe
from gansmith.families.portable import Portable, sources
from gansmith.game.adversarial import AdversarialSettings, adversarial
from gansmith.game.game import Duel, Game, Loss, Networks, Request, Sample, Step, Terms
from gansmith.game.jitter import jittered
from gansmith.game.once import made_once
from gansmith.game.packing import packed_shape
from gansmith.networks.patch import Patch, PatchDiscriminator
from gansmith.networks.resnet import ResNetGenerator, Upsample

SMALL = 128  # pixels up to which the paper takes 6 residual blocks instead of 9
TINY, TOGETHER = 64, 4  # pixels up to which a single image leaves the processor idle; images of each side then
DRAWN_PIXELS = 64 * 64 * 64  # translated at once
WAYS = {"AtoB": "generator", "BtoA": "inverse"}  # the target side is B


class CycleGANSettings(AdversarialSettings):
    """The paper's section 4 and its appendix 7.1 and 7.2."""

    batch: int = Field(1, ge=1, le=4096, description="images of each side per step")
    objective: str = Field("least-squares", description=AdversarialSettings.model_fields["objective"].description)
    lr_fall: Literal["cosine", "late"] = Field(
        "late", description=AdversarialSettings.model_fields["lr_fall"].description
    )
    history: float = Field(0.5, ge=0, lt=1, description=AdversarialSettings.model_fields["history"].description)
    width: int = Field(64, ge=1, le=1024, description="channels of the generators' finest layer, doubled twice")
    blocks: int | None = Field(
        None, ge=1, le=64, description="residual blocks of each generator (default: 6 up to 128 pixels, else 9)"
    )
    upsample: Upsample = Field("transposed", description="how the generators' maps grow (resize: no checkerboard)")
    d_width: int = Field(64, ge=1, le=1024, description="channels of the discriminators' finest layer")
    patch: Patch = Field("70", description="pixels that one verdict of a discriminator looks at: 1, 16, 70 or full")
    cycle: float = Field(10.0, ge=0, description="weight of coming back: A to B to A is to be as it was")
    identity: float = Field(0.5, ge=0, description="weight, times cycle, of leaving alone what is on its side already")
    jitter: float = Field(
        0.12, ge=0, le=1, description="how much larger an image is made before it is cut to size again"
    )
    flip: bool = Field(True, description="mirror every other image, left to right")


def build(settings: CycleGANSettings, spec: DataSpec, images: int) -> Game:
    shape = cast(tuple[int, int, int], spec.shape)
    shown = cast(tuple[int, int, int], packed_shape(shape, settings.pack))
    blocks = settings.blocks or (6 if max(shape[1:]) <= SMALL else 9)
    networks: dict[str, nn.Module] = {}
    for name in WAYS.values():
        networks[name] = ResNetGenerator(shape[0], settings.width, blocks, settings.upsample)
    for name in ("discriminator", "discriminator_a"):
        networks[name] = PatchDiscriminator(shown, settings.d_width, settings.patch)
    duels = [
        translation(settings, "duel", "AtoB", "discriminator"),
        translation(settings, "back", "BtoA", "discriminator_a"),
    ]
    if settings.g_every == 1:
        duels = [made_once(duel) for duel in duels]
    further = {"cycle": returning(settings)} if settings.cycle else {}
    return adversarial(settings, networks, duels, images, shape, draw=draw, g_losses=further)


def translation(settings: CycleGANSettings, name: str, way: str, discriminator: str) -> Duel:
    """One way: what a generator makes of one side, against the other side. The step keeps it for `returning`."""
    maker = WAYS[way]

    def fake(networks: Networks, step: Step) -> Sample:
        made = networks[maker](views(settings, step)[way].source)
        step.kept[maker] = made
        return Sample(made)

    return Duel(
        fake=fake,
        real=lambda networks, step: Sample(views(settings, step)[way].target),
        judge=lambda networks, sample, step: networks[discriminator](sample.one),
        name=name,
        together=True,
        generator=maker,
        discriminator=discriminator,
    )


class Ends(NamedTuple):
    """Where a way of translating begins and ends: images (N, C, H, W) of either side."""

    source: Tensor
    target: Tensor


def views(settings: CycleGANSettings, step: Step) -> Mapping[str, Ends]:
    """Both sides of the step's batch, by way; jittered by themselves, once for all turns."""
    batch, found = step.kept.get("views", (None, None))
    if batch is not step.batch:
        a, b = (
            jittered(image, settings.jitter, settings.flip) for image in (step.batch.given["source"], step.batch.image)
        )
        found = {"AtoB": Ends(a, b), "BtoA": Ends(b, a)}
        step.kept["views"] = step.batch, found
    return cast(Mapping[str, Ends], found)


def returning(settings: CycleGANSettings) -> Loss:
    """What the generators lower besides: both ways, at the translations that the duels have just made.

    cycle (E |F(G(a)) - a| + E |G(F(b)) - b|), equation 2, and cycle * identity (E |G(b) - b| + E |F(a) - a|), section
    5.2, which keeps colours where nothing asks for others.
    """

    def loss(networks: Networks, step: Step) -> Terms:
        terms: Terms = {}
        for way, back in (("AtoB", "BtoA"), ("BtoA", "AtoB")):
            source, there = views(settings, step)[way].source, step.kept.pop(WAYS[way])
            if settings.identity:  # in the same pass: a generator is quicker with more images at once
                again, alone = networks[WAYS[back]](torch.cat([there, source.to(there.dtype)])).chunk(2)
                terms[f"identity {back}"] = settings.cycle * settings.identity * apart(alone, source)
            else:
                again = networks[WAYS[back]](there)
            terms[f"cycle {way}"] = settings.cycle * apart(again, source)
        return terms

    return loss


def apart(made: Tensor, wanted: Tensor) -> Tensor:
    """Mean absolute difference, in float32."""
    return (made.float() - wanted).abs().mean()


def draw(networks: Networks, request: Request) -> Tensor:
    """The request's sources (N, C, H, W), of any size, translated its way."""
    if "source" not in request.given:
        raise UsageError(
            "cyclegan makes nothing out of nothing: it translates images.",
            do="gansmith translate RUN IMAGES --out DIR",
        )
    maker = networks[WAYS[request.way]]
    source = request.given["source"].to(next(maker.parameters()))
    size = max(1, DRAWN_PIXELS // math.prod(source.shape[2:]))
    with torch.no_grad():
        return torch.cat([maker(chunk) for chunk in torch.split(source, size)]).float()


def portable(networks: Networks, settings: CycleGANSettings, spec: DataSpec) -> Portable:
    """The way from A to B."""
    return Portable(networks["generator"], [sources(spec, 4, 8)])


def recipe(spec: DataSpec) -> Recipe:
    if max(spec.shape) <= TINY:
        return Recipe(
            {"batch": TOGETHER},
            (f"CycleGAN, but {TOGETHER} images of each side per step, not 1: images this small go twice as fast so",),
        )
    return Recipe(reasons=("CycleGAN, as published: one image of each side per step",))


CYCLEGAN = Family(
    "cyclegan",
    "unpaired translation between two kinds of images",
    CycleGANSettings,
    recipe,
    build,
    kinds=("images",),
    needs="unpaired",
    paper="Zhu et al. 2017",
    data="two folders of images, no pairs",
    conditions=("source",),
    portable=portable,
)
