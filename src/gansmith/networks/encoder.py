"""An encoder: images to a Gaussian over latents, the residual discriminator with another last layer."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from gansmith.networks.residual import SLOPE, ResidualDiscriminator, linear

NARROWEST, WIDEST = -12.0, 4.0  # of the log variances: beyond, exp or its square leaves float32's comfort


class ResidualEncoder(ResidualDiscriminator):
    """Images (N, C, H, W) -> means and log variances, (N, z) each, of q(z | image)."""

    def __init__(
        self,
        shape: tuple[int, int, int],
        z: int,
        width: int = 32,
        widest: int = 256,
        blocks: int = 1,
        slope: float = SLOPE,
    ) -> None:
        super().__init__(shape, width, widest, blocks, slope)
        self.last = linear(self.last.in_features, 2 * z)
        with torch.no_grad():
            self.last.weight.mul_(0.1)  # begin near the prior's middle, whatever the image

    def forward(self, image: Tensor) -> tuple[Tensor, Tensor]:  # type: ignore[override]
        mean, log_variance = self.last(self.features(image)).float().chunk(2, dim=1)
        return mean, log_variance.clamp(NARROWEST, WIDEST)


class Scale(nn.Module):
    """One learned number: the logarithm of the standard deviation that images have around what is decoded."""

    def __init__(self, start: float = -1.0) -> None:
        super().__init__()
        self.log = nn.Parameter(torch.tensor(start))
