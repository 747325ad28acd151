"""cgan: images of a wanted class, or of what a caption says: the robust recipe, told what each image is to be.

The discriminator weighs the condition against its features (Miyato & Koyama 2018), has it beside the image (Mirza &
Osindero 2014), or is not told and names the class itself (Odena et al. 2017). Captions are read by a network of their
own, which learns in the discriminator's turn, where wrong captions count as fake (Reed et al. 2016).
"""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import Literal, Self, cast

import torch
from pydantic import Field, model_validator
from torch import Tensor, nn

from gansmith.data.spec import DataSpec
from gansmith.errors import UsageError
from gansmith.families.conditions import captions_of, labels_of
from gansmith.families.family import Family, Recipe
from gansmith.families.portable import ROWS, Input, Portable, labels, latents
from gansmith.families.robust import RobustSettings
from gansmith.families.robust import recipe as robust_recipe
from gansmith.game.adversarial import adversarial, drawn
from gansmith.game.game import Duel, Game, Loss, Networks, Request, Sample, Step, Terms, noise
from gansmith.game.mismatch import Weighed, mismatched
from gansmith.game.packing import packed_shape
from gansmith.losses.objectives import OBJECTIVES
from gansmith.networks.clip import CLIPText
from gansmith.networks.conditional import (
    AuxiliaryDiscriminator,
    ConcatDiscriminator,
    Condition,
    JoinedGenerator,
    LabelCondition,
    ProjectionDiscriminator,
    SteeredGenerator,
)
from gansmith.networks.residual import SLOPE
from gansmith.networks.text import SentenceCondition, TextEncoder


class CGANSettings(RobustSettings):
    """The robust recipe, and how the condition is used."""

    form: Literal["projection", "concat", "auxiliary"] = Field(
        "projection", description="the discriminator weighs the condition, has it beside the image, or names the class"
    )
    condition_by: Literal["embedding", "batch", "modulation"] = Field(
        "embedding",
        description="the generator has the condition joined to the latent vector, in its batch normalisation, "
        "or as scale and shift",
    )
    condition_size: int = Field(64, ge=1, le=4096, description="size of the vector a condition becomes")
    naming: float = Field(1.0, gt=0, description="weight of naming the class, where form=auxiliary")
    condition: Literal["auto", "label", "caption"] = Field(
        "auto", description="what the networks are told of images that have both (auto: the caption)"
    )
    text: Literal["own", "clip"] = Field(
        "own", description="who reads captions: a network that learns with the others, or a frozen CLIP"
    )
    clip: str = Field(
        "openai/clip-vit-base-patch32", description="which CLIP: a folder, or a name in the cache of Hugging Face"
    )
    mismatch: float = Field(
        0.5, ge=0, description="weight of telling a real image's caption from wrong ones (0: off); captions only"
    )

    @model_validator(mode="after")
    def _one_class_per_image(self) -> Self:
        if self.form == "auxiliary" and self.pack > 1:
            raise UsageError(
                f"A pack of {self.pack} has no one class to be named.",
                do="form=projection or form=concat, or leave out pack=",
            )
        return self


def build(settings: CGANSettings, spec: DataSpec, images: int) -> Game:
    text, auxiliary = told_captions(settings, spec), settings.form == "auxiliary"
    networks = {"generator": generator(settings, spec), "discriminator": discriminator(settings, spec)}
    d_losses = {"naming": naming(settings.naming, of_fakes=False)} if auxiliary else {}
    if text:
        size = settings.condition_size
        networks["text"] = CLIPText(size, settings.clip) if settings.text == "clip" else TextEncoder(size)
        if settings.mismatch:
            d_losses["mismatch"] = mismatched(OBJECTIVES[settings.objective], settings.mismatch, settings.pack)
    game = adversarial(
        settings,
        networks,
        [duel(settings)],
        images,
        spec.shape,
        draw=partial(draw, settings=settings, spec=spec),
        d_losses=d_losses,
        g_losses={"naming": naming(settings.naming, of_fakes=True)} if auxiliary else {},
        d_learners=("text",) if text else (),
    )
    # An averaged generator understands the average of what captions meant while it was averaged.
    return replace(game, averaged=(*game.averaged, "text")) if text and settings.ema else game


def told_captions(settings: CGANSettings, spec: DataSpec) -> bool:
    """Whether captions are the condition. Raises UsageError where they cannot be."""
    if settings.condition == "label" or not (spec.caption_bytes or settings.condition == "caption"):
        return False
    if not spec.caption_bytes:
        raise UsageError("There are no captions to be told.", do="leave out condition=caption, or give name.txt files")
    if settings.form != "projection":
        raise UsageError(
            f"form={settings.form} is for classes.",
            why="a caption is one of endlessly many, and is weighed against wrong ones",
            do="leave out form=, or condition=label where the images have classes, too",
        )
    return True


def condition(settings: CGANSettings, spec: DataSpec) -> Condition:
    """A fresh condition for what comes with this data's images."""
    if told_captions(settings, spec):
        return SentenceCondition(settings.condition_size, settings.condition_size)
    return LabelCondition(len(spec.classes), settings.condition_size)


def generator(settings: CGANSettings, spec: DataSpec) -> nn.Module:
    shape = cast(tuple[int, int, int], spec.shape)
    sizes = (settings.z, settings.width, settings.depth, SLOPE if settings.slope is None else settings.slope)
    if settings.condition_by == "embedding":
        return JoinedGenerator(condition(settings, spec), shape, *sizes)
    return SteeredGenerator(condition(settings, spec), shape, *sizes, norm=settings.condition_by == "batch")


def discriminator(settings: CGANSettings, spec: DataSpec) -> nn.Module:
    shape = cast(tuple[int, int, int], packed_shape(spec.shape, settings.pack))
    slopes = (settings.d_slope, settings.slope, SLOPE)
    slope = next(slope for slope in slopes if slope is not None)
    sizes = (settings.d_width or settings.width, settings.d_depth or settings.depth, slope)
    if settings.form == "auxiliary":
        return AuxiliaryDiscriminator(len(spec.classes), shape, *sizes)
    form = ProjectionDiscriminator if settings.form == "projection" else ConcatDiscriminator
    return form(condition(settings, spec), shape, *sizes)


def told(network: nn.Module, x: Tensor, given: dict[str, Tensor]) -> Tensor:
    """What a network makes of x under what is given."""
    return network(x, network.get_submodule("condition")(given))


def duel(settings: CGANSettings) -> Duel:
    """Fakes are made for the very conditions of the batch, so that a relativistic pair is one of the same class."""

    def fake(networks: Networks, step: Step) -> Sample:
        latent = noise(len(step.batch), settings.z, settings.prior).to(step.batch.image.device)
        for kept in ("named", "weighed", "sentence"):  # every turn begins with its fakes
            step.kept.pop(kept, None)
        given = asked(networks, step)
        return Sample(told(networks["generator"], latent, given), given)

    def weigh(networks: Networks, sample: Sample, step: Step) -> Tensor:
        if "sentence" not in sample.given:
            return told(networks["discriminator"], sample.one, dict(sample.given))
        judge = cast(ProjectionDiscriminator, networks["discriminator"])
        found = Weighed(*judge.parts(sample.one), judge.condition(sample.given), sample.given["caption"])
        step.kept.setdefault("weighed", []).append(found)
        return found.logits

    def name(networks: Networks, sample: Sample, step: Step) -> Tensor:
        logits, names = cast(AuxiliaryDiscriminator, networks["discriminator"]).both(sample.one)
        step.kept.setdefault("named", []).append((names, sample.given["label"]))
        return logits

    return Duel(
        fake=fake,
        real=lambda networks, step: Sample(step.batch.image, asked(networks, step)),
        judge=name if settings.form == "auxiliary" else weigh,
        together=True,
        conditional=True,
    )


def asked(networks: Networks, step: Step) -> dict[str, Tensor]:
    """The condition of the batch; captions as the sentences they are, read once in a turn."""
    if "text" not in networks:
        return {"label": step.batch.conditions["label"]}
    captions = step.batch.given["caption"]
    if "sentence" not in step.kept:
        with torch.enable_grad():  # samples are made outside the graph; their sentences are judged, too
            step.kept["sentence"] = networks["text"](captions)
    return {"caption": captions, "sentence": step.kept["sentence"]}


def naming(weight: float, *, of_fakes: bool) -> Loss:
    """weight times the cross entropy of the classes as the duel's judge named them (Odena et al. 2017, eq. 3).

    Of what it was shown first: reals and fakes in the discriminator's turn, fakes in the generator's. Later it is
    shown some again, for a penalty or to be compared with.
    """

    def loss(networks: Networks, step: Step) -> Terms:
        count = len(step.batch) * (1 if of_fakes else 2)
        names, labels = (torch.cat(heard)[:count] for heard in zip(*step.kept.pop("named"), strict=True))
        names = names.float()
        step.note("naming/right", (names.argmax(1) == labels).float().mean())
        return {"loss": weight * nn.functional.cross_entropy(names, labels)}

    return loss


def draw(networks: Networks, request: Request, *, settings: CGANSettings, spec: DataSpec) -> Tensor:
    """Samples of the labels or captions asked for, or of some as the data has them.

    Raises UsageError where only the condition it was not told is stated.
    """
    wanted = networks["generator"].get_submodule("condition")
    device = next(wanted.parameters()).device
    told, other = ("caption", "label") if "text" in networks else ("label", "caption")
    if other in request.given and told not in request.given:
        raise UsageError(f"This run was told a {told} for each image, not a {other}.", do=f"state a {told} instead")
    with torch.set_grad_enabled(request.tracked):
        if "sentence" in request.given:
            given = {"sentence": request.given["sentence"].to(device)}
        elif told == "caption":
            given = {"sentence": networks["text"](captions_of(request, spec).to(device))}
        else:
            given = {"label": labels_of(request, spec).to(device)}
        return drawn(networks, request, settings, wanted(given))


class Told(Portable):
    """Latents, and a label or what the text's reader made of a caption, each a number or a vector per sample."""

    def __init__(self, networks: Networks, settings: CGANSettings, spec: DataSpec) -> None:
        sizes = f"(N, {settings.condition_size}) float32, a caption as the run's own reader understands it"
        sentence = Input("sentence", "sentence", sizes, partial(_some_sentences, networks, spec), ROWS)
        told = sentence if "text" in networks else labels(spec)
        super().__init__(networks["generator"], [latents(settings), told])

    def forward(self, *given: Tensor) -> Tensor:
        return told(self.generator, given[0], {self.inputs[1].name: given[1]}).float()


def _some_sentences(networks: Networks, spec: DataSpec, count: int, chance: torch.Generator) -> Tensor:
    request = Request(count, int(torch.randint(2**31, (), generator=chance)))
    with torch.no_grad():
        return cast(Tensor, networks["text"](captions_of(request, spec))).float()


def recipe(spec: DataSpec) -> Recipe:
    return robust_recipe(spec)


CGAN = Family(
    "cgan",
    "conditional GAN: the robust recipe, told what to make",
    CGANSettings,
    recipe,
    build,
    kinds=("images",),
    needs="labels or captions",
    paper="Mirza & Osindero 2014; Miyato & Koyama 2018; Reed et al. 2016",
    data="images in classes, or with captions",
    conditions=("label", "caption"),
    guard=("explosion", "mode_collapse"),
    portable=Told,
)
