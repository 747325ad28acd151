"""Remedies: for each ailment the bounded changes of a run's settings that are known to help, the surest first."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from gansmith.doctor import changes
from gansmith.doctor.changes import Changes, Settings

DEFAULTS: Settings = {  # of the plain GAN: what a run's settings mean where they do not say
    "objective": "non-saturating",
    "penalty": "none",
    "gamma": 1.0,
    "gamma_end": None,
    "lr": 2e-4,
    "lr_end": None,
    "d_lr": None,
    "beta1": 0.5,
    "beta2": 0.999,
    "ema": 0.0,
    "augment": "",
    "ada": 0.0,
    "lecam": 0.0,
    "noise": 0.0,
    "smooth": 0.0,
    "skip_d": 1.0,
    "batch": 64,
    "pack": 1,
    "minibatch_std": False,
    "lookahead": 0,
}


@dataclass(frozen=True)
class Remedy:
    """One bounded change after a roll-back.

    changes: setting -> new value. gain: factor on every learning rate. fresh: networks made anew.
    Without any of the three it is advice to a person, and nothing that can be applied.
    """

    id: str
    words: str
    changes: Mapping[str, Any] = field(default_factory=dict)
    roll_back: bool = True
    gain: float = 1.0
    fresh: tuple[str, ...] = ()

    @property
    def applicable(self) -> bool:
        return bool(self.changes or self.fresh) or self.gain != 1.0

    def to_json(self) -> dict[str, Any]:
        return {
            "id": self.id,
            "words": self.words,
            "changes": dict(self.changes),
            "roll_back": self.roll_back,
            "gain": self.gain,
            "fresh": list(self.fresh),
        }


@dataclass(frozen=True)
class Recipe:
    """How a remedy is made from the settings in force.

    change: settings -> what to change; None where it is in force already or impossible. needs: settings only some
    families have.
    """

    id: str
    words: str
    change: Callable[[Settings], Changes | None] = lambda settings: {}
    gain: float = 1.0
    roll_back: bool = True
    fresh: tuple[str, ...] = ()
    needs: tuple[str, ...] = ()
    images: bool = False


def remedies(ailment: str, settings: Settings, *, kind: str = "", shape: Iterable[int] = ()) -> tuple[Remedy, ...]:
    """The remedies of an ailment in order, made from a run's settings.

    Left out: what is in force, what these settings cannot express, and on points what only means something for images.
    kind: "images", "points" or "" where nobody knows. shape: (C, H, W) of the data, for the size of a first penalty.
    Without settings (a log of another tool) all of them, in words alone. An unknown ailment has none.
    """
    found = []
    for recipe in TABLE.get(ailment, ()):
        if recipe.images and kind == "points":
            continue
        if not settings:
            found.append(Remedy(recipe.id, recipe.words, {}, recipe.roll_back))
            continue
        if any(name not in settings for name in recipe.needs):
            continue
        in_force = {**DEFAULTS, **settings}
        wanted = recipe.change({**in_force, "shape": tuple(shape)})
        if wanted is None:
            continue
        new = {name: _short(value) for name, value in wanted.items() if value != in_force.get(name, wanted)}
        if new or not wanted:
            found.append(Remedy(recipe.id, recipe.words, new, recipe.roll_back, recipe.gain, recipe.fresh))
    return tuple(found)


def _short(value: Any) -> Any:
    return float(f"{value:.4g}") if isinstance(value, float) else value


SAME_RATE = Recipe("same-rate", "let both networks learn at the slower one's rate", changes.same_rate)
PENALTIES = Recipe("penalties", "both gradient penalties, R1 and R2", changes.penalised)
RELATIVISTIC = Recipe("relativistic", "the relativistic objective with both gradient penalties", changes.relativistic)
USUAL = Recipe("usual-penalty", "the usual weight of the penalty for samples of this size", changes.usual_penalty)
STRONGER = Recipe("stronger-penalty", "four times the penalty, falling back to what it was", changes.stronger_penalty)
SLOWER_D = Recipe(
    "slower-discriminator", "a quarter of the discriminator's learning rate", changes.slower_discriminator
)
NO_MOMENTUM = Recipe("no-momentum", "no momentum: beta1 0", lambda s: {"beta1": 0.0} if s["beta1"] > 0 else None)
HALVED = Recipe("halve-rates", "half the learning rate for both networks", gain=0.5)
DECAY = Recipe("decay", "let the learning rate fall to a tenth by the end", changes.decaying)
EMA = Recipe("average", "sample from an average of the generator's weights", changes.averaged)
ADA = Recipe(
    "adaptive-augmentation", "augmentation as strong as the discriminator needs", changes.adaptive, images=True
)
DIFFAUGMENT = Recipe(
    "augmentation", "colour, translation and cutout at every step", changes.all_augmentations, images=True
)
LECAM = Recipe("lecam", "LeCam regularisation, weight 0.3", changes.once("lecam", 0.3))
KEEP_BEST = Recipe("keep-best", "stop, and use the checkpoint that was best on held-out data", roll_back=False)

TABLE: Mapping[str, tuple[Recipe, ...]] = {
    "explosion": (
        SAME_RATE,
        USUAL,
        HALVED,
        Recipe("quarter-rates", "a quarter of the learning rate for both networks", gain=0.25),
        Recipe("quarter-again", "once more a quarter of the learning rate for both networks", gain=0.25),
        Recipe(
            "penalties", "both gradient penalties, R1 and R2, to bound the discriminator's slope", changes.penalised
        ),
        NO_MOMENTUM,
        Recipe(
            "shorter-memory",
            "a shorter memory of squared gradients: beta2 0.99",
            lambda s: {"beta2": 0.99} if s["beta2"] > 0.99 else None,
        ),
    ),
    "discriminator_overpowers": (
        SAME_RATE,
        RELATIVISTIC,
        SLOWER_D,
        Recipe("noise", "instance noise on what the discriminator sees, fading out", changes.once("noise", 0.1)),
        Recipe("skip-discriminator", "skip the discriminator while it wins", changes.once("skip_d", 0.9, off=1)),
    ),
    "discriminator_blind": (
        SAME_RATE,
        USUAL,
        Recipe("faster-discriminator", "twice the discriminator's learning rate", changes.faster_discriminator),
        Recipe("weaker-penalty", "a quarter of the penalty", changes.weaker_penalty),
        Recipe("less-augmentation", "less augmentation", changes.less_augmentation, images=True),
        Recipe("less-noise", "no noise on images or labels", changes.less_noise),
    ),
    "mode_collapse": (
        SAME_RATE,
        STRONGER,
        RELATIVISTIC,
        Recipe("pack", "show the discriminator two samples at once (PacGAN)", changes.packed),
        Recipe("minibatch-std", "show the discriminator how varied its batch is", changes.minibatch_std),
        NO_MOMENTUM,
        HALVED,
    ),
    "oscillation": (
        PENALTIES,
        Recipe("lookahead", "Lookahead for both players, k 5, alpha 0.5", changes.lookahead),
        EMA,
        DECAY,
        NO_MOMENTUM,
        HALVED,
    ),
    "discriminator_overfits": (ADA, DIFFAUGMENT, LECAM, SLOWER_D),
    "memorisation": (ADA, DIFFAUGMENT, LECAM, KEEP_BEST),
    "checkerboard": (
        Recipe(
            "resize",
            "resize and convolve instead of strided transposed convolution",
            changes.resized,
            fresh=("generator",),
            needs=("upsample",),
            images=True,
        ),
    ),
    "augmentation_leak": (Recipe("less-augmentation", "less augmentation", changes.less_augmentation, images=True),),
    "bad_init": (
        Recipe(
            "fresh-start",
            "both networks made anew, at half the learning rate",
            gain=0.5,
            fresh=("generator", "discriminator"),
        ),
        Recipe(
            "leaky",
            "LeakyReLU with slope 0.2, so that no unit dies for good, in networks made anew",
            lambda s: {"slope": 0.2} if s["slope"] is not None and s["slope"] < 0.2 else None,  # None: leaky already
            fresh=("generator", "discriminator"),
            needs=("slope",),
        ),
        NO_MOMENTUM,
    ),
    "under_trained": (
        Recipe("train-longer", "train on: it is still getting better", roll_back=False),
        Recipe("faster", "twice the learning rate for both networks", gain=2.0, roll_back=False),
    ),
    "over_trained": (KEEP_BEST, DECAY, EMA),
    "data_fault": (),
}
