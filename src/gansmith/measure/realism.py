"""What a discriminator's logit means: where it lies among those of samples, and of real images it never trained on.

A relativistic discriminator only learns differences, and any other is sure of itself beyond reason: logits have neither
a zero nor a unit. Held-out images give both (Platt 1999: a logistic curve through the scores of either kind).
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor


@dataclass(frozen=True)
class Scale:
    """Logits of samples (m,) and of held-out images (n,), sorted, or None; slope, offset: of the log odds of real.

    apart: the share of pairs of either kind in the right order, 0.5 by chance, 1 where they are told apart.
    """

    made: Tensor
    real: Tensor | None = None
    slope: float = 0.0
    offset: float = 0.0
    apart: float | None = None

    def above_made(self, logits: Tensor) -> Tensor:
        """Shares (N,) of the samples with lower logits than these (N,); ties count half."""
        return below(self.made, logits)

    def above_real(self, logits: Tensor) -> Tensor:
        """The same of held-out images. Raises ValueError where there were none."""
        if self.real is None:
            raise ValueError("there were no real images")
        return below(self.real, logits)

    def chance(self, logits: Tensor) -> Tensor:
        """Probabilities (N,) of being real and not a sample, where as many of both are expected."""
        return torch.sigmoid(self.slope * logits.double() + self.offset).float()


def scale(made: Tensor, real: Tensor | None = None) -> Scale:
    """The scale of a discriminator by its logits of samples (m,) and, where there are any, of held-out images (n,)."""
    made = made.sort().values
    if real is None:
        return Scale(made)
    from sklearn.linear_model import LogisticRegression

    real = real.sort().values
    both = torch.cat([real, made]).double()
    centre, unit = both.mean(), both.std().clamp(min=1e-12)
    kind = torch.cat([torch.ones(len(real)), torch.zeros(len(made))])
    curve = LogisticRegression(class_weight="balanced").fit(((both - centre) / unit)[:, None].numpy(), kind.numpy())
    slope = float(curve.coef_[0, 0]) / float(unit)
    offset = float(curve.intercept_[0]) - slope * float(centre)
    return Scale(made, real, slope, offset, float(below(made, real).mean()))


def below(known: Tensor, logits: Tensor) -> Tensor:
    """Shares (N,) of sorted `known` (m,) below each of `logits` (N,); ties count half."""
    logits = logits.contiguous()
    left, right = (torch.searchsorted(known, logits, side=side) for side in ("left", "right"))
    return (left + right).float() / (2 * len(known))
