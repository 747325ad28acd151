"""VGG-19's convolutions, through which style transfer looks at pictures (Simonyan & Zisserman 2015, table 1, E)."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from itertools import pairwise
from typing import Literal, cast

import torch
from torch import Tensor, nn
from torch.nn.functional import avg_pool2d, conv2d, max_pool2d, pad

Pooling = Literal["max", "average", "l2"]

DEPTHS = (2, 2, 4, 4, 4)  # convolutions per grid, a halving between grids
WIDTHS = (1, 2, 4, 8, 8)  # channels per grid, in units of the first one's
LAYERS = tuple(f"relu{grid}_{place}" for grid, depth in enumerate(DEPTHS, 1) for place in range(1, depth + 1))
POOLINGS: dict[Pooling, float] = {"max": 1.0, "average": 2.0, "l2": 0.78}  # rescaled to the strength of max, as
# weights learnt with max pooling expect it (crowsonkb/style-transfer-pytorch)


class VGG(nn.Module):
    """Images (N, 3, H, W), normalised as the weights were learnt -> maps (N, C, H', W') after the ReLUs asked for.

    width: channels of the first grid (VGG-19: 64). The first convolution's border is replicated, the others' are zeros:
    a frame of zeros around the picture would be learnt as a part of the style. Weights are frozen: it only looks.
    """

    def __init__(self, width: int = 64, pooling: Pooling = "max") -> None:
        super().__init__()
        self.pooling: Pooling = pooling
        channels = [3] + [width * wide for wide, depth in zip(WIDTHS, DEPTHS) for _ in range(depth)]
        self.convolutions = nn.ModuleDict(
            {
                name: nn.Conv2d(inputs, outputs, 3, padding=1)
                for name, (inputs, outputs) in zip(LAYERS, pairwise(channels), strict=True)
            }
        ).requires_grad_(False)

    @property
    def stack(self) -> dict[str, nn.Conv2d]:
        """The convolutions by the layer that each ends in."""
        return cast(dict[str, nn.Conv2d], dict(self.convolutions.items()))

    def forward(self, image: Tensor, layers: Collection[str] = LAYERS) -> dict[str, Tensor]:
        """Maps by layer, in the order of the network; nothing is computed beyond the last one asked for."""
        found: dict[str, Tensor] = {}
        for name, convolution in self.stack.items():
            if name == LAYERS[0]:
                x = conv2d(pad(image, (1, 1, 1, 1), "replicate"), convolution.weight, convolution.bias)
            else:
                x = convolution(self.pooled(x) if name.endswith("_1") else x)
            x = x.relu_()  # in place: a convolution does not need its own result to be differentiated
            if name in layers:
                found[name] = x
                if len(found) == len(layers):
                    break
        return found

    def pooled(self, x: Tensor) -> Tensor:
        """Half the size."""
        if self.pooling == "max":
            return max_pool2d(x, 2)
        if self.pooling == "average":
            return avg_pool2d(x, 2) * POOLINGS["average"]
        return (avg_pool2d(x.square(), 2) * 4 + 1e-8).sqrt() * POOLINGS["l2"]  # a root has no slope at 0


def grid_of(layer: str) -> int:
    """From 1: a layer's maps have 1 / 2^(grid - 1) of the picture's size."""
    return int(layer[len("relu")])


def reach_of(layer: str) -> int:
    """Half the receptive field of a layer's values, rounded up: how many pixels around their place can change them."""
    field, step = 1, 1
    for place, name in enumerate(LAYERS):
        if place and name.endswith("_1"):
            field, step = field + step, 2 * step
        field += 2 * step
        if name == layer:
            break
    return (field + 1) // 2


def random_vgg(width: int = 32, pooling: Pooling = "max", seed: int = 0) -> VGG:
    """A network that has learnt nothing: weights drawn from a fixed seed (He et al. 2015, equation 10), biases 0.

    Its maps still tell colours, edges and how they stand together, which is what a style loss compares
    (He, Wang & Hopcroft 2016, arXiv:1606.04801).
    """
    network, generator = VGG(width, pooling), torch.Generator().manual_seed(seed)
    for convolution in network.stack.values():
        deviation = (2 / convolution.weight[0].numel()) ** 0.5
        convolution.weight.copy_(torch.randn(convolution.weight.shape, generator=generator) * deviation)
        cast(Tensor, convolution.bias).zero_()
    return network


def vgg19(weights: Mapping[str, Tensor], pooling: Pooling = "max") -> VGG:
    """The network with weights keyed as torchvision and timm have them: `features.0.weight` and so on.

    Raises ValueError, in words, where they are not those of a VGG-19 without batch normalisation.
    """
    known = {key[key.index("features.") :]: value for key, value in weights.items() if "features." in key}
    numbers = sorted({int(key.split(".")[1]) for key in known if key.split(".")[1].isdigit()})
    if len(numbers) != len(LAYERS):
        raise ValueError(f"it holds {len(numbers)} layers of convolutions, VGG-19 has {len(LAYERS)}")
    network = VGG(64, pooling)
    for number, (layer, convolution) in zip(numbers, network.stack.items()):
        for name, parameter in convolution.named_parameters():
            value = known.get(f"features.{number}.{name}")
            if value is None or value.shape != parameter.shape:
                found = "nothing" if value is None else f"{tuple(value.shape)}"
                raise ValueError(f"for {layer} it holds {found}, VGG-19 has {tuple(parameter.shape)}")
            parameter.copy_(value)
    return network
