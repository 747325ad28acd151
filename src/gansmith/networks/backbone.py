"""A judge, or an encoder, as the base of another model: images in, what its layers make of them out.

Radford et al. 2016, section 5.1: a discriminator that never saw a label has features that labels are read from easily.
Layers are found by listening: of every grid the last map, and what the last layer weighs where that is no map.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from functools import partial
from typing import Any, cast

import torch
from torch import Tensor, nn
from torch.nn.functional import adaptive_avg_pool2d, adaptive_max_pool2d, pad

from gansmith.networks.conditional import LabelCondition
from gansmith.networks.last import last_layer, last_place
from gansmith.networks.msg import at_every_size

CELLS = 4  # a map is pooled to at most so many each way: where something is tells what it is
UNITS = "units"  # the name of a layer without a grid
BESIDE = {"condition", "parametrizations"}  # modules through which no image passes


class Backbone(nn.Module):
    """Images (N, C, H, W) in [-1, 1] -> features (N, size): per cell of each chosen layer, mean and largest value.

    network: its own from now on. shape: (C, H, W) of an image. layers: names as in `sizes`, or "last", the coarsest
    grid, or "all". cells: a map is pooled to at most cells x cells; 1 gives global means and maxima. repeat: how often
    an image is shown beside itself to one that judges packs. classes: of a conditional one, which is told the mean of
    them all. frozen: it does not learn and stays in evaluation mode; else gradients flow, and it follows `train()`.

    sizes: features by layer, fine to coarse, of the chosen ones. mean, scale: (size,) buffers; features are
    (found - mean) / scale, as found until somebody sets them. Raises ValueError for a layer that there is not.
    """

    mean: Tensor
    scale: Tensor

    def __init__(
        self,
        network: nn.Module,
        shape: tuple[int, int, int],
        layers: Sequence[str] = ("last",),
        *,
        cells: int = CELLS,
        repeat: int = 1,
        classes: int = 0,
        frozen: bool = True,
    ) -> None:
        super().__init__()
        self.network, self.shape, self.cells, self.frozen = network, shape, cells, frozen
        self.repeat, self.classes = repeat, classes
        alone(network)
        self.eval()
        self.places = self.found()
        maps = self.features(self.blank(), list(self.places))
        self.layers = chosen(list(maps), layers)
        self.sizes = {name: self.pooled(maps[name]).shape[1] for name in self.layers}
        self.size = sum(self.sizes.values())
        device = self.blank().device
        self.register_buffer("mean", torch.zeros(self.size, device=device))
        self.register_buffer("scale", torch.ones(self.size, device=device))
        network.requires_grad_(not frozen)
        self.train(not frozen)

    def forward(self, images: Tensor) -> Tensor:
        found = torch.cat([self.pooled(map) for map in self.features(images).values()], 1).float()
        return (found - self.mean) / self.scale

    def features(self, images: Tensor, layers: Sequence[str] | None = None) -> dict[str, Tensor]:
        """By layer, fine to coarse: maps (N, c, h, w), or (N, c) of a layer without a grid."""
        wanted = {self.places[name]: name for name in (self.layers if layers is None else layers)}
        found: dict[str, Tensor] = {}
        with ExitStack() as hooks:
            for place, name in wanted.items():
                hooks.enter_context(hearing(self.network, place, partial(found.__setitem__, name)))
            self.logits(images)
        return {name: found[name] for name in wanted.values()}

    def logits(self, images: Tensor) -> Tensor:
        """The network's own last word, (N,) of a discriminator: higher is more real; of one of patches their mean."""
        told = self.network(*self.shown(images))
        return cast(Tensor, told.reshape(len(told), -1).mean(1) if isinstance(told, Tensor) else told[0])

    def shown(self, images: Tensor) -> tuple[Any, ...]:
        """What the network is called with. Raises ValueError for images of another shape."""
        if images.shape[1:] != self.shape:
            wanted, given = (" x ".join(map(str, shape)) for shape in (self.shape, images.shape[1:]))
            raise ValueError(f"images of {wanted} are needed, not of {given}")
        images = images.repeat(1, self.repeat, 1, 1)
        asked = inspect.signature(self.network.forward).parameters
        if "images" in asked:
            return (at_every_size(images),)
        every = torch.arange(self.classes, device=images.device).expand(len(images), -1)
        if "label" in asked and self.classes:
            return images, every
        if "vector" in asked:
            condition = self.network.get_submodule("condition")
            if isinstance(condition, LabelCondition):
                return images, condition({"label": every})
            return images, images.new_zeros(len(images), cast(int, condition.size))  # a sentence that says nothing
        return (images,)

    def pooled(self, map: Tensor) -> Tensor:
        """(N, c, h, w) -> (N, features); what has no grid stays as it is."""
        if map.dim() == 2:
            return map
        size = (min(self.cells, map.shape[2]), min(self.cells, map.shape[3]))
        return torch.cat([adaptive_avg_pool2d(map, size).flatten(1), adaptive_max_pool2d(map, size).flatten(1)], 1)

    def found(self) -> dict[str, str]:
        """The place of every layer by its name, fine to coarse."""
        order: dict[str, tuple[str, Tensor]] = {}
        ended: list[Tensor] = []

        def heard(place: str) -> Callable[[Tensor], None]:
            def note(x: Tensor) -> None:
                if x.dim() == 4 and not ended:
                    order[named(x)] = (place, x)

            return note

        with ExitStack() as hooks, torch.no_grad():
            for place, _ in self.network.named_modules():
                if place and not BESIDE & set(place.split(".")):
                    hooks.enter_context(hearing(self.network, place, heard(place)))
            last = last_layer(self.network)
            hooks.enter_context(given(last, ended.append))
            self.logits(self.blank())
        places = {name: place for name, (place, _) in order.items()}
        weighed = ended[0]
        if weighed.dim() == 2 and not any(repeats(weighed, map) for _, map in order.values()):
            places[UNITS] = f"{last_place(self.network)}:"
        return places

    @torch.no_grad()
    def blank(self) -> Tensor:
        """An image to listen at."""
        some = next(self.network.parameters())
        return torch.zeros(1, *self.shape, dtype=some.dtype, device=some.device)

    def train(self, mode: bool = True) -> Backbone:
        super().train(mode and not self.frozen)
        return self


def named(map: Tensor) -> str:
    return f"{map.shape[2]}x{map.shape[3]}"


def repeats(weighed: Tensor, map: Tensor) -> bool:
    """Whether what the last layer weighs, (1, d), is a map's values one by one, or one number per channel."""
    return weighed.shape[1] in (map[0].numel(), map.shape[1])


def chosen(there: list[str], wanted: Sequence[str]) -> list[str]:
    """Names of layers, fine to coarse; ValueError where one is unknown."""
    maps = [name for name in there if name != UNITS]
    names = {"all": there, "last": [maps[-1] if maps else there[-1]]}
    picked = [name for word in wanted for name in names.get(word, [word])]
    for name in picked:
        if name not in there:
            raise ValueError(f"there is no layer '{name}' but {', '.join(there)}")
    return [name for name in there if name in picked]


@contextmanager
def hearing(network: nn.Module, place: str, hear: Callable[[Tensor], None]) -> Iterator[None]:
    """Within it, `hear` is given what the module at `place` gives in every pass, or with a colon, what it is given.

    A hook of its own each time: so a copy of a backbone, or one that is saved, has none that listen to another.
    """
    if place.endswith(":"):
        with given(network.get_submodule(place[:-1]), hear):
            yield
        return
    hook = network.get_submodule(place).register_forward_hook(
        lambda module, inputs, output: hear(output) if isinstance(output, Tensor) else None
    )
    try:
        yield
    finally:
        hook.remove()


@contextmanager
def given(module: nn.Module, hear: Callable[[Tensor], None]) -> Iterator[None]:
    """Within it, `hear` is given the module's first input of every pass."""
    hook = module.register_forward_pre_hook(lambda module, inputs: hear(inputs[0]))
    try:
        yield
    finally:
        hook.remove()


def alone(network: nn.Module) -> None:
    """Have each image judged by itself, in place: what is added to a batch's maps to tell its spread becomes 0."""
    for module in network.modules():
        if getattr(module, "sees_spread", False):
            module.sees_spread = False  # type: ignore[assignment]
            for layer in module.modules():
                if isinstance(layer, nn.Conv2d):
                    layer.register_forward_pre_hook(completed)


def completed(layer: nn.Module, inputs: tuple[Tensor, ...]) -> tuple[Tensor, ...]:
    """Maps (N, C, H, W) with zeros for the last channel, where one is missing."""
    missing = cast(nn.Conv2d, layer).in_channels - inputs[0].shape[1]
    return (pad(inputs[0], (0, 0, 0, 0, 0, missing)), *inputs[1:]) if missing else inputs
