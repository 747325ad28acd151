"""The painter of fast style transfer: a photo in, the same photo in a learnt style out, in one pass at any size.

Johnson et al. 2016 (arXiv:1603.08155, supplement): two halvings, residual blocks, two doublings; instance normalisation
(Ulyanov et al. 2016), resizing before a convolution in place of transposed ones (Odena et al. 2016). Several styles
differ only in the gains and shifts after the normalisation, so that styles can be mixed (Dumoulin et al. 2017,
arXiv:1610.07629, equation 5).
"""

from __future__ import annotations

from dataclasses import dataclass, field

import torch
from torch import Tensor, nn
from torch.nn.functional import interpolate, pad, relu

from gansmith.networks.adain import Moments, moments
from gansmith.networks.resnet import widened

OUTER = 7  # side of the first and the last kernel; 9 as published takes half as long again and looks no different


@dataclass
class Look:
    """How maps are normalised: in which mix of styles (N, S), by which moments.

    held: moments to use, in the order of the layers, in place of the image's own; noted: those met on the way.
    """

    styles: Tensor
    held: tuple[Moments, ...] = ()
    noted: list[Moments] = field(default_factory=list)

    def moments(self, x: Tensor) -> Moments:
        found = self.held[len(self.noted)] if self.held else moments(x)
        self.noted.append(found)
        return found


class StyledNorm(nn.Module):
    """Maps (N, C, H, W) -> the same, normalised one by one, then scaled and shifted as the styles have it."""

    def __init__(self, channels: int, styles: int) -> None:
        super().__init__()
        self.gain, self.shift = nn.Parameter(torch.ones(styles, channels)), nn.Parameter(torch.zeros(styles, channels))

    def forward(self, x: Tensor, look: Look) -> Tensor:
        mean, deviation = look.moments(x)
        gain, shift = ((look.styles @ each)[:, :, None, None] for each in (self.gain, self.shift))
        scale = gain / deviation
        return torch.addcmul(shift - mean * scale, x, scale)


class Layer(nn.Module):
    """A convolution with mirrored borders, and its normalisation; `twice`: at twice the size, by nearest neighbours."""

    def __init__(self, inputs: int, outputs: int, styles: int, kernel: int = 3, stride: int = 1, twice: bool = False):
        super().__init__()
        self.border, self.twice = kernel // 2, twice
        self.convolution = nn.Conv2d(inputs, outputs, kernel, stride, bias=False)  # the normalisation has a shift
        self.norm = StyledNorm(outputs, styles)

    def forward(self, x: Tensor, look: Look) -> Tensor:
        x = interpolate(x, scale_factor=2.0) if self.twice else x
        found: Tensor = self.norm(self.convolution(pad(x, (self.border,) * 4, mode="reflect")), look)
        return found


class Block(nn.Module):
    """x + layers(x), (N, C, H, W) -> the same, without a rectifier after the sum."""

    def __init__(self, width: int, styles: int) -> None:
        super().__init__()
        self.first, self.second = Layer(width, width, styles), Layer(width, width, styles)

    def forward(self, x: Tensor, look: Look) -> Tensor:
        inner: Tensor = self.second(relu(self.first(x, look)), look)
        return x + inner


class TransferNet(nn.Module):
    """Images (N, 3, H, W) of any size in [-1, 1] -> images of that size in [-1, 1].

    styles: how many it knows; width: channels of the finest layer, doubled at each of the two halvings (the paper: 32);
    blocks: residual ones (the paper: 5).
    """

    def __init__(self, styles: int = 1, width: int = 16, blocks: int = 4) -> None:
        super().__init__()
        self.styles = styles
        self.down = nn.ModuleList(
            [
                Layer(3, width, styles, OUTER),
                Layer(width, 2 * width, styles, stride=2),
                Layer(2 * width, 4 * width, styles, stride=2),
            ]
        )
        self.blocks = nn.ModuleList(Block(4 * width, styles) for _ in range(blocks))
        self.up = nn.ModuleList(
            [Layer(4 * width, 2 * width, styles, twice=True), Layer(2 * width, width, styles, twice=True)]
        )
        self.last = nn.Conv2d(width, 3, OUTER)

    @property
    def reach(self) -> int:
        """Pixels around a pixel that can move it, given the moments; a multiple of the two halvings' 4."""
        return 16 + 8 * len(self.blocks)

    def forward(self, image: Tensor, look: Look) -> Tensor:
        high, across = image.shape[2:]
        x = widened(image)
        for layer in self.down:
            x = relu(layer(x, look))
        for block in self.blocks:
            x = block(x, look)
        for layer in self.up:
            x = relu(layer(x, look))
        made = torch.tanh(self.last(pad(x, (OUTER // 2,) * 4, mode="reflect")))
        return made[:, :, :high, :across]
