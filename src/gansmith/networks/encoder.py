"""An autoencoder's two halves: the residual pair, with what shapes a normal distribution like the images between."""

from __future__ import annotations

from typing import cast

import torch
from torch import Tensor, nn

from gansmith.networks.flow import Flow
from gansmith.networks.mlp import stack
from gansmith.networks.residual import SLOPE, ResidualDiscriminator, ResidualGenerator

NARROWEST, WIDEST = -12.0, 4.0  # of the log variances: beyond, exp or its square leaves float32's comfort
UNITS, FLOW_UNITS = 16, 4  # of a fully connected layer, and of the flow's, times `width`


class ResidualDecoder(ResidualGenerator):
    """Latents (N, z) -> images (N, C, H, W): through a flow, then `layers` fully connected ones, then the maps.

    Without the layers the coarsest map is linear in the latent, and kinds of images cannot be told apart by where they
    lie in it. Without the flow the codes of real images leave most of the prior empty, and what is drawn from there is
    no image (Chen et al. 2017, section 3.2, learn the prior, too). couplings: of the flow; 0 for none.
    """

    def __init__(
        self,
        shape: tuple[int, int, int],
        z: int,
        width: int = 32,
        widest: int = 256,
        blocks: int = 1,
        slope: float = SLOPE,
        layers: int = 3,
        couplings: int = 6,
    ) -> None:
        super().__init__(shape, z, width, widest, blocks, slope)
        self.first = stack(z, UNITS * width, layers, self.first.out_features, slope)  # type: ignore[assignment]
        self.flow = Flow(z, couplings if z > 1 else 0, FLOW_UNITS * width)

    def forward(self, latent: Tensor) -> Tensor:
        return self.decoded(self.flow(latent))

    def decoded(self, code: Tensor) -> Tensor:
        """Codes (N, z), as the encoder gives them, -> images (N, C, H, W)."""
        return super().forward(code)


class ResidualEncoder(ResidualDiscriminator):
    """Images (N, C, H, W) -> means and log variances, (N, z) each, of q(code | image); the decoder's mirror."""

    def __init__(
        self,
        shape: tuple[int, int, int],
        z: int,
        width: int = 32,
        widest: int = 256,
        blocks: int = 1,
        slope: float = SLOPE,
        layers: int = 3,
    ) -> None:
        super().__init__(shape, width, widest, blocks, slope)
        head = stack(self.last.in_features, UNITS * width, layers, 2 * z, slope)
        self.last = head  # type: ignore[assignment]
        with torch.no_grad():
            cast(nn.Linear, head[-1]).weight.mul_(0.1)  # begin near the prior's middle, whatever the image

    def forward(self, image: Tensor) -> tuple[Tensor, Tensor]:  # type: ignore[override]
        mean, log_variance = self.last(self.features(image)).float().chunk(2, dim=1)
        return mean, log_variance.clamp(NARROWEST, WIDEST)


class Scale(nn.Module):
    """One learned number: the logarithm of the standard deviation that images have around what is decoded."""

    def __init__(self, start: float = -1.0) -> None:
        super().__init__()
        self.log = nn.Parameter(torch.tensor(start))
