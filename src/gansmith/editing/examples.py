"""A direction from a few examples: what tells them apart is learnt from their pictures, then followed among latents.

Thirty latents a side leave most of a direction in 64 dimensions to chance: the mean difference is off by 50 degrees
and more. Their pictures say more, since what differs shows in few pixels. So a classifier of pictures reads thousands
of samples, whose latents there are for nothing, and the direction is that along which its answer rises.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import torch
from torch import Tensor

from gansmith.editing.directions import Direction, moved
from gansmith.editing.space import Given, Space

SHARPNESS = 3.0  # inverse penalty of pictures whose mean square length is 1: of 0.03 to 300 the best on faces
FOLDS = 10
RIDGE = 0.1  # of the mean variance: styles hardly vary along many of their axes
READ = 0.95  # share of samples that a strength is to change
STRENGTHS = (0.5, 1.0, 1.5, 2.0, 2.5, 3.0, 3.5, 4.0, 5.0, 6.0)


@dataclass(frozen=True)
class Classifier:
    """What tells whether an image has an attribute. Images (N, C, H, W) -> log odds (N,), linear in their pixels.

    weight: (C, H, W). bias: (). typical: (), the mean log odds of the examples that have it. accuracy: on examples held
    out, in `FOLDS` parts or as many as there are examples of a side; 0.5 is chance.
    """

    weight: Tensor
    bias: Tensor
    typical: Tensor
    accuracy: float = 0.0

    def __call__(self, images: Tensor) -> Tensor:
        return images.flatten(1) @ self.weight.flatten() + self.bias

    def tensors(self) -> dict[str, Tensor]:
        """What `Direction.classifier` keeps, of which `classifier_from` makes it again."""
        return {"weight": self.weight, "bias": self.bias, "typical": self.typical}


def classifier_from(tensors: Mapping[str, Tensor]) -> Classifier:
    return Classifier(tensors["weight"], tensors["bias"], tensors["typical"])


def classifier_of(images: Tensor, labels: Tensor) -> Classifier:
    """Learn from examples (N, C, H, W) which of them have it, labels (N,) bool; some of both.

    A logistic regression with an l2 penalty on centred pixels, both sides of equal weight.
    """
    from sklearn.linear_model import LogisticRegression
    from sklearn.metrics import balanced_accuracy_score
    from sklearn.model_selection import StratifiedKFold, cross_val_predict

    flat, sides = images.flatten(1).double(), labels.numpy()
    centre = flat.mean(0)
    # The penalty knows no axes, and weights are sums of examples: as many numbers as there are examples will do.
    left, spread, axes = torch.linalg.svd(flat - centre, full_matrices=False)
    size = float(spread.square().sum() / len(flat)) ** 0.5 or 1.0
    shown = (left * spread / size).numpy()
    model = LogisticRegression(C=SHARPNESS, solver="newton-cholesky", class_weight="balanced")
    folds, accuracy = min(FOLDS, int(sides.sum()), int((~sides).sum())), 0.5
    if folds > 1:
        parts = StratifiedKFold(folds, shuffle=True, random_state=0)
        accuracy = float(balanced_accuracy_score(sides, cross_val_predict(model, shown, sides, cv=parts)))
    model.fit(shown, sides)
    weight = axes.t() @ torch.from_numpy(model.coef_[0]) / size
    bias = torch.tensor(model.intercept_[0]) - centre @ weight
    typical = (flat[labels] @ weight + bias).mean()
    return Classifier(weight.float().view(images.shape[1:]), bias.float(), typical.float(), accuracy)


def rising(coords: Tensor, scores: Tensor, *, normal: bool) -> Tensor:
    """The mean gradient (d,) of scores (N,) known at coordinates (N, d).

    normal: of coordinates from N(0, 1) it is their covariance with the scores (Stein 1981, lemma 1). Of others, the
    weights of a ridge regression.
    """
    centred = coords - coords.mean(0)
    together = centred.t() @ (scores - scores.mean()) / len(coords)
    if normal:
        return together
    spread = centred.t() @ centred / len(coords)
    ridge = RIDGE * spread.diagonal().mean() * torch.eye(len(spread))
    return torch.linalg.solve(spread + ridge, together)


def strength_of(space: Space, one: Direction, read: Classifier, points: Tensor, given: Given) -> float:
    """The least of `STRENGTHS` after which `READ` of the points that lacked it are read as having it; else the most.

    0 where all points have it already.
    """
    lacking = read(space.images(points, given)) <= 0
    if not lacking.any():
        return 0.0
    rows = {name: values[lacking] for name, values in given.items()}
    for strength in STRENGTHS:
        images = space.images(moved(space, points[lacking], [(one, strength)]), rows)
        if (read(images) > 0).float().mean() >= READ:
            break
    return strength
