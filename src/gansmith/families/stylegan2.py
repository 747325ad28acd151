"""stylegan2: style-based synthesis with adaptive augmentation (StyleGAN2-ADA; Karras et al. 2020 a, b)."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any, cast

import torch
from pydantic import Field
from torch import Tensor

from gansmith.data.spec import DataSpec
from gansmith.errors import UsageError
from gansmith.families.conditions import labels_of
from gansmith.families.family import Family, Recipe
from gansmith.families.portable import Portable, labels, latents, truncations
from gansmith.game.adversarial import CHUNK, NOTHING, adversarial, latent_of
from gansmith.game.game import Duel, Game, Networks, Request, Sample, Step, noise
from gansmith.game.packing import packed_shape
from gansmith.game.pathlength import PathLength, follow_lengths, path_turn
from gansmith.game.settings import AdversarialSettings
from gansmith.networks.mapping import truncated
from gansmith.networks.residual import pyramid
from gansmith.networks.stylegan2 import StyleDiscriminator, StyleGenerator, channels

FEW = 10_000  # images, below which augmentation follows overfitting
BUSY = 2**21  # values of the finest map, of all samples drawn at once: more leave the processor's cache
NOISE = 2  # added to the seed: noise is drawn independently of latents and labels


class StyleGAN2Settings(AdversarialSettings):
    """The paper's, for one GPU and up to 512 pixels; what goes by size, batch and device is in `recipe`."""

    batch: int = Field(32, ge=2, le=65_536, description="images per step")
    z: int = Field(512, ge=1, le=4096, description="size of the latent vector")
    penalty: str = Field("r1", description=AdversarialSettings.model_fields["penalty"].description)
    penalty_every: int = Field(16, ge=1, le=64, description="steps between penalties, their weight multiplied to match")
    lr: float = Field(2.5e-3, gt=0, le=1, description=AdversarialSettings.model_fields["lr"].description)
    beta1: float = Field(0.0, ge=0, lt=1, description="Adam's momentum")
    beta2: float = Field(0.99, gt=0, lt=1, description="Adam's memory of squared gradients at the start")
    ema: float = Field(
        10.0, ge=0, description="half-life of the generator's average, in thousand images (0: no average)"
    )
    minibatch_std: bool = Field(True, description=AdversarialSettings.model_fields["minibatch_std"].description)
    size_dial: float = Field(
        1.0, gt=0, le=4, description="channels of both networks, as a share of the paper's (default: by the device)"
    )
    widest: int = Field(512, ge=8, le=4096, description="channels on the coarse grids, before the dial")
    base: int = Field(
        16_384, ge=8, le=2**20, description="channels times pixels on the fine ones; the large model: 32768"
    )
    w: int | None = Field(None, ge=1, le=4096, description="size of the styles (default: as z)")
    depth: int = Field(2, ge=1, le=16, description="layers of the mapping network; the large model: 8")
    noise_inputs: bool = Field(True, description="add noise to the generator's maps, as loud as it learns")
    mixing: float = Field(0.9, ge=0, le=1, description="chance that an image is made of two latents' styles")
    path_length: float = Field(2.0, ge=0, description="weight of path length regularisation (0: off)")
    path_every: int = Field(4, ge=1, le=64, description="steps between its turns, its weight multiplied to match")


def build(settings: StyleGAN2Settings, spec: DataSpec, images: int) -> Game:
    shape = cast(tuple[int, int, int], spec.shape)
    shown = cast(tuple[int, int, int], packed_shape(shape, settings.pack))
    widths = channels(pyramid(*shape[1:]), settings.base, settings.widest, settings.size_dial)
    told = {"depth": settings.depth, "classes": len(spec.classes)}
    networks = {
        "generator": StyleGenerator(
            shape, settings.z, settings.w or settings.z, widths, noisy=settings.noise_inputs, **told
        ),
        "discriminator": StyleDiscriminator(shown, widths, spread=settings.minibatch_std, **told),
    }
    paths = path_turn(partial(styles, settings), painted, settings.path_length, settings.path_every)
    return adversarial(
        settings,
        networks,
        [duel(settings, labelled=bool(spec.classes))],
        images,
        shape,
        draw=partial(draw, settings, spec),
        turns=[paths] if settings.path_length else [],
        memories={"path_length": (PathLength(), follow_lengths)} if settings.path_length else {},
    )


def duel(settings: StyleGAN2Settings, *, labelled: bool) -> Duel:
    """Fakes of the batch's own classes, where there are some."""

    def given(step: Step) -> dict[str, Tensor]:
        return {} if step.batch.label is None or not labelled else {"label": step.batch.label}

    def fake(networks: Networks, step: Step) -> Sample:
        latent, label = fresh(settings, step, len(step.batch))
        return Sample(networks["generator"](latent, label, settings.mixing), given(step))

    return Duel(
        fake,
        lambda networks, step: Sample(step.batch.image, given(step)),
        lambda networks, sample, step: networks["discriminator"](sample.one, sample.given.get("label")),
        together=True,
        conditional=labelled,
    )


def fresh(settings: StyleGAN2Settings, step: Step, count: int) -> tuple[Tensor, Tensor | None]:
    """Latents (count, z) for the batch's first classes."""
    latent = noise(count, settings.z, settings.prior).to(step.batch.image.device)
    return latent, None if step.batch.label is None else step.batch.label[:count]


def styles(settings: StyleGAN2Settings, networks: Networks, step: Step, count: int) -> Tensor:
    """Fresh ones, (count, layers, w), some mixed of two latents."""
    return cast(StyleGenerator, networks["generator"]).styles(*fresh(settings, step, count), settings.mixing)


def painted(networks: Networks, styles: Tensor) -> Tensor:
    return cast(StyleGenerator, networks["generator"]).painted(styles, "random")


def draw(settings: StyleGAN2Settings, spec: DataSpec, networks: Networks, request: Request) -> Tensor:
    """Samples of given["styles"], (N, layers, w), or of latents: their styles go by given["truncation"], psi (N,)."""
    generator = cast(StyleGenerator, networks["generator"])
    device = generator.mapping.mean.device
    chance = torch.Generator().manual_seed((request.seed + NOISE) % 2**63)
    with torch.set_grad_enabled(request.tracked):
        asked = request.given.get("styles")
        found = styles_of(generator, settings, spec, request) if asked is None else fitting(asked, generator)
        chunks = torch.split(found.to(device), at_once(generator))
        return torch.cat([generator.painted(chunk, request.noise, chance) for chunk in chunks]).float()


def styles_of(generator: StyleGenerator, settings: StyleGAN2Settings, spec: DataSpec, request: Request) -> Tensor:
    """A request's styles, (N, layers, w)."""
    mapping = generator.mapping
    latent = latent_of(request, settings).to(mapping.mean)
    label = labels_of(request, spec).to(latent.device) if spec.classes else None
    w = mapping(latent, label)
    if (psi := request.given.get("truncation")) is not None:
        w = truncated(w, mapping.mean, psi.to(w))
    return w[:, None].expand(-1, generator.synthesis.layers, -1)


def fitting(asked: Tensor, generator: StyleGenerator) -> Tensor:
    """The styles asked for. Raises UsageError where they are not this generator's."""
    layers, w = generator.synthesis.layers, len(generator.mapping.mean)
    if asked.dim() != 3 or asked.shape[1:] != (layers, w):
        raise UsageError(f"Styles {tuple(asked.shape)} do not fit.", do=f"(N, {layers}, {w}), a style for every layer")
    return asked


def at_once(generator: StyleGenerator) -> int:
    """Samples made at once: as many as stay in the processor's cache, 8 to CHUNK."""
    return max(8, min(CHUNK, BUSY // generator.synthesis.finest))


class Styled(Portable):
    """Latents, labels where there are some, and psi; noise is the same for all samples."""

    def __init__(self, networks: Networks, settings: StyleGAN2Settings, spec: DataSpec) -> None:
        psi = truncations("psi: 1 as it is, 0 the most typical of all")
        super().__init__(networks["generator"], [latents(settings), *([labels(spec)] if spec.classes else []), psi])

    def forward(self, *given: Tensor) -> Tensor:
        generator = cast(StyleGenerator, self.generator)
        latent, *label, psi = given
        w = generator.mapping(latent, *label)
        w = truncated(w, generator.mapping.mean, psi.expand(w.shape[0]))
        return generator.painted(w[:, None].expand(-1, generator.synthesis.layers, -1), "fixed").float()


@dataclass(frozen=True)
class Size:
    """What the authors' code chooses up to so many pixels a side; its further values are the settings' defaults.

    gamma: weight of the penalty; None: `GAMMA` times pixels over batch. ema: in thousand images; None: 10/32 of batch.
    """

    pixels: float
    batch: int
    base: int
    lr: float
    gamma: float | None
    ema: float | None
    path_length: float
    mixing: float

    def weight(self, area: int, batch: int) -> float:
        """Of the penalty, for images of so many pixels in all."""
        return GAMMA * area / batch if self.gamma is None else self.gamma


# `auto` for one GPU (Karras et al. 2020 b, appendix C), and up to 32 pixels `cifar`.
SIZES = (
    #    pixels  batch    base       lr  gamma    ema  path_length  mixing
    Size(    32,    64, 32_768, 0.0025,  0.01, 500.0,         0.0,    0.0),
    Size(   128,    32, 16_384, 0.0025,  None,  None,         2.0,    0.9),
    Size(   256,    16, 16_384, 0.0025,  None,  None,         2.0,    0.9),
    Size(   511,     8, 16_384, 0.0025,  None,  None,         2.0,    0.9),
    Size(   512,     8, 32_768, 0.0025,  None,  None,         2.0,    0.9),
    Size(math.inf,   4, 32_768, 0.0020,  None,  None,         2.0,    0.9),
)  # fmt: skip
GAMMA = 0.0002
LEAST = 1.0  # weight of the penalty where there is no time for millions of images: less, and the discriminator wins
DIALS = {"cuda": 1.0, "mps": 0.5, "cpu": 0.125}  # of the paper's channels: about what a device trains overnight


def recipe(spec: DataSpec, device: str = "cpu", wishes: Mapping[str, Any] = NOTHING) -> Recipe:
    """The published choices for this size, and a dial for this device. wishes: settings chosen by hand."""
    height, width = spec.shape[1:]
    size = next(row for row in SIZES if math.sqrt(height * width) <= row.pixels)
    dial = DIALS.get(device, DIALS["cpu"])
    small = dial < 1
    usual = min(size.batch, 32) // 2 if small else size.batch
    batch = StyleGAN2Settings.read({"batch": wishes.get("batch", usual)}).batch
    gamma = max(size.weight(height * width, batch), LEAST if small else 0.0)
    values: dict[str, Any] = {
        **{"batch": batch, "base": size.base, "lr": size.lr, "gamma": gamma, "size_dial": dial},
        **{"ema": batch * 10 / 32 if size.ema is None else size.ema},
        **{"path_length": size.path_length, "mixing": size.mixing},
    }
    reasons = [f"learning rate {size.lr:g}, average and channels as published for this size"]
    if not size.path_length:
        reasons.append(f"no path lengths and no mixing up to {size.pixels:g} pixels, as published for CIFAR-10")
    if small:
        values |= {"penalty_every": 8}
        reasons.append(f"size_dial={dial:g}: that share of the published channels, for this {device}; 1 asks for a GPU")
        reasons.append(
            f"batch {batch}, penalty {gamma:.3g} at every 8th step, for thousands of images; for the millions of the "
            f"paper: batch {size.batch}, penalty {size.weight(height * width, size.batch):.3g} at every 16th"
        )
    else:
        reasons.append(f"batch {batch}, penalty {gamma:.3g}, as published")
    if spec.count < FEW:
        values |= {"augment": "bgc", "ada": 0.6}
        reasons.append("ada=0.6: few images, so both sides are augmented, as often as overfitting asks for")
    return Recipe(values, tuple(reasons))


STYLEGAN2 = Family(
    "stylegan2",
    "styles, mixed and truncated, under adaptive augmentation",
    StyleGAN2Settings,
    recipe,
    build,
    kinds=("images",),
    paper="Karras et al. 2020 (StyleGAN2, ADA)",
    data="images; in classes, where they are",
    conditions=("label", "truncation", "styles", "noise"),
    truncations=(0.0, 0.25, 0.5, 0.7, 0.85, math.inf),
    fitted=recipe,
    portable=Styled,
)
