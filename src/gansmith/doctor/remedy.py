"""Remedies: for each ailment the bounded changes of a run's settings that are known to help, the surest first."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

Settings = Mapping[str, Any]
Changes = dict[str, Any]

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
AUGMENTATIONS = "colour,translation,cutout"
EXCESSIVE = 30.0  # times the usual weight of a penalty


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
        changes = {name: _short(value) for name, value in wanted.items() if value != in_force.get(name, wanted)}
        if changes or not wanted:
            found.append(Remedy(recipe.id, recipe.words, changes, recipe.roll_back, recipe.gain, recipe.fresh))
    return tuple(found)


def _short(value: Any) -> Any:
    return float(f"{value:.4g}") if isinstance(value, float) else value


def _d_lr(settings: Settings) -> float:
    return float(settings["d_lr"] or settings["lr"])


def _same_rate(settings: Settings) -> Changes | None:
    slower = min(float(settings["lr"]), _d_lr(settings))
    if max(float(settings["lr"]), _d_lr(settings)) < 2.5 * slower:
        return None
    if settings["lr"] <= slower:
        return {"d_lr": None}
    end = settings["lr_end"]
    return {"lr": slower, "d_lr": None} | ({"lr_end": slower / 10} if end and end > slower else {})


def _slower_discriminator(settings: Settings) -> Changes:
    return {"d_lr": _d_lr(settings) / 4}


def _faster_discriminator(settings: Settings) -> Changes | None:
    return {"d_lr": 2 * _d_lr(settings)} if 2 * _d_lr(settings) <= 1 else None


def _penalised(settings: Settings) -> Changes | None:
    """Both gradient penalties (Huang et al. 2024); their first weight in proportion to the values of a sample."""
    gamma, off = float(settings["gamma"]), settings["penalty"] == "none" or not settings["gamma"]
    if settings["penalty"] == "r1+r2" and not off:
        return None
    if off:
        gamma = math.prod(settings["shape"]) / 800 if len(settings["shape"]) == 3 else 1.0
    return {"penalty": "r1+r2", "gamma": gamma}


def _relativistic(settings: Settings) -> Changes | None:
    penalty = _penalised(settings)
    if settings["objective"] == "relativistic":
        return penalty
    unlabelled = {name: 0.0 for name in ("smooth", "smooth_fake", "flip_labels") if settings.get(name)}
    return {"objective": "relativistic", **unlabelled, **(penalty or {})}  # it compares logits: there are no labels


def _stronger_penalty(settings: Settings) -> Changes | None:
    """Four times the weight, annealed back to what it was."""
    gamma, end = float(settings["gamma"]), settings["gamma_end"]
    if settings["penalty"] == "none" or not gamma:
        return None
    return {"gamma": 4 * gamma, "gamma_end": gamma if end is None else float(end)}


def _usual_penalty(settings: Settings) -> Changes | None:
    """The weight in proportion to the values of a sample, where it is set far above."""
    usual = math.prod(settings["shape"]) / 800 if len(settings["shape"]) == 3 else 1.0
    if settings["penalty"] == "none" or float(settings["gamma"]) < EXCESSIVE * usual:
        return None
    return {"gamma": usual} | ({} if settings["gamma_end"] is None else {"gamma_end": usual / 10})


def _weaker_penalty(settings: Settings) -> Changes | None:
    gamma, end = float(settings["gamma"]), settings["gamma_end"]
    if settings["penalty"] == "none" or not gamma:
        return None
    return {"gamma": gamma / 4} | ({} if end is None else {"gamma_end": float(end) / 4})


def _less_noise(settings: Settings) -> Changes | None:
    loud = [name for name in ("noise", "smooth", "smooth_fake", "flip_labels") if settings.get(name)]
    return {name: 0.0 for name in loud} or None


def _less_augmentation(settings: Settings) -> Changes | None:
    """A target the adaptive strength reaches sooner, else one kind less."""
    if not settings["augment"]:
        return None
    if settings["ada"] > 0.3:
        return {"ada": settings["ada"] / 2}
    return {"augment": ",".join(settings["augment"].split(",")[:-1]), "ada": 0.0}


def _packed(settings: Settings) -> Changes | None:
    return {"pack": 2} if settings["pack"] == 1 and settings["batch"] % 2 == 0 else None


def _minibatch_std(settings: Settings) -> Changes | None:
    groups = settings["batch"] // settings["pack"] % 4 == 0
    return {"minibatch_std": True} if not settings["minibatch_std"] and groups else None


def _lookahead(settings: Settings) -> Changes | None:
    return {"lookahead": 5, "lookahead_alpha": 0.5} if not settings["lookahead"] else None


def _averaged(settings: Settings) -> Changes | None:
    return {"ema": 20.0} if not settings["ema"] else None


def _decaying(settings: Settings) -> Changes | None:
    return {"lr_end": settings["lr"] / 10} if settings["lr_end"] is None else None


def _adaptive(settings: Settings) -> Changes | None:
    """Karras et al. 2020: the target 0.6."""
    if settings["ada"]:
        return None
    return {"ada": 0.6} | ({} if settings["augment"] else {"augment": AUGMENTATIONS})


def _all_augmentations(settings: Settings) -> Changes | None:
    """Zhao et al. 2020: all three kinds, always."""
    wanted = {"augment": AUGMENTATIONS, "ada": 0.0}
    return wanted if any(settings[name] != value for name, value in wanted.items()) else None


def _once(name: str, value: Any, *, off: Any = 0) -> Callable[[Settings], Changes | None]:
    """Set a setting that is off."""
    return lambda settings: {name: value} if settings[name] == off else None


def _resized(settings: Settings) -> Changes | None:
    if settings["upsample"] == "resize":
        return None
    return {"upsample": "resize"} | ({"kernel": 4} if settings.get("kernel") == 3 else {})


SAME_RATE = Recipe("same-rate", "let both networks learn at the slower one's rate", _same_rate)
PENALTIES = Recipe("penalties", "both gradient penalties, R1 and R2", _penalised)
RELATIVISTIC = Recipe("relativistic", "the relativistic objective with both gradient penalties", _relativistic)
USUAL = Recipe("usual-penalty", "the usual weight of the penalty for samples of this size", _usual_penalty)
STRONGER = Recipe("stronger-penalty", "four times the penalty, falling back to what it was", _stronger_penalty)
SLOWER_D = Recipe("slower-discriminator", "a quarter of the discriminator's learning rate", _slower_discriminator)
NO_MOMENTUM = Recipe("no-momentum", "no momentum: beta1 0", lambda s: {"beta1": 0.0} if s["beta1"] > 0 else None)
HALVED = Recipe("halve-rates", "half the learning rate for both networks", gain=0.5)
DECAY = Recipe("decay", "let the learning rate fall to a tenth by the end", _decaying)
EMA = Recipe("average", "sample from an average of the generator's weights", _averaged)
ADA = Recipe("adaptive-augmentation", "augmentation as strong as the discriminator needs", _adaptive, images=True)
DIFFAUGMENT = Recipe("augmentation", "colour, translation and cutout at every step", _all_augmentations, images=True)
LECAM = Recipe("lecam", "LeCam regularisation, weight 0.3", _once("lecam", 0.3))
KEEP_BEST = Recipe("keep-best", "stop, and use the checkpoint that was best on held-out data", roll_back=False)

TABLE: Mapping[str, tuple[Recipe, ...]] = {
    "explosion": (
        SAME_RATE,
        USUAL,
        HALVED,
        Recipe("quarter-rates", "a quarter of the learning rate for both networks", gain=0.25),
        Recipe("quarter-again", "once more a quarter of the learning rate for both networks", gain=0.25),
        Recipe("penalties", "both gradient penalties, R1 and R2, to bound the discriminator's slope", _penalised),
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
        Recipe("noise", "instance noise on what the discriminator sees, fading out", _once("noise", 0.1)),
        Recipe("skip-discriminator", "skip the discriminator while it wins", _once("skip_d", 0.9, off=1)),
    ),
    "discriminator_blind": (
        SAME_RATE,
        USUAL,
        Recipe("faster-discriminator", "twice the discriminator's learning rate", _faster_discriminator),
        Recipe("weaker-penalty", "a quarter of the penalty", _weaker_penalty),
        Recipe("less-augmentation", "less augmentation", _less_augmentation, images=True),
        Recipe("less-noise", "no noise on images or labels", _less_noise),
    ),
    "mode_collapse": (
        SAME_RATE,
        STRONGER,
        RELATIVISTIC,
        Recipe("pack", "show the discriminator two samples at once (PacGAN)", _packed),
        Recipe("minibatch-std", "show the discriminator how varied its batch is", _minibatch_std),
        NO_MOMENTUM,
        HALVED,
    ),
    "oscillation": (
        PENALTIES,
        Recipe("lookahead", "Lookahead for both players, k 5, alpha 0.5", _lookahead),
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
            _resized,
            fresh=("generator",),
            needs=("upsample",),
            images=True,
        ),
    ),
    "augmentation_leak": (Recipe("less-augmentation", "less augmentation", _less_augmentation, images=True),),
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
