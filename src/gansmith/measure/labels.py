"""What labels add: whether a classifier can learn from the fakes, and whether they are what they were asked to be."""

from __future__ import annotations

import math
import warnings
from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor

from gansmith.measure.distances import nearest

PASSES = 200


@dataclass(frozen=True)
class Usefulness:
    """Accuracies (0..1, higher is better) on real test samples of a classifier that learned from fakes, and from reals.

    gap: reals minus fakes, in points of 100; 0 or less: fakes teach as well as reals do.
    """

    fakes: float
    reals: float

    @property
    def gap(self) -> float:
        return 100 * (self.reals - self.fakes)


def classification_accuracy(
    fake: Tensor, fake_labels: Tensor, train: Tensor, train_labels: Tensor, test: Tensor, test_labels: Tensor
) -> Usefulness:
    """Classification accuracy score of Ravuri and Vinyals 2019, with a logistic regression on features (n, d).

    Labels (n,) are whole numbers. Fakes and training samples should be equally many; test samples are held out.
    """
    return Usefulness(
        accuracy(_predict(fake, fake_labels, test), test_labels),
        accuracy(_predict(train, train_labels, test), test_labels),
    )


def nearest_neighbour(
    fake: Tensor, fake_labels: Tensor, train: Tensor, train_labels: Tensor, test: Tensor, test_labels: Tensor
) -> Usefulness:
    """The same, each test sample being given the label of its nearest neighbour: nothing is tuned."""
    return Usefulness(
        accuracy(fake_labels[nearest(test, fake)[1]], test_labels),
        accuracy(train_labels[nearest(test, train)[1]], test_labels),
    )


@dataclass(frozen=True)
class Faithfulness:
    """share: of fakes a classifier of reals takes for what was asked (0..1); ceiling: the same of held-out reals.

    by_class: label -> share of the fakes asked for with it.
    """

    share: float
    ceiling: float
    by_class: dict[int, float]


def faithfulness(
    train: Tensor, train_labels: Tensor, held: Tensor, held_labels: Tensor, fake: Tensor, asked: Tensor
) -> Faithfulness:
    """Whether conditional samples (m, d) are what was asked for (m,), judged by a logistic regression of the reals."""
    told = _predict(train, train_labels, torch.cat([held, fake]))
    of_held, of_fake = told[: len(held)], told[len(held) :]
    by_class = {label: accuracy(of_fake[asked == label], asked[asked == label]) for label in _distinct(asked)}
    return Faithfulness(accuracy(of_fake, asked), accuracy(of_held, held_labels), by_class)


def per_class(
    score: Callable[[Tensor, Tensor], float],
    real: Tensor,
    real_labels: Tensor,
    fake: Tensor,
    fake_labels: Tensor,
    least: int = 50,
) -> dict[int, float]:
    """A score of real and fake rows for every label of the reals; nan where either has fewer than `least` rows."""
    found = {}
    for label in _distinct(real_labels):
        a, b = real[real_labels == label], fake[fake_labels == label]
        found[label] = score(a, b) if min(len(a), len(b)) >= least else math.nan
    return found


def accuracy(told: Tensor, truth: Tensor) -> float:
    """Share of labels (n,) that agree; nan without any."""
    return float((told == truth).double().mean())


def _distinct(labels: Tensor) -> list[int]:
    return sorted(set(labels.tolist()))


def _predict(rows: Tensor, labels: Tensor, test: Tensor) -> Tensor:
    """Labels of test rows, by a logistic regression on rows standardised as the training rows are."""
    from sklearn.exceptions import ConvergenceWarning
    from sklearn.linear_model import LogisticRegression

    if len(_distinct(labels)) < 2:
        return labels[:1].expand(len(test))
    mean, deviation = rows.mean(dim=0), rows.std(dim=0)
    deviation = torch.where(deviation > 1e-6 * deviation.max(), deviation, torch.ones_like(deviation))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)  # so many passes are as good as all of them
        judge = LogisticRegression(C=0.1, max_iter=PASSES).fit(((rows - mean) / deviation).numpy(), labels.numpy())
    return torch.from_numpy(judge.predict(((test - mean) / deviation).numpy()))
