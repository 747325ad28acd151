"""bad_init: units that never answer, or outputs stuck at their limits, from the first steps on."""

from __future__ import annotations

import numpy as np

from gansmith.doctor.ailment import Ailment, Told, rows
from gansmith.doctor.history import Array, History, Series
from gansmith.doctor.losses import D, G
from gansmith.doctor.trends import above, highest, lowest, trailing

DEAD, SATURATED = 0.5, 0.5  # shares of channels, of pixels
EARLY = 0.15  # of the budget within which it must have begun to be the start's fault
WATCHED = ("check/dead generator", "check/dead discriminator", "check/saturated")


def score(history: History) -> Series:
    if history.foreign:
        return Series(history.seen, _frozen(history))
    worst = np.zeros(len(history))
    for name, limit in zip(WATCHED, (DEAD, DEAD, SATURATED)):
        values = trailing(history.held(name), 3)
        since = _bad_since_the_start(history, values >= limit)
        worst = np.maximum(worst, np.where(since, above(values, limit), 0.0))
    return rows(history, worst, *WATCHED)


def _bad_since_the_start(history: History, bad: np.ndarray) -> np.ndarray:
    """(n,) whether the present stretch of bad rows began within the first EARLY of the training."""
    start, since = np.inf, np.zeros(len(bad), bool)
    for row, is_bad in enumerate(bad):
        start = min(start, float(history.seen[row])) if is_bad else np.inf
        since[row] = is_bad and start <= EARLY * history.length
    return since


def _frozen(history: History) -> Array:
    """(n,) both losses exactly constant over a fifth of the log and more, but not at 0 or at those of a coin."""
    d, g = (np.where(np.isfinite(v), v, np.nan) for v in (history.held(D), history.held(G)))
    width = max(8, len(history) // 5)
    if len(history) < width:
        return np.zeros(len(history))
    still = [trailing(v, width, highest) - trailing(v, width, lowest) <= 1e-6 * np.abs(v) + 1e-12 for v in (d, g)]
    full = np.arange(len(d)) >= width - 1
    return np.where(full & still[0] & still[1] & (np.abs(d) > 1e-3), 1.5, 0.0)


def tell(history: History, onset: float) -> Told:
    if history.foreign:
        evidence = {name: history.series(name).pairs() for name in (D, G)}
        words = (
            "Both losses stand still to the last digit: nothing is learned any more. Networks that answer the same to "
            "everything pass no gradient back."
        )
        return Told(evidence, words, confidence=0.6, severity=0.85)
    evidence = {name: history.series(name).pairs() for name in WATCHED if name in history}
    dead = max((float(history.held(name)[-1]) for name in WATCHED[:2] if name in history), default=0.0)
    if dead >= DEAD:
        words = (
            f"Part of a network is dead: {dead:.0%} of its channels give the same for every sample, and have since the "
            "start. They will not come back; new first weights, or LeakyReLU, would."
        )
    else:
        words = (
            "The generator's outputs are stuck at black and white and have been since the start: its first weights "
            "were too large, and where outputs are stuck nothing can be learned."
        )
    return Told(evidence, words, confidence=0.75, severity=0.8)


BAD_INIT = Ailment("bad_init", score, tell, early=True)
