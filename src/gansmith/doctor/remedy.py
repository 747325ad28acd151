"""Remedies: for each ailment the bounded changes of a run's settings that are known to help, the surest first."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from gansmith.doctor import changes
from gansmith.doctor.causes import evident
from gansmith.doctor.changes import Settings
from gansmith.doctor.recipe import Recipe, Remedy


def remedies(ailment: str, settings: Settings, *, kind: str = "", shape: Iterable[int] = ()) -> tuple[Remedy, ...]:
    """The remedies of an ailment in order, made from a run's settings: against causes that are evident there first.

    Left out: what is in force, what these settings cannot express, and on points what only means something for images.
    kind: "images", "points" or "" where nobody knows. shape: (C, H, W) of the data, for the size of a first penalty.
    Without settings (a log of another tool) all of them, in words alone. An unknown ailment has none.
    """
    recipes = TABLE.get(ailment, ())
    if not settings:
        shown = (recipe for recipe in recipes if not (recipe.images and kind == "points"))
        return tuple(Remedy(recipe.id, recipe.words, {}, recipe.roll_back) for recipe in shown)
    shape = tuple(shape)
    first = [cause.remedy for cause in evident(settings, shape)] if ailment in SYMPTOMS else []
    made = [remedy for recipe in recipes if (remedy := recipe.made(settings, shape, kind))]
    return (*first, *made)


SAME_RATE = Recipe("same-rate", "let both networks learn at the slower one's rate", changes.same_rate)
PENALTIES = Recipe("penalties", "both gradient penalties, R1 and R2", changes.penalised)
RELATIVISTIC = Recipe("relativistic", "the relativistic objective with both gradient penalties", changes.relativistic)
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
KEEP_BEST = Recipe("keep-best", "stop, and use the checkpoint that was best on held-out data", ends=True)

SYMPTOMS = (
    "explosion",
    "bad_init",
    "mode_collapse",
    "discriminator_overpowers",
    "discriminator_blind",
    "oscillation",
)  # of settings that cannot work

TABLE: Mapping[str, tuple[Recipe, ...]] = {
    "explosion": (
        SAME_RATE,
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
    "discriminator_overfits": (ADA, DIFFAUGMENT, LECAM, SLOWER_D, KEEP_BEST),
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
