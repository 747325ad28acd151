"""Whether a generator draws its augmentations: cut-outs, shifts and colours that the data does not have."""

from __future__ import annotations

import torch
from torch import Tensor

RIDGE = 1e-2


def leak(plain: Tensor, augmented: Tensor, held: Tensor, fake: Tensor) -> float:
    """Share of fakes taken for augmented images, less the share of held-out ones; in [-1, 1], 0 is clean.

    All are features (n, d). The judge is a ridge classifier of plain against augmented training images, cut where half
    of each kind would be wrong, so that reals it never saw stand for its errors (Karras et al. 2020, section 3.1, on
    leaking).
    """
    mean, scale = plain.mean(0), plain.std(0).clamp_min(1e-6)
    plain, augmented, held, fake = ((part - mean) / scale for part in (plain, augmented, held, fake))
    rows = torch.cat([plain, augmented]).double()
    sides = torch.cat([-torch.ones(len(plain)), torch.ones(len(augmented))]).double()
    centre = rows.mean(0)
    rows = rows - centre
    gram = rows.T @ rows + RIDGE * len(rows) * torch.eye(rows.shape[1], dtype=torch.float64)
    axis = torch.linalg.solve(gram, rows.T @ (sides - sides.mean()))

    def taken(features: Tensor) -> float:
        return float(((features.double() - centre) @ axis > 0).double().mean())

    return taken(fake) - taken(held)
