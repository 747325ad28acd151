"""Agreement of readings: two views of one image should be read alike, and all classes equally often.

Each view is to be read as the other was, once the readings of a batch have been balanced: swapped prediction (Caron et
al. 2020, section 3.1). What is common to the views is what the image is of.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor
from torch.nn.functional import affine_grid, grid_sample, log_softmax

SHARPNESS = 2.0  # of balanced readings against plain ones: what is likely becomes likelier
ROUNDS = 3  # of balancing; ibid.


def disagreement(a: Tensor, b: Tensor) -> Tensor:
    """Cross entropy, in nats, of each view's reading under the other's, balanced; logits (N, k) of two views.

    0 where both name the same classes with certainty, each equally often; log k where they say nothing.
    """
    a, b = a.float(), b.float()
    there, back = balanced(a) * log_softmax(b, 1), balanced(b) * log_softmax(a, 1)
    return -(there + back).sum(1).mean() / 2


@torch.no_grad()
def balanced(logits: Tensor) -> Tensor:
    """Logits (N, k) -> probabilities (N, k), sharpened, and scaled until every class has about N / k (Cuturi 2013)."""
    with torch.autocast(logits.device.type, enabled=False):
        scores = SHARPNESS * logits.float()
        for _ in range(ROUNDS):
            scores = scores - scores.logsumexp(0, keepdim=True)
            scores = scores - scores.logsumexp(1, keepdim=True)
        return scores.exp()


def another_view(
    image: Tensor, turn: float = 20.0, scale: float = 0.2, slant: float = 0.3, shift: float = 0.15
) -> Tensor:
    """Images (N, C, H, W) seen a little otherwise, each in its own way: turned (degrees), scaled, slanted, shifted.

    Each by up to so much in either direction, the last as a share of half a side; what comes in is as at the border.
    """
    height, width = image.shape[2:]

    def up_to(most: float) -> Tensor:
        return (torch.rand(len(image), device=image.device) * 2 - 1) * most

    angle, zoom, tilt = up_to(math.radians(turn)), 1 + up_to(scale), up_to(slant)
    cosine, sine = angle.cos() * zoom, angle.sin() * zoom
    across, down = torch.stack([cosine, tilt - sine], 1), torch.stack([sine, cosine], 1)
    # Coordinates go from -1 to 1 along each side, so that a turn of an oblong image mixes sides of unequal length.
    turned = torch.stack([across, down], 1) * image.new_tensor([[1.0, height / width], [width / height, 1.0]])
    moved = torch.stack([up_to(shift), up_to(shift)], 1)
    grid = affine_grid(torch.cat([turned, moved[:, :, None]], 2), list(image.shape), align_corners=False)
    return grid_sample(image, grid, padding_mode="border", align_corners=False)
