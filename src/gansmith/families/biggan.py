"""biggan: class-conditional residual networks under spectral normalisation, at any scale (Brock et al. 2019)."""

from __future__ import annotations

import math
from typing import cast

import torch
from pydantic import Field
from torch import Tensor, nn
from torch.func import functional_call

from gansmith.data.spec import DataSpec
from gansmith.errors import UsageError
from gansmith.families.conditions import labels_of
from gansmith.families.family import Family, Recipe
from gansmith.families.portable import Portable, labels, latents, plain, truncations
from gansmith.game.adversarial import adversarial, drawn, latent_of
from gansmith.game.game import Duel, Game, Loss, Networks, Request, Sample, Step, Terms, noise
from gansmith.game.packing import packed_shape
from gansmith.game.quantiles import truncated_plainly
from gansmith.game.settings import AdversarialSettings
from gansmith.game.standing import Standing, normalisations
from gansmith.game.truncation import truncated
from gansmith.networks.biggan import BigGANDiscriminator, BigGANGenerator
from gansmith.networks.spectral import normalise_spectra

PASS = 64  # samples of each pass that statistics are measured on
KNOTS = (0.05, 0.1, 0.15, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.85, 1.0, 1.25, 1.5, 2.0, 3.0, math.inf)  # see Settled
STATISTICS = ("running_mean", "running_var")
FEW = 10_000  # images, below which the logits are held by LeCam


class BigGANSettings(AdversarialSettings):
    """The paper's appendix C, with the authors' values for 32 pixels where they differ."""

    batch: int = Field(50, ge=2, le=65_536, description="images per step")
    z: int = Field(80, ge=1, le=4096, description="size of the latent vector, divided among the start and the blocks")
    objective: str = Field("hinge", description=AdversarialSettings.model_fields["objective"].description)
    lr: float = Field(2e-4, gt=0, le=1, description="generator's learning rate at the start")
    beta1: float = Field(0.0, ge=0, lt=1, description="Adam's momentum")
    g_every: int = Field(2, ge=1, le=100, description="the generator learns every so many steps (D steps)")
    ema: float = Field(
        20.0, ge=0, description="half-life of the generator's average, in thousand images (0: no average)"
    )
    spectral: bool = Field(True, description="spectral normalisation of both networks' weights")
    width: int = Field(32, ge=1, le=1024, description="channels of the finest map, doubled at every halving (the dial)")
    d_width: int | None = Field(None, ge=1, le=1024, description="the same in the discriminator (default: as many)")
    shared: int = Field(128, ge=1, le=4096, description="size of the class vector that all blocks share")
    attention: int | None = Field(
        None, ge=0, description="size of the maps that have self-attention (default: half the image; 0: none)"
    )
    orthogonal: float = Field(1e-4, ge=0, description="weight of orthogonal regularisation of the generator (beta)")
    standing: int = Field(
        16, ge=0, le=1000, description="passes that measure the drawn generator's statistics (0: those of the training)"
    )


def build(settings: BigGANSettings, spec: DataSpec, images: int) -> Game:
    shape = cast(tuple[int, int, int], spec.shape)
    shown = cast(tuple[int, int, int], packed_shape(shape, settings.pack))
    classes = max(1, len(spec.classes))
    generator = BigGANGenerator(
        shape, settings.z, settings.width, classes, settings.shared, attention=settings.attention
    )
    width = settings.d_width or settings.width
    discriminator = BigGANDiscriminator(shown, width, classes, attention=settings.attention)
    if settings.spectral:
        normalise_spectra(generator)
    return adversarial(
        settings,
        {"generator": generator, "discriminator": discriminator},
        [duel(settings, labelled=bool(spec.classes))],
        images,
        shape,
        draw=Drawing(settings, spec),
        g_losses={"orthogonality": orthogonality(settings.orthogonal)} if settings.orthogonal else {},
    )


def duel(settings: BigGANSettings, *, labelled: bool) -> Duel:
    """Fakes of the batch's own classes; unlabelled images are all of one."""

    def classes(step: Step) -> dict[str, Tensor]:
        label = step.batch.label if labelled else None
        if label is None:
            label = torch.zeros(len(step.batch), dtype=torch.int64, device=step.batch.image.device)
        return {"label": label}

    def fake(networks: Networks, step: Step) -> Sample:
        given = classes(step)
        latent = noise(len(step.batch), settings.z, settings.prior).to(step.batch.image.device)
        return Sample(networks["generator"](latent, given["label"]), given)

    return Duel(
        fake,
        lambda networks, step: Sample(step.batch.image, classes(step)),
        lambda networks, sample, step: networks["discriminator"](sample.one, sample.given["label"]),
        together=True,
        conditional=True,
    )


def orthogonality(weight: float) -> Loss:
    """beta times the sum of (w_i . w_j)^2 over different i, j, for all the generator's weights (ibid., eq. 3).

    Of each matrix's columns or rows, whichever are fewer; the class vectors go free, as in the authors' code.
    """

    def loss(networks: Networks, step: Step) -> Terms:
        generator = networks["generator"]
        free = {id(parameter) for parameter in generator.get_submodule("classes").parameters()}
        with torch.autocast(step.batch.image.device.type, enabled=False):
            overlaps = [overlap(w) for w in generator.parameters() if w.dim() > 1 and id(w) not in free]
        return {"loss": weight * torch.stack(overlaps).sum()}

    return loss


def overlap(weight: Tensor) -> Tensor:
    """|W^T W, its diagonal left out|^2 of a weight (outputs, ...), or of its transpose where that is smaller."""
    matrix = weight.flatten(1)
    if matrix.shape[0] < matrix.shape[1]:
        matrix = matrix.t()
    gram = matrix.t() @ matrix
    return gram.square().sum() - gram.diagonal().square().sum()


class Drawing:
    """How samples are drawn: labels by their share where none are asked for, given["truncation"] (N,) at no more.

    The statistics the generator normalises by are measured on such latents and labels.
    """

    def __init__(self, settings: BigGANSettings, spec: DataSpec) -> None:
        self.settings, self.spec, self.standing = settings, spec, Standing(settings.standing)

    def __call__(self, networks: Networks, request: Request) -> Tensor:
        limits = self.limits(request)
        latents = truncated(latent_of(request, self.settings).float(), limits)
        labels = self.labels(request)
        found: list[tuple[Tensor, Tensor]] = []
        for limit in sorted(set(limits.tolist())):
            rows = (limits == limit).nonzero()[:, 0]
            part = Request(len(rows), latent=latents[rows])
            at = {**networks, "generator": self.settled(networks["generator"], limit)}
            found.append((rows, drawn(at, part, self.settings, labels[rows])))
        order = torch.cat([rows for rows, _ in found]).argsort()
        images = torch.cat([image for _, image in found])
        return images[order.to(images.device)]

    def labels(self, request: Request) -> Tensor:
        return labels_of(request, self.spec) if self.spec.classes else torch.zeros(request.count, dtype=torch.int64)

    def limits(self, request: Request) -> Tensor:
        limits = request.given.get("truncation")
        if limits is None:
            return torch.full((request.count,), math.inf)
        if self.settings.prior != "normal":
            raise UsageError(
                f"Latents of a {self.settings.prior} distribution cannot be truncated.",
                do="train with prior=normal, or leave --truncation out",
            )
        return limits

    def settled(self, generator: nn.Module, limit: float) -> nn.Module:
        chance = torch.Generator().manual_seed(0)

        def show(one: nn.Module) -> None:
            latent = noise(PASS, self.settings.z, self.settings.prior, chance)
            seed = int(torch.randint(2**31, (), generator=chance))
            request = Request(PASS, seed, truncated(latent, torch.full((PASS,), limit)))
            drawn({"generator": one}, request, self.settings, self.labels(request))

        return self.standing(generator, show, limit)


class Settled(Portable):
    """Latents, labels, and one truncation for all, which the latents and the statistics follow.

    Statistics are those measured at KNOTS; between two of them on the straight line between theirs, by the share of a
    normal distribution that the limit leaves.
    """

    def __init__(self, networks: Networks, settings: BigGANSettings, spec: DataSpec) -> None:
        limits = KNOTS if settings.prior == "normal" else (math.inf,)
        words = "the largest value of a latent, infinity for none"
        wished = [truncations(words)] if settings.prior == "normal" else []
        generator, drawing = networks["generator"], Drawing(settings, spec)
        super().__init__(drawing.settled(generator, math.inf), [latents(settings), labels(spec), *wished])
        settled = [plain(drawing.settled(generator, limit)) for limit in limits]
        shares = torch.tensor(limits).div(math.sqrt(2)).erf()
        self.register_buffer("shares", shares)
        self.names = [name for name, norm in self.generator.named_modules() if norm in normalisations(self.generator)]
        for place, name in enumerate(self.names):
            for kind in STATISTICS:
                known = torch.stack([one.get_submodule(name).get_buffer(kind) for one in settled])
                self.register_buffer(f"{kind}{place}", known)

    def forward(self, *given: Tensor) -> Tensor:
        latent, label, *truncation = given
        if not truncation:
            return super().forward(latent, label)
        (limit,) = truncation
        shares = self.get_buffer("shares")
        share = torch.erf(limit.clamp(min=0) / math.sqrt(2))
        come = ((share - shares[:-1]) / (shares[1:] - shares[:-1])).clamp(0, 1)  # of each line, how much lies behind
        between = {
            f"{name}.{kind}": known[0] + come @ (known[1:] - known[:-1])
            for place, name in enumerate(self.names)
            for kind in STATISTICS
            for known in [self.get_buffer(f"{kind}{place}")]
        }
        made: Tensor = functional_call(self.generator, between, (truncated_plainly(latent, limit), label))
        return made.float()


def recipe(spec: DataSpec) -> Recipe:
    values: dict[str, float] = {}
    reasons = ["BigGAN, as published, its width a dial: 96 and large batches are for several GPUs"]
    if not spec.classes:
        reasons.append("no labels: all images are of one class")
    if spec.count < FEW:
        values["lecam"] = 0.3
        reasons.append("lecam=0.3: few images, so the discriminator is held near what it lately said")
    return Recipe(values, tuple(reasons), augment_beyond=50)


BIGGAN = Family(
    "biggan",
    "class-conditional GAN with truncation, at any scale",
    BigGANSettings,
    recipe,
    build,
    kinds=("images",),
    paper="Brock et al. 2019",
    data="images in classes; others as one class",
    conditions=("label", "truncation"),
    truncations=(0.1, 0.3, 0.5, 0.7, 1.0, 1.5, 2.0, math.inf),
    portable=Settled,
)
