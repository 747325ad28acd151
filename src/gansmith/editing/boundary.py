"""Where latents of one kind end and others begin: the normal of a linear boundary between them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal, get_args

import numpy as np
import torch
from torch import Tensor

Kind = Literal["mean", "logistic", "svm"]
KINDS: tuple[Kind, ...] = get_args(Kind)
PENALTY = 0.03  # inverse strength, of 60 examples in 64 dimensions: see docs/editing.md


def mean_difference(coords: Tensor, labels: Tensor) -> Tensor:
    """The mean of coordinates (N, d) where labels (N,) are true less that of the others, (d,).

    Of two normal distributions of covariance 1 this is the best boundary's normal (Fisher 1936).
    """
    return coords[labels].mean(0) - coords[~labels].mean(0)


def logistic(coords: Tensor, labels: Tensor) -> Tensor:
    """The weights of a logistic regression with an l2 penalty, (d,); under a hard one, the mean difference's."""
    from sklearn.linear_model import LogisticRegression

    return weights(LogisticRegression(C=PENALTY, max_iter=1000, class_weight="balanced"), coords, labels)


def svm(coords: Tensor, labels: Tensor) -> Tensor:
    """The weights of a linear support vector machine, (d,), as in InterFaceGAN (Shen et al. 2020)."""
    from sklearn.svm import LinearSVC

    return weights(LinearSVC(C=1.0, class_weight="balanced"), coords, labels)


def weights(model: object, coords: Tensor, labels: Tensor) -> Tensor:
    fitted = model.fit(coords.double().numpy(), labels.numpy())  # type: ignore[attr-defined]
    return torch.from_numpy(np.asarray(fitted.coef_[0])).to(coords)


NORMALS: dict[Kind, Callable[[Tensor, Tensor], Tensor]] = {"mean": mean_difference, "logistic": logistic, "svm": svm}
