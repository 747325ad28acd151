"""Causes that can be read off the settings: values far from any that are known to work, and what to put there instead.

Such a value proves nothing by itself; it is told, and mended, once the samples are poor as well.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

from gansmith.doctor import changes
from gansmith.doctor.changes import Settings
from gansmith.doctor.finding import Finding
from gansmith.doctor.history import History
from gansmith.doctor.quality import covered
from gansmith.doctor.recipe import Recipe, Remedy

POOR = 0.5  # of the coverage there could be
SOON = 0.1  # of the budget: before, every training is poor


@dataclass(frozen=True)
class Cause:
    """A cause that is evident. ailment: as what it shows. words: for somebody who never trained a GAN."""

    ailment: str
    words: str
    remedy: Remedy


KNOWN: tuple[tuple[str, str, Recipe], ...] = (
    (
        "mode_collapse",
        "The latent has so few numbers (z) that the generator cannot tell many different samples apart.",
        Recipe("larger-latent", "a latent of the usual size", changes.larger_latent, anew=True),
    ),
    (
        "oscillation",
        "Both networks learn many times faster (lr) than any training like this is known to bear.",
        Recipe("usual-rates", "the usual learning rate for both networks", changes.usual_rates, anew=True),
    ),
    (
        "oscillation",
        "Without normalisation, a momentum this high (beta1) carries both networks past each other again and again.",
        Recipe("steady", "normalisation with half the momentum, or no momentum", changes.steady, anew=True),
    ),
    (
        "discriminator_blind",
        "The discriminator is so much smaller than the generator (d_width) that it cannot see what is wrong.",
        Recipe("equal-width", "a discriminator as wide as the generator", changes.equal_width, anew=True),
    ),
    (
        "discriminator_blind",
        "The penalty (gamma) is so heavy that the discriminator cannot tell anything apart.",
        Recipe(
            "usual-penalty",
            "the usual weight of the penalty for samples of this size",
            changes.usual_penalty,
            anew=True,
        ),
    ),
)


def evident(settings: Settings, shape: Iterable[int] = ()) -> tuple[Cause, ...]:
    """The causes that a GAN's settings show, each with its remedy; none where they are not a GAN's, or unknown."""
    if "objective" not in settings:
        return ()
    shape = tuple(shape)
    made = ((ailment, words, recipe.made(settings, shape)) for ailment, words, recipe in KNOWN)
    return tuple(Cause(ailment, words, remedy) for ailment, words, remedy in made if remedy)


def suspected(history: History, causes: Iterable[Cause]) -> tuple[tuple[Cause, Finding], ...]:
    """Of evident causes those that the samples bear out: they cover less than POOR of what they could by now."""
    evaluated = history.series("eval/coverage")
    if history.foreign or not len(evaluated) or evaluated.seen[-1] < SOON * history.length:
        return ()
    share = float(covered(history)[-1])
    if not share < POOR:
        return ()
    words = f"So far the samples cover {share:.0%} of what they should."
    finding = Finding("", 0.8, 0.8, float(history.seen[0]), {"eval/coverage": evaluated.pairs()}, words)
    return tuple((c, replace(finding, ailment=c.ailment, words=f"{c.words} {words}")) for c in causes)
