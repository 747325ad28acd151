"""How fast networks learn under their settings, and how long their averages remember."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from gansmith.game.game import Adam, Turn
from gansmith.game.schedules import Schedule, constant, cosine, late
from gansmith.game.settings import LearningSettings


def adam(settings: LearningSettings, images: int, lr: float | None = None) -> Adam:
    """The Adam of one network over `images` of training. lr: at the start, where it is not the settings'."""
    start = lr or settings.lr
    end = None if settings.lr_end is None else settings.lr_end * (start / settings.lr)
    fall = late(start, end or 0.0, images) if settings.lr_fall == "late" else towards_end(start, end, images)
    beta2 = towards_end(settings.beta2, settings.beta2_end, round(images * settings.anneal))
    return Adam(lr=fall, beta1=settings.beta1, beta2=beta2)


def half_life(settings: LearningSettings) -> Callable[[int], float]:
    """Of an average, in images: a ramp at first, so that the start is forgotten (Karras et al. 2020, appendix B)."""
    return lambda seen: min(settings.ema * 1000, 0.05 * seen)


def towards_end(start: float, end: float | None, length: int) -> Schedule:
    """By a cosine over `length` images, where there is an end to go to."""
    return constant(start) if end is None else cosine(start, end, length)


def rescaled(rule: Adam, name: str, turns: Sequence[Turn]) -> Adam:
    """The Adam of a player who also learns in lazy turns, so that these make it neither faster nor more forgetful.

    Of its steps, those of a lazy turn come on top: after every r of the others, lr becomes c lr and both betas their
    c-th powers, c = r / (r + 1) (Karras et al. 2020, appendix B).
    """
    its = [turn.every for turn in turns if name in turn.learners]
    oftener = 1 + sum(min(its) / every for every in its if every > min(its))
    if oftener == 1:
        return rule
    c = 1 / oftener
    return Adam(lambda seen: c * rule.lr(seen), rule.beta1**c, lambda seen: rule.beta2(seen) ** c, rule.eps)
