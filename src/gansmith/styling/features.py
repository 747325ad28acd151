"""How style transfer looks at pictures: a network, and which of its layers tell content and which tell style."""

from __future__ import annotations

import copy
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, replace

import torch
from torch import Tensor, nn

from gansmith.engine import Engine
from gansmith.errors import UsageError, closest
from gansmith.networks.vgg import VGG, Pooling, grid_of, random_vgg, reach_of
from gansmith.styling.selftrained import learnt
from gansmith.styling.weights import load_vgg19

IMAGENET = ((0.485, 0.456, 0.406), (0.229, 0.224, 0.225))  # mean and deviation of colours in [0, 1]
CONTENT = ("relu4_2",)
STYLE = {"relu1_1": 256.0, "relu2_1": 64.0, "relu3_1": 16.0, "relu4_1": 4.0, "relu5_1": 1.0}  # their weights
NAMES = ("learnt", "random", "vgg19")
DEFAULT = "learnt"  # the best of those that need no download, as measured by benchmarks/style_features.py


@dataclass(frozen=True)
class Extractor:
    """Pictures in, maps by layer out.

    network: called with images and the layers wanted, gives maps (N, C, H', W') by layer; frozen. content, style: the
    layers' weights, which sum to 1. mean, deviation: the colours in [0, 1] that become 0, and 1 further. relative: its
    maps are of no agreed size, so losses are told in units of what the style's and the content's own maps measure;
    otherwise as they are. content_weight: what the content loss is multiplied by, beside a style loss of 1.
    strides: pixels per position of a layer's maps, reach: how far a pixel can matter; only where tiles are possible.
    """

    name: str
    network: nn.Module
    content: Mapping[str, float]
    style: Mapping[str, float]
    mean: tuple[float, ...] = IMAGENET[0]
    deviation: tuple[float, ...] = IMAGENET[1]
    relative: bool = True
    content_weight: float = 0.015
    strides: Mapping[str, int] = field(default_factory=dict)
    reach: int = 0

    @property
    def layers(self) -> tuple[str, ...]:
        return tuple(dict.fromkeys((*self.content, *self.style)))

    def features(self, image: Tensor, layers: Collection[str] | None = None) -> dict[str, Tensor]:
        """Maps by layer, all of this extractor's by default, of images (N, 3, H, W) in [-1, 1]; differentiable.

        They come in the precision of the network's weights.
        """
        weight = next(self.network.parameters(), image)
        mean = image.new_tensor(self.mean)[:, None, None]
        scale = image.new_tensor(self.deviation)[:, None, None] * 2
        normal = (image + (1 - 2 * mean)) / scale
        if weight.dtype == torch.bfloat16:
            normal = normal.to(weight.dtype, memory_format=torch.channels_last)
        found: dict[str, Tensor] = self.network(normal, self.layers if layers is None else layers)
        return found

    def ready(self, engine: Engine) -> Extractor:
        """The same, its network a frozen copy where and as it computes fastest: bfloat16 weights where they pay."""
        network = copy.deepcopy(self.network).eval().requires_grad_(False).to(engine.device)
        network = network.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
        return replace(self, network=network.to(torch.bfloat16) if engine.precision == "bf16" else network)


def weighed(weights: Mapping[str, float]) -> dict[str, float]:
    """The same weights, summing to 1."""
    return {layer: weight / sum(weights.values()) for layer, weight in weights.items()}


def through_vgg(network: VGG, name: str, *, relative: bool, content_weight: float) -> Extractor:
    """An extractor of a VGG stack, at the layers that style transfer has used since Gatys et al. 2016.

    Style from the first ReLU of each grid, weighed 256:64:16:4:1, content from relu4_2 (crowsonkb's choice).
    """
    content, style = weighed(dict.fromkeys(CONTENT, 1.0)), weighed(STYLE)
    layers = (*content, *style)
    return Extractor(
        name,
        network,
        content,
        style,
        relative=relative,
        content_weight=content_weight,
        strides={layer: 2 ** (grid_of(layer) - 1) for layer in layers},
        reach=max(map(reach_of, layers)),
    )


def extractor(name: str = DEFAULT, *, pooling: Pooling = "max", download: bool = False, seed: int = 0) -> Extractor:
    """By name: "learnt" from two photos, "random", "vgg19" (looked for where others keep it), or "vgg19:PATH".

    download: fetch VGG-19's weights where there are none. seed: of random weights. Raises UsageError for another name,
    or where there are no weights, and GansmithError for a file that holds something else.
    """
    kind, _, path = name.partition(":")
    if kind == "vgg19":
        network = load_vgg19(path, pooling, download)
        return through_vgg(network, "vgg19", relative=False, content_weight=0.015)
    if name == "learnt":
        found = through_vgg(learnt(), "learnt", relative=True, content_weight=0.8)
        # All its maps have one deviation, so that no layer's part needs to be made up for.
        return replace(found, style=weighed(dict.fromkeys(STYLE, 1.0)), mean=(0.5,) * 3, deviation=(0.5,) * 3)
    if name == "random":
        return through_vgg(random_vgg(pooling=pooling, seed=seed), "random", relative=True, content_weight=0.05)
    raise UsageError(
        f"There are no features '{name}'.", do=f"{closest(name, NAMES)} Also vgg19:PATH, or a run with a discriminator."
    )
