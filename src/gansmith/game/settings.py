"""Settings every GAN shares: what a user may change as `key=value`, in words, with the ranges that make sense."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar, Literal, Self

from pydantic import Field, ValidationInfo, field_validator, model_validator

from gansmith.errors import UsageError, closest
from gansmith.losses.ada import STANDARD
from gansmith.losses.augmentation import augmentation
from gansmith.losses.diffaugment import KINDS
from gansmith.losses.objectives import OBJECTIVES, sides_of
from gansmith.losses.penalties import PENALTIES
from gansmith.settings import Settings


class TrainingSettings(Settings):
    """What a user may set for anything that is trained."""

    batch: int = Field(64, ge=1, le=65_536, description="images per step")


class LearningSettings(TrainingSettings):
    """And for anything that learns, by gradients, to make samples of latents."""

    z: int = Field(64, ge=1, le=4096, description="size of the latent vector")
    prior: Literal["normal", "uniform", "spherical"] = Field("normal", description="distribution of the latent vector")
    lr: float = Field(2e-4, gt=0, le=1, description="learning rate at the start (of both sides, where there are two)")
    lr_end: float | None = Field(None, gt=0, le=1, description="learning rate at the end (default: as at the start)")
    lr_fall: Literal["cosine", "late"] = Field(
        "cosine", description="how it falls to lr_end: by a cosine, or straight over the second half (there to 0 too)"
    )
    beta1: float = Field(0.5, ge=0, lt=1, description="Adam's momentum")
    beta2: float = Field(0.999, gt=0, lt=1, description="Adam's memory of squared gradients at the start")
    beta2_end: float | None = Field(None, gt=0, lt=1, description="the same at the end (default: as at the start)")
    anneal: float = Field(0.8, gt=0, le=1, description="share of the training over which gamma and beta2 move")
    ema: float = Field(
        0.0, ge=0, description="half-life of the generator's average, in thousand images (0: no average)"
    )


class AdversarialSettings(LearningSettings):
    """What a user may set for any GAN, as `key=value`. Defaults are the plain GAN's; families override them.

    `discriminator.lr` and `generator.lr` are other names of `d_lr` and `lr`, and so on for every such pair.
    """

    prefixes: ClassVar[Mapping[str, str]] = {"discriminator.": "d_", "generator.": ""}

    objective: str = Field("non-saturating", description=f"one of {', '.join(OBJECTIVES)}")
    penalty: str = Field("none", description=f"none, or one of {', '.join(PENALTIES)}")
    gamma: float = Field(1.0, ge=0, description="weight of the penalty at the start")
    gamma_end: float | None = Field(
        None, ge=0, description="weight of the penalty at the end (default: as at the start)"
    )
    drift: float = Field(
        0.0, ge=0, description="weight of the squared logits of reals: keeps them near 0 where only differences count"
    )
    penalty_every: int = Field(1, ge=1, le=64, description="steps between penalties, their weight multiplied to match")
    penalty_share: float = Field(1.0, gt=0, le=1, description="share of each batch the penalty is measured on")
    d_lr: float | None = Field(
        None, gt=0, lt=1, description="discriminator's learning rate at the start (default: as lr), falling as lr does"
    )
    ada: float = Field(
        0.0,
        ge=0,
        lt=1,
        description="adaptive augmentation (ADA): `augment`, or `bgc`, only as often as keeps the discriminator's "
        "overfitting at this value, e.g. 0.6 (0: as often as augment_p says)",
    )
    augment: str = Field(
        "",
        validate_default=True,
        description="augmentations both sides are shown: DiffAugment's, colour,translation,cutout, or ADA's, e.g. bgc",
    )
    augment_p: float = Field(
        1.0, gt=0, le=1, description="share of the images each augmentation is applied to; beyond 0.8 ADA's leak"
    )
    noise: float = Field(0.0, ge=0, description="instance noise at the start, fading to 0 over the training")
    smooth: float = Field(0.0, ge=0, lt=1, description="label smoothing of reals: 0.1 labels them 0.9")
    smooth_fake: float = Field(0.0, ge=0, lt=1, description="label smoothing of fakes: 0.1 labels them 0.1")
    flip_labels: float = Field(0.0, ge=0, lt=0.5, description="chance of a wrong label")
    d_every: int = Field(1, ge=1, le=100, description="the discriminator learns every so many steps")
    g_every: int = Field(1, ge=1, le=100, description="the generator learns every so many steps (WGAN's n_critic)")
    skip_d: float = Field(
        1.0, gt=0, le=1, description="skip the discriminator while it sees through more fakes than this"
    )
    pretrain_d: float = Field(0.0, ge=0, description="thousand images on which the discriminator learns alone first")
    pack: int = Field(1, ge=1, le=4, description="samples the discriminator judges together (PacGAN)")
    minibatch_std: bool = Field(False, description="show the discriminator how far the samples of a batch lie apart")
    spectral: bool = Field(False, description="spectral normalisation of the discriminator's weights")
    lecam: float = Field(0.0, ge=0, description="weight of the LeCam regulariser on the logits, e.g. 0.3 (0: off)")
    history: float = Field(0.0, ge=0, lt=1, description="share of the discriminator's fakes taken from earlier steps")
    lookahead: int = Field(
        0,
        ge=0,
        le=100_000,
        description="Lookahead-minimax: steps between two returns towards the slow weights (0: off)",
    )
    lookahead_alpha: float = Field(0.5, gt=0, le=1, description="how far the slow weights then go to meet the fast")
    feature_matching: float = Field(
        0.0, ge=0, description="weight of matching the mean of the discriminator's last features, e.g. 0.01 (0: off)"
    )

    @field_validator("objective")
    @classmethod
    def _known_objective(cls, name: str) -> str:
        if name not in OBJECTIVES:
            raise ValueError(closest(name, OBJECTIVES))
        return name

    @field_validator("penalty")
    @classmethod
    def _known_penalty(cls, name: str) -> str:
        if name != "none" and name not in PENALTIES:
            raise ValueError(closest(name, [*PENALTIES, "none"]))
        return name

    @field_validator("augment")
    @classmethod
    def _known_augmentations(cls, kinds: str, info: ValidationInfo) -> str:
        kinds = kinds or (STANDARD if info.data.get("ada") else "")
        augmentation(kinds)
        return kinds

    @model_validator(mode="before")
    @classmethod
    def _once_all_of_diffaugment(cls, values: Any) -> Any:
        """In older runs, which know no augment_p, ada without augment meant DiffAugment's kinds."""
        if isinstance(values, Mapping) and values.get("augment") == "" and "augment_p" not in values:
            return {**values, "augment": ",".join(KINDS) if values.get("ada") else ""}
        return values

    @field_validator("d_lr", mode="before")
    @classmethod
    def _once_a_multiple(cls, value: Any) -> Any:
        """In older runs d_lr was a multiple of lr, and 1 its default; no rate of 1 was ever meant."""
        return None if value == 1 else value

    @model_validator(mode="after")
    def _possible_together(self) -> Self:
        objective = OBJECTIVES[self.objective]
        if self.smooth or self.smooth_fake:
            sides_of(objective, "label smoothing")
        if self.flip_labels:
            sides_of(objective, "label noise")
        if self.smooth + self.smooth_fake >= 1:
            raise UsageError(
                f"smooth={self.smooth:g} and smooth_fake={self.smooth_fake:g} leave no difference between the labels.",
                why=f"reals would count {1 - self.smooth:g}, fakes {self.smooth_fake:g}",
                do="values that add up to less than 1, e.g. 0.1 each",
            )
        if self.ada and self.augment_p < 1:
            raise UsageError(
                f"Augmentation cannot be adaptive (ada={self.ada:g}) and fixed (augment_p={self.augment_p:g}).",
                why="either the discriminator's overfitting says how often images are augmented, or you do",
                do="leave out one of them",
            )
        if self.batch % self.pack:
            raise UsageError(
                f"A batch of {self.batch} does not divide into packs of {self.pack}.",
                do=f"batch={max(1, self.batch // self.pack) * self.pack}",
            )
        if self.skip_d < 1 and not (objective.relative or objective.signed):
            raise UsageError(
                f"Under objective={self.objective} nobody can say how many fakes the discriminator sees through.",
                why="only differences of its logits mean something, not their sign",
                do="leave out skip_d=, or d_every=2",
            )
        if self.minibatch_std and self.batch < 2 * self.pack:
            raise UsageError(
                f"With minibatch_std, a batch of {self.batch} says nothing.",
                why=f"the discriminator compares samples of one batch, and judges {self.batch // self.pack} of them",
                do=f"batch={4 * self.pack} or more",
            )
        return self
