"""The verdict: one or two sentences on a whole training, and where it was best."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from gansmith.doctor.ailments.discriminator_blind import GUESSING, balance
from gansmith.doctor.finding import Finding
from gansmith.doctor.history import History
from gansmith.doctor.quality import FEW, Quality, covered, quality

SINGLE = {
    "mode_collapse": "the generator has collapsed onto few kinds of samples",
    "discriminator_overpowers": "the discriminator overpowers the generator",
    "discriminator_blind": "the discriminator is blind",
    "oscillation": "the two networks chase each other in circles",
    "discriminator_overfits": "the discriminator knows the training data by heart",
    "memorisation": "the generator copies training data",
    "explosion": "the training exploded",
    "checkerboard": "the samples carry a checkerboard",
    "augmentation_leak": "augmentation leaks into the samples",
    "bad_init": "part of a network is dead",
    "under_trained": "it ended too early",
    "over_trained": "its best lies long behind",
    "data_fault": "something is wrong with the data",
}
LEVEL = 0.05  # of the cost: a gain below it is none
BALANCED = 0.7  # coverage from which guessing is an equilibrium


def verdict(history: History, findings: Sequence[Finding], metric: Quality | None) -> str:
    """What somebody wants to know first."""
    if len(history) < 2:
        return "Nothing can be said yet: too little was measured."
    sick = [finding for finding in findings if finding.sick]
    if sick:
        rest = f" Besides: {'; '.join(SINGLE[one.ailment] for one in sick[1:3])}." if sick[1:] else ""
        sure = "Sick" if sick[0].confidence >= 0.5 else "Probably sick"
        past = metric is not None and any(finding.ailment == "over_trained" for finding in sick)
        best = f" {metric.name} was best at {_share(history, metric):.0%} of the way." if metric and past else ""
        return f"{sure}: {SINGLE[sick[0].ailment]}.{rest}{best}"
    if history.kept and metric is not None:
        value, share = metric.values.values[metric.best], _share(history, metric)
        return f"Healthy: ended with its best, {metric.name} {value:.3g} at {share:.0%} of the way."
    words = ["Healthy so far." if not history.ended else "Healthy."]
    if (equal := _equilibrium(history)) is not None:
        words.append(
            f"The discriminator is right {equal:.0%} of the time on samples that cover the data: the equilibrium."
        )
    words.append(_progress(history, metric))
    return " ".join(word for word in words if word)


def best_of(history: History) -> dict[str, Any] | None:
    """Where the metric was best: "step", "seen" (images; of own runs), "metric", "value", "share" of the length.

    None where nothing was measured.
    """
    metric = quality(history)
    if metric is None:
        return None
    seen = float(metric.values.seen[metric.best])
    batch = history.settings.get("batch")
    step = seen if history.foreign else seen / batch if isinstance(batch, int) and batch > 0 else None
    at = {"step": step} if history.foreign else {"step": step, "seen": seen}
    return {
        **{name: round(value) if value > 1e4 or value == int(value) else value for name, value in at.items() if value},
        "metric": metric.name,
        "value": float(metric.values.values[metric.best]),
        "share": round(seen / history.length, 3) if history.length else 0.0,
    }


def _equilibrium(history: History) -> float | None:
    """The balance, where it is near one half while the samples are good."""
    near, good = balance(history), covered(history)
    if not len(near) or np.isnan(near[-1]) or np.isnan(good[-1]):
        return None
    return float(near[-1]) if abs(near[-1] - 0.5) <= GUESSING and good[-1] >= BALANCED else None


def _share(history: History, metric: Quality) -> float:
    return float(metric.cost.seen[metric.best] / history.length)


def _progress(history: History, metric: Quality | None) -> str:
    if metric is None:
        return "Losses alone do not say how good the samples are." if history.foreign else ""
    if len(metric.cost) < FEW:
        return ""
    seen, level, share = metric.cost.seen, metric.level, _share(history, metric)
    late = int(np.searchsorted(seen, 2 / 3 * float(seen[-1])))
    before, after = float(level[: max(1, late)].min()), float(level[late:].min())
    if after < before * (1 - 2 * LEVEL):
        return f"{metric.name} is still improving."
    if metric.name == "distance" and not history.foreign:
        return ""  # of 256 samples, in pixels: too coarse to say where it was best
    if not history.ended:
        return f"{metric.name} was best at {share:.0%} of the way."
    nothing = " The last third brought nothing." if after > before * (1 - LEVEL) else ""
    return f"{metric.name} was best at {share:.0%} of the way.{nothing}"
