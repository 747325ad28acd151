"""What remedies change: functions from the settings in force to those to set, or None where there is nothing to set."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import Any

Settings = Mapping[str, Any]
Changes = dict[str, Any]

AUGMENTATIONS = "colour,translation,cutout"
RARELY = 0.2  # share of the images below which an augmentation is left out rather than made rarer
EXCESSIVE = 30.0  # times the usual weight of a penalty
USUAL_LR = {True: 2.5e-3, False: 2e-4}  # with a gradient penalty (Huang et al. 2024), and without (Radford et al. 2016)
HIGHEST_LR = {True: 0.025, False: 5e-3}  # beyond, no training that went well is known
FEWEST_Z, USUAL_Z = 8, 64  # numbers in the latent of an image
MOST_MOMENTUM = 0.8  # beta1 without normalisation
NARROW = 7  # times as wide as the discriminator a generator may be


def d_lr(settings: Settings) -> float:
    return float(settings["d_lr"] or settings["lr"])


def same_rate(settings: Settings) -> Changes | None:
    slower = min(float(settings["lr"]), d_lr(settings))
    if max(float(settings["lr"]), d_lr(settings)) < 2.5 * slower:
        return None
    if settings["lr"] <= slower:
        return {"d_lr": None}
    end = settings["lr_end"]
    return {"lr": slower, "d_lr": None} | ({"lr_end": slower / 10} if end and end > slower else {})


def slower_discriminator(settings: Settings) -> Changes:
    return {"d_lr": d_lr(settings) / 4}


def faster_discriminator(settings: Settings) -> Changes | None:
    return {"d_lr": 2 * d_lr(settings)} if 2 * d_lr(settings) <= 1 else None


def penalised(settings: Settings) -> Changes | None:
    """Both gradient penalties (Huang et al. 2024); their first weight in proportion to the values of a sample."""
    gamma, off = float(settings["gamma"]), settings["penalty"] == "none" or not settings["gamma"]
    if settings["penalty"] == "r1+r2" and not off:
        return None
    if off:
        gamma = math.prod(settings["shape"]) / 800 if len(settings["shape"]) == 3 else 1.0
    return {"penalty": "r1+r2", "gamma": gamma}


def relativistic(settings: Settings) -> Changes | None:
    penalty = penalised(settings)
    if settings["objective"] == "relativistic":
        return penalty
    unlabelled = {name: 0.0 for name in ("smooth", "smooth_fake", "flip_labels") if settings.get(name)}
    return {"objective": "relativistic", **unlabelled, **(penalty or {})}  # it compares logits: there are no labels


def stronger_penalty(settings: Settings) -> Changes | None:
    """Four times the weight, annealed back to what it was."""
    gamma, end = float(settings["gamma"]), settings["gamma_end"]
    if settings["penalty"] == "none" or not gamma:
        return None
    return {"gamma": 4 * gamma, "gamma_end": gamma if end is None else float(end)}


def usual_penalty(settings: Settings) -> Changes | None:
    """The weight in proportion to the values of a sample, where it is set far above."""
    usual = math.prod(settings["shape"]) / 800 if len(settings["shape"]) == 3 else 1.0
    if settings["penalty"] == "none" or float(settings["gamma"]) < EXCESSIVE * usual:
        return None
    return {"gamma": usual} | ({} if settings["gamma_end"] is None else {"gamma_end": usual / 10})


def weaker_penalty(settings: Settings) -> Changes | None:
    gamma, end = float(settings["gamma"]), settings["gamma_end"]
    if settings["penalty"] == "none" or not gamma:
        return None
    return {"gamma": gamma / 4} | ({} if end is None else {"gamma_end": float(end) / 4})


def less_noise(settings: Settings) -> Changes | None:
    loud = [name for name in ("noise", "smooth", "smooth_fake", "flip_labels") if settings.get(name)]
    return {name: 0.0 for name in loud} or None


def less_augmentation(settings: Settings) -> Changes | None:
    """A target the adaptive strength reaches sooner, else one kind less; a single one, as ADA's sets, half as often."""
    if not settings["augment"]:
        return None
    if settings["ada"] > 0.3:
        return {"ada": settings["ada"] / 2}
    if "," not in settings["augment"] and not settings["ada"] and settings["augment_p"] > RARELY:
        return {"augment_p": settings["augment_p"] / 2}
    return {"augment": ",".join(settings["augment"].split(",")[:-1]), "ada": 0.0}


def packed(settings: Settings) -> Changes | None:
    return {"pack": 2} if settings["pack"] == 1 and settings["batch"] % 2 == 0 else None


def minibatch_std(settings: Settings) -> Changes | None:
    groups = settings["batch"] // settings["pack"] % 4 == 0
    return {"minibatch_std": True} if not settings["minibatch_std"] and groups else None


def lookahead(settings: Settings) -> Changes | None:
    return {"lookahead": 5, "lookahead_alpha": 0.5} if not settings["lookahead"] else None


def averaged(settings: Settings) -> Changes | None:
    return {"ema": 20.0} if not settings["ema"] else None


def decaying(settings: Settings) -> Changes | None:
    return {"lr_end": settings["lr"] / 10} if settings["lr_end"] is None else None


def adaptive(settings: Settings) -> Changes | None:
    """Karras et al. 2020: the target 0.6."""
    if settings["ada"]:
        return None
    always = {} if settings["augment_p"] == 1 else {"augment_p": 1.0}
    return {"ada": 0.6} | ({} if settings["augment"] else {"augment": AUGMENTATIONS}) | always


def all_augmentations(settings: Settings) -> Changes | None:
    """Zhao et al. 2020: all three kinds, always."""
    wanted = {"augment": AUGMENTATIONS, "ada": 0.0} | ({} if settings["augment_p"] == 1 else {"augment_p": 1.0})
    return wanted if any(settings[name] != value for name, value in wanted.items()) else None


def once(name: str, value: Any, *, off: Any = 0) -> Callable[[Settings], Changes | None]:
    """Set a setting that is off."""
    return lambda settings: {name: value} if settings[name] == off else None


def resized(settings: Settings) -> Changes | None:
    if settings["upsample"] == "resize":
        return None
    return {"upsample": "resize"} | ({"kernel": 4} if settings.get("kernel") == 3 else {})


def larger_latent(settings: Settings) -> Changes | None:
    """At least 8 numbers for images, 2 for points: from fewer, little variety can be made."""
    points = len(settings["shape"]) == 1
    if settings.get("z", USUAL_Z) >= (min(2, settings["shape"][0]) if points else FEWEST_Z):
        return None
    return {"z": 4 if points else USUAL_Z}


def usual_rates(settings: Settings) -> Changes | None:
    """Both players' rates, where even the slower one's is too high."""
    penalised = settings["penalty"] != "none"
    usual, end = USUAL_LR[penalised], settings["lr_end"]
    if min(float(settings["lr"]), d_lr(settings)) <= HIGHEST_LR[penalised]:
        return None
    return {"lr": usual, "d_lr": None} | ({"lr_end": min(float(end), usual / 10)} if end else {})


def steady(settings: Settings) -> Changes | None:
    """Where momentum is high and nothing is normalised: none, or less of it and the normalisation there could be."""
    norms = {name: settings[name] for name in ("norm", "d_norm") if settings.get(name)}
    if settings["beta1"] <= MOST_MOMENTUM or any(norm != "none" for norm in norms.values()):
        return None
    return {"beta1": 0.5, **dict.fromkeys(norms, "batch")} if norms else {"beta1": 0.0}


def equal_width(settings: Settings) -> Changes | None:
    width, d_width = settings.get("width"), settings.get("d_width")
    if not (isinstance(width, int) and isinstance(d_width, int)) or NARROW * d_width > width:
        return None
    return {"d_width": width}
