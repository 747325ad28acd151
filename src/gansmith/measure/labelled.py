"""The honest table of data with labels: what a classifier can learn from fakes, and whether they are what was asked."""

from __future__ import annotations

import math

from torch import Tensor

from gansmith.measure.bootstrap import NORMAL, clipped
from gansmith.measure.distances import features
from gansmith.measure.labels import classification_accuracy, faithfulness, nearest_neighbour
from gansmith.measure.minimum import too_few
from gansmith.measure.score import Score

NAMES = ("CAS", "1-NN TSTR", "faithfulness")


def measure_labels(
    real_held: Tensor,
    held_labels: Tensor,
    real_train: Tensor,
    train_labels: Tensor,
    fake: Tensor,
    asked: Tensor,
    features_name: str,
) -> list[Score]:
    """Shares of right answers (0..1, higher is better) on features (n, d) with labels (n,), whole numbers.

    CAS: on held-out samples, of a classifier that learned from as many fakes as training samples. 1-NN TSTR: the same
    by the nearest neighbour. faithfulness: share of fakes that a classifier of training samples takes for what was
    asked. The floor, here a ceiling, is what training, respectively held-out samples get in the fakes' place. Intervals
    are of the held-out samples (of the fakes for faithfulness) alone: nothing is trained again.
    """
    train, held, fake = features(real_train, "training"), features(real_held, "held-out"), features(fake, "generated")
    n = min(len(fake), len(train))
    why = {name: too_few(name, min(n, len(held))) for name in NAMES}
    if any(why.values()):
        return [Score(name, None, n, features_name, better="high", why=why[name]) for name in NAMES]
    equal = fake[:n], asked[:n], train[:n], train_labels[:n], held, held_labels
    learned, nearest = classification_accuracy(*equal), nearest_neighbour(*equal)
    faithful = faithfulness(train, train_labels, held, held_labels, fake, asked)
    figures = (
        (learned.fakes, learned.reals, len(held)),
        (nearest.fakes, nearest.reals, len(held)),
        (faithful.share, faithful.ceiling, len(fake)),
    )
    return [
        Score(name, value, n, features_name, *_binomial(value, judged), floor, "high")
        for name, (value, floor, judged) in zip(NAMES, figures)
    ]


def _binomial(share: float, count: int) -> tuple[float, float]:
    error = NORMAL * math.sqrt(share * (1 - share) / count)
    return clipped((share - error, share + error), 0.0, 1.0)
