"""What features are worth where labels are few: classifiers learn from a handful, and are tried on samples held out.

The protocol of self-supervised learning (Chen et al. 2020, section 4): the same draws of labels for all features, a
linear classifier, the nearest neighbour, and the whole network tuned on.
"""

from __future__ import annotations

import copy
import math
import warnings
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn.functional import cross_entropy

from gansmith.measure.bootstrap import clipped
from gansmith.measure.distances import nearest
from gansmith.measure.features import batched
from gansmith.measure.own import one_thread

STRENGTHS = (1.0, 10.0, 100.0)  # 1 / penalty of features of deviation 1 / sqrt(d), tried by cross-validation
USUAL = 1.0  # with too few labels for that
FOLDS, FEWEST = 3, 5  # labels of the rarest class from which there is cross-validation
PASSES = 200
TUNED_ON, STEPS = 32, 200  # images a step, steps
GENTLE, FRESH = (
    3e-4,
    3e-3,
)  # learning rates at the start at which MNIST's training images were learnt best: of a network
# that knows something, and of one that knows nothing
SURE = 0.95


@dataclass(frozen=True)
class Share:
    """Right answers (0..1) over draws of labels and test samples, and a 95 % interval over both."""

    mean: float
    low: float
    high: float


def balanced(labels: np.ndarray, count: int, seed: int) -> np.ndarray:
    """Rows (count,) of `labels` (n,), drawn at random, of every class as many as of others, or one more.

    Raises ValueError where a class has not so many, or is to have none.
    """
    chance = np.random.default_rng(seed)
    classes = np.unique(labels)
    shares = np.full(len(classes), count // len(classes))
    shares[chance.permutation(len(classes))[: count % len(classes)]] += 1
    rows = [chance.permutation(np.flatnonzero(labels == one)) for one in classes]
    if not shares.all() or any(len(some) < share for some, share in zip(rows, shares, strict=True)):
        raise ValueError(f"{count} labels cannot be spread over {len(classes)} classes of these sizes")
    return np.concatenate([some[:share] for some, share in zip(rows, shares, strict=True)])


@dataclass(frozen=True)
class Linear:
    """A linear classifier of features (n, d): weights (classes, d), biases (classes,), and the class of each row."""

    weight: Tensor
    bias: Tensor
    classes: Tensor

    def __call__(self, features: Tensor) -> Tensor:
        """Labels (n,)."""
        return self.classes[(features @ self.weight.T + self.bias).argmax(1)]


def linear(features: Tensor, labels: Tensor, seed: int = 0) -> Linear:
    """Logistic regression on features (n, d) and labels (n,), its penalty by cross-validation where labels suffice."""
    from sklearn.exceptions import ConvergenceWarning
    from sklearn.linear_model import LogisticRegression
    from sklearn.model_selection import GridSearchCV, StratifiedKFold

    # The best weights are sums of rows: of fewer rows than features they are found among so many, at their price.
    basis = torch.linalg.qr(features.T).Q / math.sqrt(features.shape[1])
    rows, known = (features @ basis).numpy(), labels.numpy()
    fewest = int(np.unique(known, return_counts=True)[1].min())
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)  # so many passes are as good as all of them
        judge = LogisticRegression(C=USUAL, max_iter=PASSES)
        if fewest >= FEWEST:
            folds = StratifiedKFold(FOLDS, shuffle=True, random_state=seed)
            judge = GridSearchCV(judge, {"C": STRENGTHS}, cv=folds).fit(rows, known).best_estimator_
        else:
            judge.fit(rows, known)
    weight, bias = torch.from_numpy(judge.coef_).float() @ basis.T, torch.from_numpy(judge.intercept_).float()
    if len(weight) == 1:  # of two classes, the second against the first
        weight, bias = torch.cat([-weight, weight]) / 2, torch.cat([-bias, bias]) / 2
    return Linear(weight, bias, torch.from_numpy(judge.classes_))


def neighbour(features: Tensor, labels: Tensor, test: Tensor) -> Tensor:
    """Labels (m,) of test features (m, d): those of the nearest of (n, d)."""
    return labels[nearest(test, features)[1]]


def tuned(
    backbone: nn.Module,
    images: Tensor,
    labels: Tensor,
    test: Tensor,
    head: Linear,
    rate: float = GENTLE,
    seed: int = 0,
) -> Tensor:
    """Labels (m,) of test images, by a copy of a backbone, images -> (n, d), that learns on with a linear layer.

    The layer begins as the probe of the same features and labels, and so nothing the backbone knows is lost to a
    random one (Kumar et al. 2022, arXiv:2202.10054). Adam, its rate falling to 0 by a cosine. The backbone should have
    gradients.
    """
    number = {int(label): place for place, label in enumerate(head.classes)}
    wanted = torch.tensor([number[int(label)] for label in labels])
    last = nn.Linear(head.weight.shape[1], len(head.classes))
    with torch.no_grad():
        last.weight.copy_(head.weight)
        last.bias.copy_(head.bias)
    network = nn.Sequential(copy.deepcopy(backbone), last)
    with torch.random.fork_rng(devices=[]), one_thread():
        torch.manual_seed(seed)
        network.train()
        optimizer = torch.optim.Adam([one for one in network.parameters() if one.requires_grad], lr=rate, fused=True)
        schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, STEPS)
        for _ in range(STEPS):
            some = torch.randint(len(images), (min(TUNED_ON, len(images)),))
            loss = cross_entropy(network(images[some]), wanted[some])
            optimizer.zero_grad()
            torch.autograd.backward(loss)
            optimizer.step()
            schedule.step()
        return head.classes[batched(network, test).argmax(1)]


def share(right: Tensor, least: float = 0.0) -> Share:
    """Of what is right (draws, tests), 0 or 1 each, the mean with its interval; least: -1 of a difference of two such.

    Both draws and tests are chance, and crossed: the interval is of the sum of both variances of means, by Student's t
    with the draws' degrees of freedom. Of a single draw the tests' alone.
    """
    from scipy.stats import t

    right = right.double()
    draws, tests = right.shape
    variance = float(right.mean(0).var()) / tests
    wide = t.ppf((1 + SURE) / 2, max(1, tests - 1)) * math.sqrt(variance)
    if draws > 1:
        wide = math.hypot(wide, t.ppf((1 + SURE) / 2, draws - 1) * math.sqrt(float(right.mean(1).var()) / draws))
    mean = float(right.mean())
    return Share(mean, *clipped((mean - wide, mean + wide), least, 1.0))
